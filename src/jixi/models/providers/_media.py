"""Sound and images at vendors of OpenAI's form: what they are asked, and speech as the gateway takes it."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from jixi.models.engines import read_form, rewrite_form
from jixi.models.providers._vendor import Refusal, Target

TRANSCRIPTIONS: Final = "/v1/audio/transcriptions"
SPEECH: Final = "/v1/audio/speech"
IMAGES: Final = "/v1/images/generations"

_FORMAT: Final = "response_format"
_TIMES: Final = "timestamp_granularities[]"
_OURS: Final = re.compile(r"\b(response_format|verbose_json|b64_json)\b")
_WORDS: Final = ("application/json", "text/")
_ENCODE: Final = msgspec.json.Encoder().encode


def sound_form(target: Target, form: bytes) -> tuple[str, bytes]:
    """The content type and the body of a transcription as the vendor gets it.

    A model that tells the text alone is asked for that, unless the caller wants to know when it was said.
    """
    values = {"model": target.upstream}
    if target.plain and _TIMES not in dict(read_form(form)):
        values[_FORMAT] = "json"
    return rewrite_form(form, values)


def fit_fields(target: Target, path: str, fields: dict[str, Any]) -> None:
    """Change the fields of speech or images to what every vendor of the form understands."""
    if path == SPEECH:
        # The older models have no events: the sound itself comes from every one, and becomes events here.
        fields.pop("stream_format", None)
        if fields.get(_FORMAT, b"null") == b"null":
            fields[_FORMAT] = "mp3"
    elif path == IMAGES:
        # The older models answer with addresses where they are not asked, the newer ones do not know the field.
        fields.pop(_FORMAT, None)
        if not target.plain:
            fields[_FORMAT] = "b64_json"


def minds_format(path: str, body: bytes, refusal: Refusal) -> bool:
    """Whether the vendor refuses the form that we, and not the caller, have asked for, so that another may help.

    Its words count only where it names no parameter: those of another one are the caller's, and may say anything.
    """
    if path not in (TRANSCRIPTIONS, IMAGES) or refusal.fault != "request":
        return False
    if path == TRANSCRIPTIONS and _TIMES in dict(read_form(body)):
        return False
    return refusal.param == _FORMAT or (refusal.param is None and _OURS.search(refusal.message) is not None)


def is_words(headers: Mapping[str, str]) -> bool:
    """Whether an answer says of itself that it is text, so that it cannot be sound."""
    return headers.get("content-type", "").strip().lower().startswith(_WORDS)


class Sound:
    """A file of sound, at any boundary, in OpenAI's events of speech."""

    @property
    def used(self) -> None:
        """Characters are counted where the text is."""
        return None

    def whole(self, body: bytes) -> bytes:
        return (self.feed(body) if body else b"") + self.end()

    def feed(self, block: bytes) -> bytes:
        return b"data: %b\n\n" % _ENCODE({"type": "speech.audio.delta", "audio": block})

    def end(self) -> bytes:
        return b'data: {"type":"speech.audio.done"}\n\n'
