"""The `stub` engine as a model of sound, images or classes: the forms are real, what is in them is not."""

import base64
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec

from jixi.models.engines._forms import read_form
from jixi.models.engines._serving import Desk, RefusedError, TextsRequest, run_desk
from jixi.models.engines._worker import begin

_BYTES_PER_SECOND: Final = 1000
_PIXEL: Final = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class Speech(msgspec.Struct, frozen=True):
    input: str


class Images(msgspec.Struct, frozen=True):
    prompt: str
    n: int = 1


class Media(Desk):
    async def images(self, body: bytes) -> bytes:
        """The same pixel, as often as it was asked for."""
        asked = msgspec.json.decode(body, type=Images)
        data = [{"b64_json": _PIXEL}] * asked.n
        return msgspec.json.encode({"created": 1, "data": data, "model": self.name})

    async def classify(self, body: bytes) -> bytes:
        texts = msgspec.json.decode(body, type=TextsRequest).texts()
        data = [{"index": at, "label": "text", "probs": [1.0], "num_classes": 1} for at in range(len(texts))]
        tokens = sum(max(1, len(text.split())) for text in texts)
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return msgspec.json.encode({"object": "list", "data": data, "model": self.name, "usage": usage})

    async def transcribe(self, body: bytes) -> bytes:
        """A word for each second, a thousand bytes of the file being one."""
        try:
            parts = dict(read_form(body))
        except ValueError as error:
            raise RefusedError(str(error), "file") from error
        seconds = len(parts.get("file", b"")) / _BYTES_PER_SECOND
        if not seconds:
            raise RefusedError("'file' is missing or empty", "file")
        words = [f"word{at}" for at in range(int(seconds) or 1)]
        segments = [
            {"id": at, "start": float(at), "end": at + 1.0, "text": f" {word}"}
            for at, word in enumerate(words)
        ]
        answer = {"task": "transcribe", "language": "en", "duration": seconds, "text": " ".join(words)}
        return msgspec.json.encode(answer | {"segments": segments, "usage": {"seconds": len(words)}})

    async def speak(self, body: bytes) -> AsyncIterator[bytes]:
        """The letters of the text for a sound, one event for each word."""
        read = 0
        for word in msgspec.json.decode(body, type=Speech).input.split(" "):
            read += len(word) + 1
            sound = base64.b64encode(word.encode() or b" ").decode()
            yield _event({"type": "speech.audio.delta", "audio": sound, "characters": read})
        yield _event({"type": "speech.audio.done", "usage": {}})


def _event(fields: dict[str, Any]) -> bytes:
    return msgspec.json.encode(fields)


def main() -> None:
    launch = begin()
    media = Media(launch.model)
    answers = {
        b"/v1/images/generations": media.images,
        b"/v1/classify": media.classify,
        b"/v1/audio/transcriptions": media.transcribe,
    }
    run_desk(media, launch, answers, {b"/v1/audio/speech": media.speak})


if __name__ == "__main__":
    main()
