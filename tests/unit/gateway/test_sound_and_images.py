"""Calls whose answers or questions are no text: what goes to the engine, what comes back, what is charged."""

import asyncio
import base64
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from jixi.core.errors import JixiError
from jixi.core.principal import Scope
from jixi.core.usage import Usage
from jixi.models.engines import Upload
from jixi.models.gateway import Reply
from tests.unit.gateway.fakes import House, ScriptedEngine, chunk, payloads, sse, whole

_KINDS = frozenset({Scope.TRANSCRIPTIONS, Scope.SPEECH, Scope.IMAGES, Scope.CLASSIFY})
_SOUND = Upload("a.mp3", bytes(5000))
_SAID = {
    "task": "transcribe",
    "language": "en",
    "duration": 3.2,
    "text": " Hello there. Bye.",
    "segments": [
        {"id": 0, "start": 0.0, "end": 1.5, "text": " Hello there."},
        {"id": 1, "start": 61.25, "end": 3723.0, "text": " Bye."},
    ],
    "words": [{"word": "Hello", "start": 0.0, "end": 0.4}],
}


@pytest.fixture
def house(scripted: House) -> House:
    scripted.replica.profile = replace(scripted.replica.profile, kinds=_KINDS)
    return scripted


async def _transcribe(house: House, engine: ScriptedEngine, **fields: Any) -> Reply:
    engine.wire = whole(msgspec.json.encode(_SAID))
    body = msgspec.json.encode({"model": "stub", **fields})
    return await house.raw(body, Scope.TRANSCRIPTIONS, audio=_SOUND)


def _delta(sound: bytes, **fields: Any) -> bytes:
    event = {"type": "speech.audio.delta", "audio": base64.b64encode(sound).decode(), **fields}
    return msgspec.json.encode(event)


_DONE = b'{"type":"speech.audio.done","usage":{}}'


async def test_a_file_goes_on_as_a_form_that_asks_for_everything(
    house: House, engine: ScriptedEngine
) -> None:
    await _transcribe(house, engine, language="en", temperature=0.2, response_format="srt")
    (form,) = engine.forms
    assert engine.paths == ["/v1/audio/transcriptions"]
    assert form == [
        ("model", b"stub"),
        ("language", b"en"),
        ("temperature", b"0.2"),
        ("response_format", b"verbose_json"),
        ("timestamp_granularities[]", b"segment"),
        ("file", _SOUND.data),
    ]


@pytest.mark.parametrize("form", [None, "json", "text"])
async def test_no_times_are_asked_for_where_the_caller_is_shown_none(
    house: House, engine: ScriptedEngine, form: str | None
) -> None:
    asked = {} if form is None else {"response_format": form}
    await _transcribe(house, engine, timestamp_granularities=["word"], stream=False, **asked)
    (sent,) = engine.forms
    assert sent == [("model", b"stub"), ("response_format", b"verbose_json"), ("file", _SOUND.data)]


@pytest.mark.parametrize("segments", [None, []])
async def test_a_transcript_without_times_is_text_and_no_empty_subtitles(
    house: House, engine: ScriptedEngine, segments: Any
) -> None:
    engine.wire = whole(msgspec.json.encode(_SAID | {"segments": segments}))
    reply = await house.raw(b'{"model":"stub"}', Scope.TRANSCRIPTIONS, audio=_SOUND)
    assert msgspec.json.decode(reply.body or b"")["text"] == "Hello there. Bye."
    with pytest.raises(JixiError) as failed:
        await house.raw(b'{"model":"stub","response_format":"srt"}', Scope.TRANSCRIPTIONS, audio=_SOUND)
    assert failed.value.code == "unsupported_parameter"


async def test_silence_has_empty_subtitles(house: House, engine: ScriptedEngine) -> None:
    engine.wire = whole(msgspec.json.encode(_SAID | {"text": " ", "segments": []}))
    body = b'{"model":"stub","response_format":"vtt"}'
    reply = await house.raw(body, Scope.TRANSCRIPTIONS, audio=_SOUND)
    assert reply.body == b"WEBVTT\n\n"


