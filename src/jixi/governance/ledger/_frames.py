"""How the ledger and its writer's process talk: frames, each of which says its length first."""

from collections.abc import Iterator
from typing import Final

_PREFIX: Final = 4
_MOST: Final = 64 * 1024 * 1024


def frame(payload: bytes) -> bytes:
    return len(payload).to_bytes(_PREFIX) + payload


class Frames:
    """Puts frames together again from what a stream happens to deliver."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The payloads that are complete now. Raises ValueError at one that is larger than any should be."""
        self._buffer += data
        while len(self._buffer) >= _PREFIX:
            end = _PREFIX + int.from_bytes(self._buffer[:_PREFIX])
            if end > _MOST:
                raise ValueError("a frame is too large")
            if len(self._buffer) < end:
                return
            payload = bytes(self._buffer[_PREFIX:end])
            del self._buffer[:end]
            yield payload
