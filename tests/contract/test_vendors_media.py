"""Sound and images of outside providers, called with the official OpenAI SDK through the real gateway."""

import base64
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import openai
import pytest

from tests.behaviour.servers import limited_key
from tests.vendors.media_wire import PNG, SAID, SECONDS, SOUND
from tests.vendors.shapes import CREDENTIAL, SHAPES, Json, Shape
from tests.vendors.world import FREE, UPSTREAM, World, another, newest, opened_world, provider, sent

TALK: Final = ("会议 talk.mp3", b"\xff\xfb" + bytes(5_000), "audio/mpeg")
MOST_SECONDS: Final = 11
"""What a file of that size can hold: what a call costs where nobody tells its length."""
MEDIA: Final = [name for name, shape in SHAPES.items() if shape.speech is not None]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened_world(tmp_path_factory.mktemp("media")) as opened:
        yield opened


@pytest.fixture(params=MEDIA)
def shape(request: pytest.FixtureRequest) -> Shape:
    return SHAPES[request.param]


def hear(world: World, shape: Shape, **fields: Any) -> Any:
    fields = {"model": f"{shape.name}-transcriptions", "file": TALK, **fields}
    return world.client.audio.transcriptions.create(**fields)


def speak(world: World, shape: Shape, text: str = "Good morning", **fields: Any) -> bytes:
    fields = {"model": f"{shape.name}-speech", "voice": "alloy", "input": text, **fields}
    return world.client.audio.speech.create(**fields).read()


def paint(world: World, shape: Shape, prompt: str = "a lighthouse", **fields: Any) -> Any:
    return world.client.images.generate(**{"model": f"{shape.name}-images", "prompt": prompt, **fields})


def ask(world: World, shape: Shape, kind: str, script: str, model: str | None = None) -> Any:
    model = model or f"{shape.name}-{kind}"
    if kind == "transcriptions":
        return hear(world, shape, model=model, prompt=script)
    return (speak if kind == "speech" else paint)(world, shape, script, model=model)


def posts(world: World) -> int:
    """How often a model of a vendor was asked so far."""
    return sum(each.method == "POST" for each in world.vendors.received)


def test_sound_becomes_text_and_costs_the_seconds_that_the_vendor_heard(world: World, shape: Shape) -> None:
    said = hear(world, shape, language="en", temperature=0.5, prompt="names")
    assert said.text == SAID.strip()
    charge = newest(world)
    assert (charge["kind"], charge["units"], charge["cost_micros"]) == ("transcriptions", 3, 300)
    assert (charge["outcome"], charge["estimated"]) == ("ok", False)
    request = sent(world, shape)
    assert request.path == (shape.transcriptions or "").replace("UPSTREAM", UPSTREAM)
    assert request.headers[shape.header.lower()] == shape.scheme + CREDENTIAL
    form = request.body
    assert form.pop("file") == ("会议talk.mp3", TALK[1])
    assert form == {
        "model": UPSTREAM,
        "language": "en",
        "temperature": "0.5",
        "prompt": "names",
        "response_format": "json" if shape.plain_formats else "verbose_json",
    }


def test_what_a_model_cannot_tell_is_asked_of_it_once(world: World) -> None:
    shape = SHAPES["openai"]
    with another(world, shape, "newer") as name:
        before = posts(world)
        for asked in (2, 3):
            assert ask(world, shape, "transcriptions", "", f"{name}-transcriptions").text == SAID.strip()
            assert posts(world) == before + asked
        for asked in (5, 6):
            assert ask(world, shape, "images", "a cat", f"{name}-images").data
            assert posts(world) == before + asked


def test_subtitles_come_of_the_times_that_the_vendor_tells(world: World, shape: Shape) -> None:
    if shape.plain_formats:
        with pytest.raises(openai.BadRequestError) as refused:
            hear(world, shape, response_format="srt")
        assert (refused.value.code, refused.value.param) == ("invalid_value", "response_format")
        assert f"{shape.name}-transcriptions" in refused.value.message
        assert UPSTREAM not in refused.value.message
        return
    subtitles = str(hear(world, shape, response_format="srt"))
    assert subtitles.startswith("1\n00:00:00,000 --> 00:00:01,200\nThe quick brown fox.\n")
    verbose = hear(world, shape, response_format="verbose_json", timestamp_granularities=["segment", "word"])
    assert (verbose.duration, verbose.text, len(verbose.segments)) == (SECONDS, SAID, 2)


def test_a_vendor_that_tells_no_times_gives_no_empty_subtitles(world: World) -> None:
    shape = SHAPES["compatible"]
    with another(world, shape, "timeless") as name:
        model = f"{name}-transcriptions"
        assert hear(world, shape, model=model, prompt="no times").text == SAID.strip()
        for _ in range(6):
            with pytest.raises(openai.BadRequestError) as refused:
                hear(world, shape, model=model, prompt="no times", response_format="vtt")
            assert (refused.value.code, refused.value.param) == ("unsupported_parameter", "response_format")
        assert newest(world)["outcome"] == "failed"
        assert hear(world, shape, model=model).text == SAID.strip(), (
            "it is not blamed for what it cannot give"
        )


