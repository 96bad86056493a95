"""The process of the `whisper` engine: /v1/audio/transcriptions, always with all that the model says."""

import importlib
import math
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from jixi.models.engines._audio import samples_of
from jixi.models.engines._forms import most_seconds, read_form
from jixi.models.engines._protocol import Launch
from jixi.models.engines._serving import Desk, RefusedError, run_desk
from jixi.models.engines._whisper import WhisperOptions
from jixi.models.engines._worker import begin, cores, folder_of, options_of

_RATE: Final = 16_000
_MANDARIN: Final = "以下是普通话的句子。"
_CHINESE: Final = "zh"
_PRECISIONS: Final = {"cpu": "int8", "cuda": "float16"}


class Listener(Desk):
    """A Whisper model. Between segments it is noticed when the caller has gone."""

    def __init__(self, launch: Launch, options: WhisperOptions) -> None:
        super().__init__(launch.model)
        self._options = options
        engine: Any = importlib.import_module("ctranslate2")
        cuda = engine.get_cuda_device_count() > 0 if options.device == "auto" else options.device == "cuda"
        device = "cuda" if cuda else "cpu"
        precision = _PRECISIONS[device] if options.precision == "auto" else options.precision
        self._model: Any = importlib.import_module("faster_whisper").WhisperModel(
            str(folder_of(launch)),
            device=device,
            compute_type=precision,
            cpu_threads=launch.threads or cores(),
            local_files_only=True,
        )

    async def transcribe(self, body: bytes) -> bytes:
        fields, granularities, sound = _form_of(body)
        most_s = min(most_seconds(sound), self._options.longest_s)
        samples = await self.do(samples_of, sound, _RATE, most_s)
        words = "word" in granularities
        said, about = await self.do(self._begin, samples, fields, words)
        segments = list[Any]()
        while (segment := await self.do(next, said, None)) is not None:
            segments.append(segment)
        seconds = len(samples) / _RATE
        answer: dict[str, Any] = {
            "task": "transcribe",
            "language": about.language,
            "duration": round(seconds, 3),
            "text": "".join(segment.text for segment in segments).strip(),
            "segments": [_segment(segment) for segment in segments],
            "usage": {"type": "duration", "seconds": math.ceil(seconds)},
        }
        if words:
            heard = [word for segment in segments for word in segment.words or ()]
            answer["words"] = [
                {"word": word.word.strip(), "start": word.start, "end": word.end} for word in heard
            ]
        # Some of the times are floats of numpy's kind.
        return msgspec.json.encode(answer, enc_hook=float)

    def _begin(self, samples: Any, fields: dict[str, str], words: bool) -> tuple[Iterator[Any], Any]:
        language = fields.get("language", "").partition("-")[0].lower() or None
        if language is not None and language not in self._model.supported_languages:
            raise RefusedError(f"the model does not know the language {language!r}", "language")
        if language is None:
            language = self._model.detect_language(samples, vad_filter=self._options.silence)[0]
        prompt = fields.get("prompt") or None
        if prompt is None and language == _CHINESE and self._options.simplified:
            prompt = _MANDARIN
        warmth = {"temperature": float(fields["temperature"])} if "temperature" in fields else {}
        return self._model.transcribe(
            samples,
            language=language,
            initial_prompt=prompt,
            beam_size=self._options.beam,
            vad_filter=self._options.silence,
            word_timestamps=words,
            **warmth,
        )


def _form_of(body: bytes) -> tuple[dict[str, str], set[str], bytes]:
    """The fields, the granularities of times, and the file; raises RefusedError."""
    try:
        parts = read_form(body)
    except ValueError as error:
        raise RefusedError(str(error), "file") from error
    fields, sound, times = dict[str, str](), b"", set[str]()
    for name, value in parts:
        if name == "file":
            sound = value
        elif name == "timestamp_granularities[]":
            times.add(value.decode())
        else:
            fields[name] = value.decode()
    if not sound:
        raise RefusedError("'file' is missing or empty", "file")
    return fields, times, sound


def _segment(segment: Any) -> dict[str, Any]:
    names = ("id", "seek", "start", "end", "text", "tokens", "temperature")
    measures = ("avg_logprob", "compression_ratio", "no_speech_prob")
    return {name: getattr(segment, name) for name in (*names, *measures)}


def main() -> None:
    launch = begin()
    listener = Listener(launch, options_of(launch, WhisperOptions))
    run_desk(listener, launch, {b"/v1/audio/transcriptions": listener.transcribe})


if __name__ == "__main__":
    main()
