"""Kokoro reads, Whisper hears: what one says the other writes down, in English and in Chinese."""

import base64
import json
import struct
from pathlib import Path
from typing import Any, Final

import pytest

from jixi.models.engines import EngineClient, Upload, most_seconds, write_form
from tests.engines.conftest import Start, python_of
from tests.engines.weights import kokoro, whisper_base

pytestmark = pytest.mark.timeout(600)
_RATE: Final = 24_000
# FFmpeg would wait at a port for sound to come.
_STREAM: Final = (
    b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 5004 RTP/AVP 0\r\n"
)


@pytest.fixture(scope="module")
def pythons() -> dict[str, Path]:
    return {"kokoro": python_of("kokoro"), "whisper": python_of("whisper")}


async def spoken(client: EngineClient, text: str, **fields: Any) -> tuple[bytes, list[int]]:
    """The sound, and how much of the text had been read with each piece of it."""
    body = {"model": "kokoro", "input": text, "voice": "af_heart", "response_format": "wav", **fields}
    response = await client.send("/v1/audio/speech", json.dumps(body).encode())
    raw = (await response.read()).decode()
    assert response.status == 200, raw
    events = [json.loads(line.removeprefix("data: ")) for line in raw.split("\n\n") if line]
    assert [event["type"] for event in events][-1] == "speech.audio.done"
    deltas = events[:-1]
    return b"".join(base64.b64decode(each["audio"]) for each in deltas), [
        each["characters"] for each in deltas
    ]


async def heard(client: EngineClient, sound: bytes, name: str = "a.wav", **fields: str) -> tuple[int, Any]:
    asked = [("model", "whisper"), ("response_format", "verbose_json"), *fields.items()]
    content_type, body = write_form(asked, Upload(name, sound))
    response = await client.send("/v1/audio/transcriptions", body, content_type=content_type)
    return response.status, json.loads(await response.read())


def _plain(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


async def test_what_is_read_out_is_heard_again(start: Start, pythons: dict[str, Path]) -> None:
    english = "The quick brown fox jumps over the lazy dog. Numbers like 42 are read in words."
    chinese = "今天天气很好，我们去公园散步。"
    async with start("kokoro", pythons["kokoro"], kokoro()) as reader:
        first, read = await spoken(reader, english)
        second, _ = await spoken(reader, chinese, voice="zf_xiaoxiao", response_format="mp3")
        quick, _ = await spoken(reader, english, speed=2, response_format="pcm")
    assert read == sorted(read)
    assert (len(read) > 1, read[-1]) == (True, len(english))
    assert second[:3] == b"ID3" or second[0] == 0xFF
    assert len(quick) < 0.75 * len(first)
    async with start("whisper", pythons["whisper"], {"model": whisper_base() / "model.bin"}) as listener:
        status, one = await heard(listener, first)
        assert (status, one.get("language")) == (200, "en"), one
        assert _plain(english).replace("42", "fortytwo")[:40] == _plain(one["text"])[:40]
        assert abs(one["duration"] - (len(first) - 44) / 2 / _RATE) < 0.1
        assert one["duration"] <= most_seconds(first)
        status, two = await heard(listener, second, "b.mp3", **{"timestamp_granularities[]": "word"})
        assert (status, two.get("language")) == (200, "zh"), two
        assert "今天天气很好" in two["text"]
        times = [(word["start"], word["end"]) for word in two["words"]]
        assert times == sorted(times)
        assert times[-1][1] <= two["duration"] + 1
        for sound in (b"no sound at all", struct.pack("<4sI4s", b"RIFF", 4, b"WAVE"), _STREAM):
            status, refused = await heard(listener, sound)
            assert (status, refused["error"]["param"]) == (400, "file")
        status, refused = await heard(listener, first, language="xx")
        assert (status, refused["error"]["param"]) == (400, "language")
        status, silent = await heard(listener, first[:44] + bytes(2 * _RATE))
        assert (status, silent["text"], silent["duration"]) == (200, "", 1.0)


async def test_every_format_is_a_file_of_its_kind(start: Start, pythons: dict[str, Path]) -> None:
    marks = {"opus": b"OggS", "flac": b"fLaC", "wav": b"RIFF", "aac": b"\xff\xf1"}
    async with start("kokoro", pythons["kokoro"], kokoro()) as reader:
        for form, mark in marks.items():
            sound, _ = await spoken(reader, "Hello there.", response_format=form)
            assert sound.startswith(mark), form
        for wrong in ({"voice": "nobody"}, {"input": " "}):
            body = {"model": "kokoro", "input": "a", "voice": "af_heart", **wrong}
            response = await reader.send("/v1/audio/speech", json.dumps(body).encode())
            assert response.status == 400
            assert json.loads(await response.read())["error"]["param"] in wrong
        by_short_name, _ = await spoken(reader, "Hello there.", voice="heart", response_format="pcm")
        assert (await spoken(reader, "Hello there.", response_format="pcm"))[0] == by_short_name


async def test_a_head_that_lies_about_the_pace_of_its_sound_is_not_believed(
    start: Start, pythons: dict[str, Path]
) -> None:
    # Were it believed, these two minutes would be held for one second and cut or refused there.
    lie = bytearray(44 + 2 * 8000 * 120)
    lie[:44] = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        len(lie) - 8,
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        8000,
        2**31,
        2,
        16,
        b"data",
        len(lie) - 44,
    )
    async with start("whisper", pythons["whisper"], {"model": whisper_base()}) as listener:
        status, _ = await heard(listener, bytes(lie))
    assert status == 200


async def test_a_sound_that_is_too_long_or_a_list_of_files_is_refused(
    start: Start, pythons: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"model": whisper_base() / "model.bin"}
    (tmp_path / "ours.wav").write_bytes(_silence(1))
    monkeypatch.chdir(tmp_path)
    async with start("whisper", pythons["whisper"], files, longest_s=2) as listener:
        status, refused = await heard(listener, _silence(3))
        assert (status, refused["error"]["param"]) == (400, "file")
        assert "the 2 s that" in refused["error"]["message"]
        status, refused = await heard(listener, b"ffconcat version 1.0\nfile ours.wav\n")
        assert (status, refused["error"]["param"]) == (400, "file")
        assert "no sound that can be read" in refused["error"]["message"]


def _silence(seconds: int) -> bytes:
    """A wave file."""
    size = 8000 * seconds
    form = struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8)
    head = struct.pack("<4sI4s4sI", b"RIFF", size + 36, b"WAVE", b"fmt ", len(form)) + form
    return head + struct.pack("<4sI", b"data", size) + bytes([128]) * size
