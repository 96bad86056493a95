"""Forms that go to engines: whatever is in them comes out again; and how long a file of sound can be."""

import contextlib
import io
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jixi.models.engines import Upload, most_seconds, read_form, rewrite_form, write_form

_NAMES = st.text(st.characters(codec="ascii", categories=["L", "N"], include_characters="_[]"), min_size=1)


@given(st.lists(st.tuples(_NAMES, st.text())), st.binary(), st.text(max_size=80))
def test_a_form_is_read_as_it_was_written(fields: list[tuple[str, str]], data: bytes, name: str) -> None:
    content_type, body = write_form(fields, Upload(name, data))
    assert content_type.startswith("multipart/form-data; boundary=")
    assert read_form(body) == [*((key, value.encode()) for key, value in fields), ("file", data)]


@given(data=st.binary(max_size=300), value=st.text(max_size=20))
def test_a_form_is_written_anew_with_other_values_and_the_same_file(data: bytes, value: str) -> None:
    times = [("times[]", "word"), ("times[]", "segment")]
    _, body = write_form([("model", "here"), ("prompt", "a\r\n\r\nb"), *times], Upload("talk.mp3", data))
    content_type, again = rewrite_form(body, {"model": value, "absent": "x"})
    assert content_type.encode().endswith(again.partition(b"\r\n")[0].removeprefix(b"--"))
    assert read_form(again) == [("model", value.encode()), *read_form(body)[1:]]
    assert b'filename="talk.mp3"' in again
    assert rewrite_form(body, {"model": "here"})[1] == body


@given(st.binary())
def test_what_is_no_form_is_refused_or_read_without_harm(body: bytes) -> None:
    with contextlib.suppress(ValueError):
        read_form(body)


def _wave(seconds: int, rate: int) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(rate)
        written.writeframes(bytes(2 * rate * seconds))
    return out.getvalue()


@pytest.mark.parametrize("seconds", [1, 60])
def test_the_bound_of_a_wave_file_is_its_length_and_its_head(seconds: int) -> None:
    assert most_seconds(_wave(seconds, 16_000)) == seconds + 1


def test_a_wave_file_that_names_a_rate_beside_its_samples_is_not_believed() -> None:
    forged = bytearray(_wave(60, 16_000))
    forged[28:32] = b"\xff\xff\xff\xff"
    assert most_seconds(bytes(forged)) >= 60
    packed = bytearray(_wave(60, 16_000))
    packed[20:22] = (17).to_bytes(2, "little")
    assert most_seconds(bytes(packed)) > 61


def test_a_file_says_of_itself_no_length_beyond_what_a_codec_can_do() -> None:
    lie = bytearray(_wave(1, 16_000))
    lie[28:32] = (1).to_bytes(4, "little")
    assert most_seconds(bytes(lie)) == most_seconds(bytes(len(lie))) == 65
    assert most_seconds(bytes(100 * 1024 * 1024)) == 4 * 3600
