"""/v1/audio, /v1/images and /v1/classify through the official SDK: forms, bounds, rights, and what they cost."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx2
import openai
import pytest

from jixi.assembly.settings import DeploymentSetting, Settings
from tests.behaviour.servers import Served, administrator, limited_key, new_key, running, wait_until_ready

_KINDS: Final = ("transcriptions", "speech", "images", "classify")
_MOST_AUDIO: Final = 200_000


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server whose models are stubs of each kind, under the names of the kinds."""
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("media") / "data",
        port=0,
        starter="none",
        retries=0,
        offline=True,
        max_audio_bytes=_MOST_AUDIO,
        deployments=tuple(
            DeploymentSetting(name=kind, engine="stub", options={"plays": kind}) for kind in _KINDS
        ),
    )
    with running(settings) as server, administrator(server) as admin:
        wait_until_ready(admin, len(_KINDS))
        yield Served(server, admin, new_key(admin, scopes=list(_KINDS)))


@pytest.fixture
def client(media: Served) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{media.running.url}/v1", api_key=media.key, max_retries=0) as made:
        yield made


def newest(media: Served) -> dict[str, Any]:
    return media.admin.get("/api/charges?limit=1").json()["items"][0]


def test_models_say_what_they_are_for(client: openai.OpenAI) -> None:
    kinds = {model.id: (model.model_extra or {})["kinds"] for model in client.models.list()}
    assert kinds == {kind: [kind] for kind in _KINDS}


def test_sound_becomes_text_in_every_form_and_costs_its_seconds(client: openai.OpenAI, media: Served) -> None:
    create = client.audio.transcriptions.create
    sound = ("talk.mp3", bytes(2500), "audio/mpeg")
    said = create(model="transcriptions", file=sound, language="en", temperature=0.2)
    assert said.text == "word0 word1"
    charge = newest(media)
    assert (charge["kind"], charge["units"], charge["cost_micros"]) == ("transcriptions", 3, 300)
    assert charge["input_tokens"] == charge["output_tokens"] == 0
    text = create(model="transcriptions", file=sound, response_format="text")
    assert str(text).strip() == "word0 word1"
    subtitles = create(model="transcriptions", file=sound, response_format="srt")
    assert str(subtitles).startswith("1\n00:00:00,000 --> 00:00:01,000\nword0\n")
    assert str(create(model="transcriptions", file=sound, response_format="vtt")).startswith("WEBVTT")
    verbose = create(
        model="transcriptions",
        file=sound,
        response_format="verbose_json",
        timestamp_granularities=["segment"],
    )
    assert verbose.duration == 2.5
    assert [segment.text for segment in verbose.segments or ()] == [" word0", " word1"]


def test_a_file_that_is_too_large_or_missing_is_refused(client: openai.OpenAI, media: Served) -> None:
    with pytest.raises(openai.APIStatusError) as large:
        client.audio.transcriptions.create(
            model="transcriptions", file=("a.wav", bytes(_MOST_AUDIO + 70_000))
        )
    assert (large.value.status_code, large.value.code) == (413, "body_too_large")
    with pytest.raises(openai.BadRequestError) as empty:
        client.audio.transcriptions.create(model="transcriptions", file=("a.wav", b""))
    assert (empty.value.code, empty.value.param) == ("invalid_value", "file")
    headers = {"authorization": f"Bearer {media.key}"}
    for sent in ({"json": {"model": "transcriptions"}}, {"files": {"nothing": b"x"}}, {"content": b"--x"}):
        answer = httpx2.post(f"{media.running.url}/v1/audio/transcriptions", headers=headers, **sent)
        assert answer.status_code == 400, sent
        assert answer.json()["error"]["code"] == "invalid_value"


def test_a_name_that_could_end_the_head_of_its_part_is_refused(media: Served) -> None:
    head = "content-disposition: form-data; name="
    for name in ('"a\\"; b"', '"a b"', '""', '"a[][]"'):
        parts = (f"{head}{name}\r\n\r\nx", f'{head}"file"; filename="a.wav"\r\n\r\nsound')
        form = "".join(f"--b\r\n{part}\r\n" for part in (*parts, f'{head}"model"\r\n\r\ntranscriptions'))
        answer = httpx2.post(
            f"{media.running.url}/v1/audio/transcriptions",
            headers={
                "authorization": f"Bearer {media.key}",
                "content-type": "multipart/form-data; boundary=b",
            },
            content=f"{form}--b--\r\n",
        )
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_value"), name
        assert "name of a field" in answer.json()["error"]["message"]


def test_text_becomes_sound_as_it_is_made_and_costs_its_characters(
    client: openai.OpenAI, media: Served, tmp_path: Path
) -> None:
    speech = client.audio.speech
    with speech.with_streaming_response.create(
        model="speech", voice="alloy", input="one two three", response_format="flac"
    ) as answer:
        assert answer.headers["content-type"] == "audio/flac"
        answer.stream_to_file(tmp_path / "said")
    assert (tmp_path / "said").read_bytes() == b"onetwothree"
    charge = newest(media)
    assert (charge["kind"], charge["units"], charge["cost_micros"]) == ("speech", 13, 260)
    assert speech.create(model="speech", voice="alloy", input="abc").read() == b"abc"
    with pytest.raises(openai.BadRequestError) as refused:
        speech.create(model="speech", voice="alloy", input="abc", speed=9)
    assert refused.value.param == "speed"


