"""Sound in and out of an engine, through PyAV: any file to samples, samples to a file that can be heard as it grows."""

import importlib
import io
import struct
from collections.abc import Iterator
from typing import Any, Final

from jixi.models.engines._serving import RefusedError

_FULL: Final = 32767
_UNKNOWN: Final = 0xFFFFFFFF
# Files of sound and nothing else: some of FFmpeg's other forms are lists that name files of ours, or hosts to call.
_OPTIONS: Final = {
    "format_whitelist": "wav,mp3,flac,ogg,aac,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm",
    "protocol_whitelist": "",
}
# Container and codec of each format of OpenAI's that is encoded.
_CODECS: Final = {
    "mp3": ("mp3", "libmp3lame"),
    "opus": ("ogg", "libopus"),
    "aac": ("adts", "aac"),
    "flac": ("flac", "flac"),
}


def samples_of(data: bytes, rate: int, most_s: int) -> Any:
    """The sound as a numpy array of 32-bit floats, mono, at `rate`.

    Raises RefusedError where the file holds no sound, or more than `most_s` seconds: that is noticed while it is read,
    so that a small file cannot fill the memory.
    """
    numpy: Any = importlib.import_module("numpy")
    blocks, count = list[Any](), 0
    for block in _blocks(data, rate):
        blocks.append(block)
        count += len(block)
        if count > most_s * rate:
            raise RefusedError(f"the file holds more sound than the {most_s} s that are taken of it", "file")
    if not count:
        raise RefusedError("the file holds no sound", "file")
    return numpy.concatenate(blocks).astype(numpy.float32) / (_FULL + 1)


def _blocks(data: bytes, rate: int) -> Iterator[Any]:
    av: Any = importlib.import_module("av")
    resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
    try:
        with av.open(io.BytesIO(data), options=dict(_OPTIONS), metadata_errors="ignore") as container:
            if not container.streams.audio:
                return
            for frame in container.decode(audio=0):
                frame.pts = None
                yield from (each.to_ndarray()[0] for each in resampler.resample(frame))
            yield from (each.to_ndarray()[0] for each in resampler.resample(None))
    except (av.FFmpegError, ValueError) as error:
        raise RefusedError("the file is no sound that can be read", "file") from error


class _Sink:
    """Where an encoder writes: it cannot go back, for what was written has gone out."""

    def __init__(self) -> None:
        self._data = bytearray()

    def write(self, data: bytes) -> int:
        self._data += data
        return len(data)

    def take(self) -> bytes:
        data = bytes(self._data)
        self._data.clear()
        return data


class SoundFile:
    """Samples in, bytes of a file of `form` out."""

    def __init__(self, form: str, rate: int) -> None:
        self._rate = rate
        self._sink = _Sink()
        self._numpy: Any = importlib.import_module("numpy")
        self._av: Any = importlib.import_module("av")
        self._container: Any = None
        if form in _CODECS:
            container, codec = _CODECS[form]
            self._container = self._av.open(self._sink, mode="w", format=container)
            self._stream = self._container.add_stream(codec, rate=rate, layout="mono")
        elif form == "wav":
            self._sink.write(_wave_head(rate))

    def add(self, samples: Any) -> bytes:
        """What can be sent once these samples (floats from -1 to 1) are there; it may be nothing yet."""
        whole = (self._numpy.clip(samples, -1, 1) * _FULL).astype("<i2")
        if self._container is None:
            self._sink.write(whole.tobytes())
        else:
            frame = self._av.AudioFrame.from_ndarray(whole.reshape(1, -1), format="s16", layout="mono")
            frame.sample_rate = self._rate
            self._container.mux(self._stream.encode(frame))
        return self._sink.take()

    def end(self) -> bytes:
        """What is left."""
        if self._container is not None:
            self._container.mux(self._stream.encode(None))
            self._container.close()
        return self._sink.take()


def _wave_head(rate: int) -> bytes:
    """Of a file whose length nobody knows yet."""
    form = struct.pack("<HHIIHH", 1, 1, rate, 2 * rate, 2, 16)
    return struct.pack(
        "<4sI4s4sI16s4sI", b"RIFF", _UNKNOWN, b"WAVE", b"fmt ", len(form), form, b"data", _UNKNOWN
    )
