"""Speech: sound as the engine makes it, charged by the characters that were read out."""

from typing import Final

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from jixi.core.errors import JixiError
from jixi.core.usage import Usage
from jixi.models.gateway._chunks import encode
from jixi.models.gateway._delivery import Delivery
from jixi.models.gateway._faults import broken, failed_midway
from jixi.models.gateway._sse import write_frames
from jixi.models.gateway._stream import EngineStream


class _Event(Struct):
    """OpenAI's events of speech. `characters` is ours: how much of the text has been read so far."""

    type: str = ""
    audio: bytes = b""
    characters: int | None = None
    error: Raw | UnsetType = UNSET


_EVENT: Final = msgspec.json.Decoder(_Event)
_SOUND: Final = "speech.audio.delta"
_END: Final = "speech.audio.done"


class SpeechStream(EngineStream):
    """Payloads are sound. An engine that does not say how far it is has read all of the text with its first sound.

    Who leaves before the first sound pays for all of the text: the engine has it.
    """

    _read = 0

    def usage(self) -> Usage:
        if not self._exchange.begun:
            return Usage()
        return self._run.believe_units(self._read if self.tokens else None)

    def _take(self, payload: bytes, payloads: list[bytes]) -> None:
        event = _EVENT.decode(payload)
        if event.error is not UNSET:
            raise failed_midway(self._run.request, self._run.context, bytes(event.error))
        if event.type == _END:
            if not self.tokens:
                raise broken(self._run.model, "it made no sound")
            self.ending.append(b"")
            self._read = self._run.request.most_units
            self._done = True
        elif event.type == _SOUND and event.audio:
            self.tokens += 1
            most = self._run.request.most_units
            self._read = most if event.characters is None else max(self._read, min(event.characters, most))
            payloads.append(event.audio)


class SpeechDelivery(Delivery):
    """The sound itself. Raises what cuts it: a file has no place for an error, so it must not end well."""

    def _written(self, payloads: list[bytes]) -> bytes:
        return b"".join(payloads)

    def _last(self, usage: Usage) -> bytes:
        return b""

    def _told(self, error: JixiError) -> bytes:
        raise error


class SpeechEvents(Delivery):
    """The sound in OpenAI's events."""

    def _written(self, payloads: list[bytes]) -> bytes:
        return write_frames([encode({"type": _SOUND, "audio": payload}) for payload in payloads])

    def _last(self, usage: Usage) -> bytes:
        return write_frames([encode({"type": _END, "usage": {"characters": usage.units}})])