async def test_seconds_that_stand_in_the_usage_are_charged_where_no_duration_is_told(
    house: House, engine: ScriptedEngine
) -> None:
    engine.wire = whole(b'{"text":"Hello.","usage":{"type":"duration","seconds":2.1}}')
    await house.raw(b'{"model":"stub"}', Scope.TRANSCRIPTIONS, audio=_SOUND)
    assert (await house.meter.settlement()).usage == Usage(units=3)


async def test_a_transcript_is_charged_by_begun_seconds_and_held_by_what_the_file_can_hold(
    house: House, engine: ScriptedEngine
) -> None:
    reply = await _transcribe(house, engine)
    assert reply.content_type == "application/json"
    answer = msgspec.json.decode(reply.body or b"")
    assert answer == {"text": "Hello there. Bye.", "usage": {"type": "duration", "seconds": 4}}
    assert house.meter.reserved[0].max_units == 10
    assert (await house.meter.settlement()).usage == Usage(units=4)


async def test_more_than_a_file_can_hold_is_charged_as_held_and_not_given(
    house: House, engine: ScriptedEngine
) -> None:
    engine.wire = whole(msgspec.json.encode(_SAID | {"duration": 11.0}))
    with pytest.raises(JixiError) as failed:
        await house.raw(b'{"model":"stub"}', Scope.TRANSCRIPTIONS, audio=_SOUND)
    settlement = await house.meter.settlement()
    assert (failed.value.code, settlement.outcome) == ("engine_error", "failed")
    assert settlement.usage == Usage(units=10, estimated=True)


@pytest.mark.parametrize("segments", [[{"start": 0}], "none", [{"start": "a", "end": 1, "text": "b"}]])
async def test_a_transcript_without_a_form_is_the_engines_failure(
    house: House, engine: ScriptedEngine, segments: Any
) -> None:
    engine.wire = whole(msgspec.json.encode(_SAID | {"segments": segments}))
    with pytest.raises(JixiError) as failed:
        await house.raw(b'{"model":"stub"}', Scope.TRANSCRIPTIONS, audio=_SOUND)
    assert failed.value.code == "engine_error"
    assert (await house.meter.settlement()).usage == Usage()


@pytest.mark.parametrize(
    ("kind", "fields", "units"),
    [
        (Scope.IMAGES, {"prompt": "a cat", "n": 3}, 3),
        (Scope.TRANSCRIPTIONS, {}, 10),
        (Scope.SPEECH, {"input": "abcd", "voice": "a"}, 4),
    ],
)
async def test_who_leaves_before_anything_is_there_pays_for_what_the_engine_was_asked(
    house: House, engine: ScriptedEngine, kind: Scope, fields: dict[str, Any], units: int
) -> None:
    engine.hold_at = 0
    audio = _SOUND if kind is Scope.TRANSCRIPTIONS else None
    body = msgspec.json.encode({"model": "stub", **fields})
    call = asyncio.create_task(house.raw(body, kind, audio=audio))
    while not engine.paths:
        await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    settlement = await house.meter.settlement()
    assert (settlement.outcome, settlement.usage) == ("cancelled", Usage(units=units, estimated=True))


@pytest.mark.parametrize("duration", [-1, 0, "long", None])
async def test_a_length_that_the_file_cannot_have_is_not_believed(
    house: House, engine: ScriptedEngine, duration: Any
) -> None:
    engine.wire = whole(msgspec.json.encode(_SAID | {"duration": duration}))
    await house.raw(b'{"model":"stub"}', Scope.TRANSCRIPTIONS, audio=_SOUND)
    assert (await house.meter.settlement()).usage == Usage(units=10, estimated=True)


