"""Transcripts: an engine says everything, here it gets the form that the caller asked for."""

import math
from typing import Any, Final

import msgspec
from msgspec import Struct

from jixi.core.errors import problem
from jixi.core.usage import Usage
from jixi.models.gateway._chunks import Whole, encode
from jixi.models.gateway._schemas import TranscriptionRequest


class Segment(Struct):
    """A piece of the text, and from when to when it was said, in seconds."""

    start: float
    end: float
    text: str


class _Said(Struct):
    text: str
    segments: list[Segment] | None = None


_SAID: Final = msgspec.json.Decoder(_Said)


def seconds_of(whole: Whole) -> int | None:
    """Begun seconds of what was heard; None where the engine does not say how many."""
    for told in (whole.duration, whole.usage.seconds if whole.usage is not None else None):
        try:
            length = float(told if told is not None else "nan")
        except ValueError:
            continue
        if math.isfinite(length) and (length > 0 or not whole.text):
            return math.ceil(length)
    return None


def check_transcript(asked: TranscriptionRequest, raw: bytes) -> None:
    """Raises ValueError where the engine's `verbose_json` has no form, and `unsupported_parameter` where it has none of
    the times that were asked for: the engine is well, and would give none to a second try.
    """
    said = _SAID.decode(raw)
    if asked.has_times and said.text.strip() and not said.segments:
        raise problem("unsupported_parameter", name="response_format", param="response_format")


def transcript(asked: TranscriptionRequest, raw: bytes, usage: Usage) -> bytes:
    """The body of the answer, from the engine's `verbose_json`."""
    said = _SAID.decode(raw)
    match asked.response_format:
        case "text":
            return (said.text.strip() + "\n").encode()
        case "srt":
            return "".join(_srt(number, each) for number, each in enumerate(said.segments or (), 1)).encode()
        case "vtt":
            return ("WEBVTT\n\n" + "".join(map(_vtt, said.segments or ()))).encode()
        case "verbose_json":
            fields: dict[str, Any] = msgspec.json.decode(raw)
            for wanted in {"segment", "word"} - set(asked.timestamp_granularities or ("segment",)):
                fields.pop(f"{wanted}s", None)
            return encode(fields | {"usage": _duration(usage)})
        case _:
            return encode({"text": said.text.strip(), "usage": _duration(usage)})


def _duration(usage: Usage) -> dict[str, Any]:
    return {"type": "duration", "seconds": usage.units}


def _srt(number: int, segment: Segment) -> str:
    return f"{number}\n{_at(segment.start, ',')} --> {_at(segment.end, ',')}\n{segment.text.strip()}\n\n"


def _vtt(segment: Segment) -> str:
    return f"{_at(segment.start, '.')} --> {_at(segment.end, '.')}\n{segment.text.strip()}\n\n"


def _at(seconds: float, point: str) -> str:
    """`00:01:02,345`."""
    whole, milliseconds = divmod(round(max(seconds, 0) * 1000), 1000)
    minutes, second = divmod(whole, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}{point}{milliseconds:03}"