def test_speech_in_events_is_kept_for_a_second_try(media: Served) -> None:
    headers = {"authorization": f"Bearer {media.key}", "idempotency-key": "said"}
    body = {"model": "speech", "voice": "alloy", "input": "one two", "stream_format": "sse"}
    first, second = (
        httpx2.post(f"{media.running.url}/v1/audio/speech", headers=headers, json=body) for _ in range(2)
    )
    assert first.content == second.content
    assert second.headers["idempotent-replayed"] == "true"


def test_images_come_as_files_and_cost_one_by_one(client: openai.OpenAI, media: Served) -> None:
    answer = client.images.generate(model="images", prompt="a cat", n=2, size="256x256")
    assert answer.data is not None
    assert len(answer.data) == 2
    assert base64.b64decode(answer.data[0].b64_json or "").startswith(b"\x89PNG")
    charge = newest(media)
    assert (charge["kind"], charge["units"], charge["cost_micros"]) == ("images", 2, 80_000)
    with pytest.raises(openai.BadRequestError) as refused:
        client.images.generate(model="images", prompt="a cat", response_format="url")
    assert refused.value.param == "response_format"


def test_texts_get_their_classes(client: openai.OpenAI) -> None:
    answer = client.post(
        "/classify", body={"model": "classify", "input": ["a", "b c"]}, cast_to=httpx2.Response
    )
    assert [entry["label"] for entry in answer.json()["data"]] == ["text", "text"]
    assert answer.json()["usage"]["prompt_tokens"] == 3


def test_the_dearest_case_is_held_before_a_model_works(media: Served) -> None:
    poor = limited_key(media.admin, "Poor", monthly_micros=100_000)
    with openai.OpenAI(base_url=f"{media.running.url}/v1", api_key=poor, max_retries=0) as client:
        with pytest.raises(openai.RateLimitError) as refused:
            client.images.generate(model="images", prompt="a cat", n=3)
        assert refused.value.code == "budget_exceeded"
        assert client.images.generate(model="images", prompt="a cat", n=2).data


def test_a_key_reaches_the_kinds_that_it_was_given(media: Served) -> None:
    key = new_key(media.admin, name="Ears", scopes=["transcriptions"])
    with openai.OpenAI(base_url=f"{media.running.url}/v1", api_key=key, max_retries=0) as client:
        assert client.audio.transcriptions.create(model="transcriptions", file=("a", b"x" * 1000)).text
        with pytest.raises(openai.PermissionDeniedError) as refused:
            client.images.generate(model="images", prompt="a cat")
        assert refused.value.code == "scope_missing"


def test_a_model_answers_only_the_kind_that_it_is_for(client: openai.OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        client.images.generate(model="speech", prompt="a cat")
    assert refused.value.code == "operation_not_supported"


def test_usage_and_prices_are_told_in_their_units(client: openai.OpenAI, media: Served) -> None:
    before = media.admin.get("/api/usage").json()["totals"]
    client.images.generate(model="images", prompt="a cat", n=2)
    client.audio.speech.create(model="speech", voice="a", input="four").read()
    client.audio.transcriptions.create(model="transcriptions", file=("a", b"x" * 1500))
    after = media.admin.get("/api/usage").json()["totals"]
    grown = {name: after[name] - before[name] for name in ("images", "characters", "seconds")}
    assert grown == {"images": 2, "characters": 4, "seconds": 2}
    prices = {price["model"]: price for price in media.admin.get("/api/prices").json()["items"]}
    assert (prices["images"]["unit"], prices["images"]["unit_micros"]) == ("image", 40_000)
    assert prices["classify"]["unit"] is None
    head = media.admin.get("/api/usage.csv").text.splitlines()[0]
    assert "seconds,characters,images,cost_micros" in head


def test_sound_with_a_key_is_heard_and_paid_for_once(client: openai.OpenAI, media: Served) -> None:
    """Each try has a boundary of its own in its form; another file under the same key is another request."""

    def hear(length: int, key: str) -> Any:
        return client.audio.transcriptions.with_raw_response.create(
            model="transcriptions",
            file=("talk.mp3", bytes(length), "audio/mpeg"),
            extra_headers={"Idempotency-Key": key},
        )

    first = hear(2500, "heard")
    paid = newest(media)["request_id"]
    again = hear(2500, "heard")
    assert first.http_request.headers["content-type"] != again.http_request.headers["content-type"]
    assert (first.content, "idempotent-replayed" in first.headers) == (again.content, False)
    assert again.headers["idempotent-replayed"] == "true"
    assert newest(media)["request_id"] == paid
    with pytest.raises(openai.UnprocessableEntityError) as refused:
        hear(3500, "heard")
    assert refused.value.code == "idempotency_mismatch"
    assert "idempotent-replayed" not in hear(2500, "another").headers
    assert newest(media)["request_id"] != paid