async def test_a_transcript_comes_as_text_with_or_without_times(house: House, engine: ScriptedEngine) -> None:
    text = await _transcribe(house, engine, response_format="text")
    srt = await _transcribe(house, engine, response_format="srt")
    vtt = await _transcribe(house, engine, response_format="vtt")
    assert (text.body, text.content_type) == (b"Hello there. Bye.\n", "text/plain; charset=utf-8")
    assert srt.body == (
        b"1\n00:00:00,000 --> 00:00:01,500\nHello there.\n\n2\n00:01:01,250 --> 01:02:03,000\nBye.\n\n"
    )
    assert (vtt.body or b"").startswith(b"WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nHello there.\n\n")
    assert vtt.content_type == "text/vtt; charset=utf-8"


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [(None, {"segments"}), (["word"], {"words"}), (["segment", "word"], {"segments", "words"})],
)
async def test_times_come_as_finely_as_they_were_asked_for(
    house: House, engine: ScriptedEngine, wanted: list[str] | None, kept: set[str]
) -> None:
    asked = {} if wanted is None else {"timestamp_granularities": wanted}
    reply = await _transcribe(house, engine, response_format="verbose_json", **asked)
    answer = msgspec.json.decode(reply.body or b"")
    assert answer.keys() & {"segments", "words"} == kept
    assert (answer["language"], answer["duration"]) == ("en", 3.2)


async def test_a_transcript_needs_a_file(house: House) -> None:
    for audio in (None, Upload("a.mp3", b"")):
        with pytest.raises(JixiError) as refused:
            await house.raw(b'{"model":"stub"}', Scope.TRANSCRIPTIONS, audio=audio)
        assert (refused.value.code, refused.value.param) == ("invalid_value", "file")


async def test_speech_goes_out_as_the_sound_itself_and_costs_its_characters(
    house: House, engine: ScriptedEngine
) -> None:
    engine.wire = sse(_delta(b"so", characters=2), _delta(b"und", characters=5), _DONE)
    reply = await house.open(Scope.SPEECH, input="你好 you", voice="a", response_format="opus")
    assert reply.content_type == "audio/ogg"
    assert reply.stream is not None
    assert b"".join([block async for block in reply.stream]) == b"sound"
    assert engine.bodies[0]["stream_format"] == "sse"
    assert house.meter.reserved[0].max_units == 6
    assert (await house.meter.settlement()).usage == Usage(units=6)


async def test_speech_comes_in_events_where_they_are_asked_for(house: House, engine: ScriptedEngine) -> None:
    engine.wire = sse(_delta(b"sound"), _DONE)
    reply = await house.open(Scope.SPEECH, input="abc", voice="a", stream_format="sse")
    assert reply.stream is not None
    events = payloads(b"".join([block async for block in reply.stream]))
    assert [event["type"] for event in events] == ["speech.audio.delta", "speech.audio.done"]
    assert base64.b64decode(events[0]["audio"]) == b"sound"
    assert events[1]["usage"] == {"characters": 3}


async def test_a_listener_who_leaves_pays_for_what_was_read(house: House, engine: ScriptedEngine) -> None:
    first = sse(_delta(b"so", characters=4), end=b"")
    engine.wire = sse(_delta(b"so", characters=4), _DONE)
    engine.hold_at = len(first)
    reply = await house.open(Scope.SPEECH, input="0123456789", voice="a")
    assert reply.stream is not None
    assert await anext(reply.stream) == b"so"
    await reply.stream.aclose()
    settlement = await house.meter.settlement()
    assert (settlement.outcome, settlement.usage) == ("cancelled", Usage(units=4))


async def test_sound_that_is_cut_does_not_end_well(house: House, engine: ScriptedEngine) -> None:
    engine.wire = sse(_delta(b"so", characters=1), b'{"error":{"message":"out of memory"}}')
    reply = await house.open(Scope.SPEECH, input="abc", voice="a")
    assert reply.stream is not None
    assert await anext(reply.stream) == b"so"
    with pytest.raises(JixiError) as cut:
        await anext(reply.stream)
    assert cut.value.code == "engine_error"
    settlement = await house.meter.settlement()
    assert (settlement.outcome, settlement.usage) == ("failed", Usage(units=1))


