"""The process of the `kokoro` engine: /v1/audio/speech in OpenAI's events, and how much of the text has been read."""

import base64
import importlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from jixi.models.engines._audio import SoundFile
from jixi.models.engines._kokoro import KokoroOptions
from jixi.models.engines._phonemes import Phonemes, pieces_of
from jixi.models.engines._protocol import Launch
from jixi.models.engines._serving import Desk, RefusedError, run_desk
from jixi.models.engines._worker import begin, cores, options_of

_RATE: Final = 24_000
_MOST_TOKENS: Final = 508
_STYLE: Final = 256
_SHOWN: Final = 12


class Request(msgspec.Struct, frozen=True, kw_only=True):
    input: str
    voice: str
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] = "mp3"
    speed: float = 1.0


class Reader(Desk):
    """Kokoro and its voices. The voice decides how it sounds, the script of the text what is said."""

    def __init__(self, launch: Launch, options: KokoroOptions) -> None:
        super().__init__(launch.model)
        runtime: Any = importlib.import_module("onnxruntime")
        self._numpy: Any = importlib.import_module("numpy")
        settings = runtime.SessionOptions()
        settings.intra_op_num_threads = launch.threads or cores()
        # Threads that wait by spinning take the core from whoever has work.
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = runtime.InferenceSession(str(launch.files["model"]), settings)
        vocab = msgspec.json.decode(launch.files["vocab"].read_bytes())
        self._vocab: dict[str, int] = vocab.get("vocab", vocab)
        self._voices = _voices(launch)
        self._names = {name.partition("_")[2]: name for name in sorted(self._voices)} | options.voices
        self._phonemes = Phonemes()

    async def speak(self, body: bytes) -> AsyncIterator[bytes]:
        request = msgspec.json.decode(body, type=Request)
        if not request.input.strip():
            raise RefusedError("'input' must not be empty", "input")
        style = self._style(request.voice)
        file, read = SoundFile(request.response_format, _RATE), 0
        for piece in pieces_of(request.input):
            sound = await self.do(self._say, piece, style, request.speed)
            read += len(piece)
            if data := file.add(sound):
                yield _delta(data, read)
        if data := file.end():
            yield _delta(data, read)
        yield msgspec.json.encode({"type": "speech.audio.done", "usage": {"characters": read}})

    def _style(self, voice: str) -> Any:
        """The voice, one row for each length; raises RefusedError."""
        path = self._voices.get(voice) or self._voices.get(self._names.get(voice, ""))
        if path is None:
            known = ", ".join(sorted(self._voices)[:_SHOWN])
            raise RefusedError(f"there is no voice {voice[:64]!r}; there are {known} and others", "voice")
        return self._numpy.fromfile(path, self._numpy.float32).reshape(-1, 1, _STYLE)

    def _say(self, piece: str, style: Any, speed: float) -> Any:
        """The samples of one piece; a pause where nothing in it can be said."""
        tokens = [self._vocab[each] for each in self._phonemes(piece) if each in self._vocab]
        parts = [tokens[at : at + _MOST_TOKENS] for at in range(0, len(tokens), _MOST_TOKENS)]
        if not parts:
            return self._numpy.zeros(_RATE // 4, self._numpy.float32)
        return self._numpy.concatenate([self._run(part, style, speed) for part in parts])

    def _run(self, tokens: list[int], style: Any, speed: float) -> Any:
        inputs = {
            "tokens": self._numpy.array([[0, *tokens, 0]]),
            "style": style[min(len(tokens), len(style) - 1)],
            "speed": self._numpy.array([speed], self._numpy.float32),
        }
        # The exports name their output differently: it is the only one.
        return self._session.run(None, inputs)[0].reshape(-1)


def _voices(launch: Launch) -> dict[str, Path]:
    """Every voice by its name."""
    named = [path for role, path in launch.files.items() if role.startswith("voice")]
    files = [file for path in named for file in (sorted(path.glob("*.bin")) if path.is_dir() else [path])]
    return {file.stem: file for file in files}


def _delta(data: bytes, read: int) -> bytes:
    event = {"type": "speech.audio.delta", "audio": base64.b64encode(data).decode(), "characters": read}
    return msgspec.json.encode(event)


def main() -> None:
    launch = begin()
    reader = Reader(launch, options_of(launch, KokoroOptions))
    run_desk(reader, launch, {}, {b"/v1/audio/speech": reader.speak})


if __name__ == "__main__":
    main()