def test_a_callers_own_words_do_not_change_what_a_model_is_asked_for(world: World) -> None:
    shape = SHAPES["compatible"]
    with another(world, shape, "planted") as name:
        with pytest.raises(openai.BadRequestError):
            paint(world, shape, model=f"{name}-images", quality="b64_json")
        paint(world, shape, model=f"{name}-images")
        assert sent(world, shape).body["response_format"] == "b64_json"


def test_sound_of_which_nobody_tells_the_length_costs_what_it_can_hold(world: World) -> None:
    shape = SHAPES["azure"]
    with another(world, shape, "quiet") as name:
        hear(world, shape, model=f"{name}-transcriptions", prompt="no length")
    charge = newest(world)
    assert (charge["units"], charge["estimated"]) == (MOST_SECONDS, True)


def test_text_becomes_the_sound_that_the_vendor_made_and_costs_its_characters(
    world: World, shape: Shape
) -> None:
    assert speak(world, shape) == SOUND
    charge = newest(world)
    assert (charge["kind"], charge["units"], charge["cost_micros"]) == ("speech", 12, 240)
    request = sent(world, shape)
    assert request.path == (shape.speech or "").replace("UPSTREAM", UPSTREAM)
    assert request.body == {
        "model": UPSTREAM,
        "voice": "alloy",
        "input": "Good morning",
        "response_format": "mp3",
    }


def test_speech_comes_in_events_although_the_vendor_knows_none(world: World, shape: Shape) -> None:
    with world.client.audio.speech.with_streaming_response.create(
        model=f"{shape.name}-speech", voice="alloy", input="你好", stream_format="sse", response_format="opus"
    ) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = [line.removeprefix("data: ") for line in answer.iter_lines() if line]
    events = [json.loads(line) for line in lines]
    assert b"".join(base64.b64decode(event["audio"]) for event in events[:-1]) == SOUND
    assert events[-1] == {"type": "speech.audio.done", "usage": {"characters": 2}}
    assert sent(world, shape).body["response_format"] == "opus"


def test_a_cut_sound_breaks_off_and_is_charged_as_failed(world: World, shape: Shape) -> None:
    with (
        another(world, shape, f"{shape.name}-torn") as name,
        pytest.raises((openai.APIError, httpx2.HTTPError)),
    ):
        speak(world, shape, "cut", model=f"{name}-speech")
    charge = newest(world)
    assert (charge["outcome"], charge["error_code"], charge["units"]) == ("failed", "engine_error", 3)


def test_words_in_the_place_of_sound_are_the_vendors_failure(world: World, shape: Shape) -> None:
    with (
        another(world, shape, f"{shape.name}-wordy") as name,
        pytest.raises(openai.InternalServerError) as failed,
    ):
        speak(world, shape, "words", model=f"{name}-speech")
    assert (failed.value.status_code, failed.value.code) == (502, "engine_error")
    assert "base_resp" not in failed.value.response.text


def test_images_come_as_the_vendor_made_them_and_cost_one_by_one(world: World, shape: Shape) -> None:
    made = paint(world, shape, n=2, size="1024x1024")
    assert [base64.b64decode(image.b64_json) for image in made.data] == [PNG, PNG]
    charge = newest(world)
    assert (charge["kind"], charge["units"], charge["cost_micros"]) == ("images", 2, 80_000)
    request = sent(world, shape)
    assert request.path == (shape.images or "").replace("UPSTREAM", UPSTREAM)
    asked = {"model": UPSTREAM, "prompt": "a lighthouse", "n": 2, "size": "1024x1024"}
    assert request.body == (asked if shape.plain_formats else asked | {"response_format": "b64_json"})
    assert UPSTREAM not in made.to_json()


def test_addresses_in_the_place_of_images_are_not_fetched_and_are_the_vendors_failure(world: World) -> None:
    shape = SHAPES["compatible"]
    with (
        another(world, shape, "addresses") as name,
        pytest.raises(openai.InternalServerError) as failed,
    ):
        paint(world, shape, "addresses", model=f"{name}-images")
    assert (failed.value.code, newest(world)["units"]) == ("engine_error", 0)
    assert "images.example.com" not in failed.value.response.text


EXPECTED: Final = {
    "credential": (502, "provider_credential_refused"),
    "quota": (502, "provider_quota_exhausted"),
    "unknown_model": (502, "provider_model_unknown"),
    "rate": (503, "model_unavailable"),
    "request": (400, "invalid_value"),
    "content": (400, "content_filter"),
    "failure": (502, "engine_error"),
}