@pytest.mark.parametrize("events", [(_DONE,), (chunk("no sound"), b"[DONE]"), ()])
async def test_speech_without_a_sound_is_an_error(
    house: House, engine: ScriptedEngine, events: tuple[bytes, ...]
) -> None:
    engine.wire = sse(*events)
    with pytest.raises(JixiError) as refused:
        await house.open(Scope.SPEECH, input="abc", voice="a")
    assert refused.value.code == "engine_error"
    assert (await house.meter.settlement()).usage == Usage()


async def test_images_are_charged_one_by_one(house: House, engine: ScriptedEngine) -> None:
    engine.wire = whole(b'{"created":7,"model":"x","data":[{"b64_json":"AA=="},{"b64_json":"AQ=="}]}')
    answer = await house.ask(Scope.IMAGES, prompt="a cat", n=3)
    assert answer == {"created": 7, "data": [{"b64_json": "AA=="}, {"b64_json": "AQ=="}]}
    assert house.meter.reserved[0].max_units == 3
    assert (await house.meter.settlement()).usage == Usage(units=2)


@pytest.mark.parametrize(
    "image", [{"url": "https://example.com/1.png"}, {"b64_json": ""}, {"b64_json": None}]
)
async def test_an_image_that_is_not_in_the_answer_is_the_engines_failure(
    house: House, engine: ScriptedEngine, image: Any
) -> None:
    engine.wire = whole(msgspec.json.encode({"created": 7, "data": [{"b64_json": "AA=="}, image]}))
    with pytest.raises(JixiError) as failed:
        await house.ask(Scope.IMAGES, prompt="a cat", n=2)
    assert failed.value.code == "engine_error"


async def test_an_answer_of_images_is_not_kept_in_traces(house: House, engine: ScriptedEngine) -> None:
    house.watcher.keeps_content = True
    engine.wire = whole(b'{"created":7,"data":[{"b64_json":"AA=="}]}')
    await house.ask(Scope.IMAGES, prompt="a cat")
    assert house.watcher.traces["req_1"].answer == b"{}"


async def test_a_text_is_classified_and_counted_in_tokens(house: House, engine: ScriptedEngine) -> None:
    engine.wire = whole(
        b'{"object":"list","model":"stub","data":[{"index":0,"label":"good","probs":[0.9,0.1]}],'
        b'"usage":{"prompt_tokens":3,"total_tokens":3}}'
    )
    answer = await house.ask(Scope.CLASSIFY, input="fine")
    assert answer["data"][0]["label"] == "good"
    assert (await house.meter.settlement()).usage == Usage(input_tokens=3)


@pytest.mark.parametrize(
    ("kind", "fields", "param"),
    [
        (Scope.SPEECH, {"input": "", "voice": "a"}, "input"),
        (Scope.SPEECH, {"input": "x" * 4097, "voice": "a"}, "input"),
        (Scope.SPEECH, {"input": "x"}, "voice"),
        (Scope.SPEECH, {"input": "x", "voice": "a", "speed": 5}, "speed"),
        (Scope.SPEECH, {"input": "x", "voice": "a", "response_format": "midi"}, "response_format"),
        (Scope.IMAGES, {"prompt": "x", "n": 11}, "n"),
        (Scope.IMAGES, {"prompt": "x", "size": "huge"}, "size"),
        (Scope.IMAGES, {"prompt": "x", "response_format": "url"}, "response_format"),
        (Scope.IMAGES, {"prompt": "x", "stream": True}, "stream"),
        (Scope.CLASSIFY, {}, "input"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_name(
    house: House, kind: Scope, fields: dict[str, Any], param: str
) -> None:
    with pytest.raises(JixiError) as refused:
        await house.open(kind, **fields)
    assert (refused.value.code, refused.value.param) == ("invalid_value", param)
