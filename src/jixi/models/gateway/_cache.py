"""Answers that are given again: to the same request of the same tenant, for as long as an alias says."""

from collections import OrderedDict
from collections.abc import AsyncIterator
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec import Struct

from jixi.core.clock import Clock
from jixi.core.errors import JixiError
from jixi.core.usage import Usage

MOST_OF_ONE: Final = 1024 * 1024
_MOST_BYTES: Final = 64 * 1024 * 1024


class Stored(Struct, frozen=True, kw_only=True):
    """A complete answer as it went out, in the blocks of its stream or in one; `until` is a monotonic time."""

    blocks: tuple[bytes, ...]
    usage: Usage
    target: str
    until: float

    @property
    def size(self) -> int:
        return sum(map(len, self.blocks))


class AnswerCache:
    """In the memory of this process, bounded: what was not asked for the longest goes first."""

    def __init__(self, clock: Clock, most_bytes: int = _MOST_BYTES) -> None:
        self._clock = clock
        self._most = most_bytes
        self._bytes = 0
        self._stored: OrderedDict[bytes, Stored] = OrderedDict()

    @property
    def size(self) -> int:
        """The bytes of all answers."""
        return self._bytes

    def find(self, key: bytes) -> Stored | None:
        found = self._stored.get(key)
        if found is None:
            return None
        if self._clock.monotonic() >= found.until:
            self._drop(key)
            return None
        self._stored.move_to_end(key)
        return found

    def keep(self, key: bytes, blocks: tuple[bytes, ...], usage: Usage, target: str, ttl_s: float) -> None:
        """Keep a complete answer; one that is too large is not kept."""
        stored = Stored(blocks=blocks, usage=usage, target=target, until=self._clock.monotonic() + ttl_s)
        if stored.size > min(MOST_OF_ONE, self._most):
            return
        self._drop(key)
        self._stored[key] = stored
        self._bytes += stored.size
        while self._bytes > self._most:
            self._drop(next(iter(self._stored)))

    def _drop(self, key: bytes) -> None:
        gone = self._stored.pop(key, None)
        if gone is not None:
            self._bytes -= gone.size


class Replay:
    """A stored stream, block by block."""

    def __init__(self, blocks: tuple[bytes, ...]) -> None:
        self._blocks = iter(blocks)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for block in self._blocks:
            return block
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self._blocks = iter(())

    def break_off(self, error: JixiError) -> None:
        """It was charged before it began."""
        self._blocks = iter(())


def cache_key(*scope: str, body: bytes) -> bytes:
    """What tells a request from all others: every field of its body, whatever their order and spacing, and `scope`."""
    canonical = msgspec.json.encode(msgspec.json.decode(body), order="sorted")
    return blake2b(msgspec.json.encode(scope) + canonical, digest_size=32).digest()