@pytest.mark.parametrize("kind", ["transcriptions", "speech", "images"])
@pytest.mark.parametrize("fault", EXPECTED)
def test_a_refusal_becomes_a_problem_of_ours_and_costs_nothing(
    world: World, shape: Shape, fault: str, kind: str
) -> None:
    with (
        another(world, shape, f"{shape.name}-{fault}") as name,
        pytest.raises(openai.APIStatusError) as caught,
    ):
        ask(world, shape, kind, f"fault {fault}", f"{name}-{kind}")
    assert (caught.value.status_code, caught.value.code) == EXPECTED[fault]
    assert CREDENTIAL not in caught.value.response.text
    assert UPSTREAM not in caught.value.response.text
    charge = newest(world)
    assert (charge["kind"], charge["units"], charge["cost_micros"]) == (kind, 0, 0)


def leave(world: World, path: str, **body: Any) -> None:
    """Send a call and go once the vendor is at work on it."""
    url = httpx2.URL(f"{world.client.base_url}{path}")
    headers = {"Authorization": f"Bearer {world.client.api_key}"}
    request = httpx2.Request("POST", url, headers=headers, **body)
    lines = [f"{name}: {value}" for name, value in request.headers.items()]
    head = "\r\n".join([f"POST {url.path} HTTP/1.1", *lines, "", ""])
    place = urlsplit(str(url))
    assert place.hostname is not None
    world.vendors.stalled.clear()
    world.vendors.left.clear()
    with socket.create_connection((place.hostname, place.port or 80)) as line:
        line.sendall(head.encode() + request.read())
        assert world.vendors.stalled.wait(5)
    assert world.vendors.left.wait(5)


def settled(world: World, outcome: str) -> Json:
    """The newest charge, once it has that outcome."""
    for _ in range(200):
        if (charge := newest(world))["outcome"] == outcome:
            return charge
        threading.Event().wait(0.02)
    raise AssertionError(f"no charge of a call that was {outcome}")


def test_who_leaves_stops_the_vendor_and_pays_for_what_it_was_asked(world: World, shape: Shape) -> None:
    hear(world, shape)
    leave(
        world,
        "audio/transcriptions",
        data={"model": f"{shape.name}-transcriptions", "prompt": "hold"},
        files={"file": TALK},
    )
    charge = settled(world, "cancelled")
    assert (charge["kind"], charge["units"], charge["estimated"]) == ("transcriptions", MOST_SECONDS, True)
    paint(world, shape)
    leave(world, "images/generations", json={"model": f"{shape.name}-images", "prompt": "hold", "n": 2})
    charge = settled(world, "cancelled")
    assert (charge["kind"], charge["units"], charge["estimated"]) == ("images", 2, True)


def test_a_listener_who_leaves_stops_the_vendor_and_pays_for_the_text(world: World, shape: Shape) -> None:
    speak(world, shape)
    world.vendors.left.clear()
    with world.client.audio.speech.with_streaming_response.create(
        model=f"{shape.name}-speech", voice="alloy", input="hold"
    ) as answer:
        assert next(answer.iter_bytes())
    assert world.vendors.left.wait(5)
    charge = settled(world, "cancelled")
    assert (charge["kind"], charge["units"]) == ("speech", 4)


def test_the_dearest_case_is_held_before_a_vendor_is_asked(world: World) -> None:
    poor = limited_key(world.admin, "Poor", monthly_micros=100_000)
    client, before = world.client.with_options(api_key=poor), posts(world)
    with pytest.raises(openai.RateLimitError) as refused:
        client.images.generate(model="compatible-images", prompt="a cat", n=3)
    assert (refused.value.code, posts(world)) == ("budget_exceeded", before)
    assert client.images.generate(model="compatible-images", prompt="a cat", n=2).data


def test_what_a_vendor_does_not_serve_cannot_be_asked_of_it(world: World) -> None:
    silent = [name for name, shape in SHAPES.items() if shape.speech is None]
    kinds = {vendor["id"]: set(vendor["kinds"]) for vendor in world.admin.get("/api/vendors").json()["items"]}
    media = {"transcriptions", "speech", "images"}
    assert all(kinds[name] >= media for name in MEDIA)
    for name in silent:
        assert not kinds[name] & media
        draft = provider(world.vendors, SHAPES[name], f"{name}-speaks")
        draft["models"] = [{**draft["models"][0], "kinds": ["speech"], "price": FREE}]
        refused = world.admin.post("/api/providers", json=draft)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_value"), name
    with pytest.raises(openai.BadRequestError) as unfit:
        world.client.images.generate(model="openai-speech", prompt="a cat")
    assert unfit.value.code == "operation_not_supported"


def test_a_model_without_a_price_in_its_unit_is_refused_before_the_vendor_is_asked(world: World) -> None:
    draft = provider(world.vendors, SHAPES["compatible"], "unpriced")
    draft["models"] = [{**model, "price": FREE} for model in draft["models"]]
    made = world.admin.post("/api/providers", json=draft)
    assert made.status_code == 201, made.text
    before = posts(world)
    for kind in ("transcriptions", "speech", "images"):
        with pytest.raises(openai.APIStatusError) as refused:
            ask(world, SHAPES["compatible"], kind, "x", f"unpriced-{kind}")
        assert refused.value.code == "price_unknown"
    assert posts(world) == before
