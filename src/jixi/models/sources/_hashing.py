"""Digests of a part, taken while it comes: when the last byte is here, little is left to read again."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from jixi.models.sources._part import Part
from jixi.models.sources._threads import in_thread

_BLOCK: Final = 1024 * 1024
_WORTH: Final = 4 * _BLOCK
# Hubs keep larger files apart from Git, and name those by their sha256.
_LARGEST_OF_GIT: Final = 16 * _BLOCK


class Digests(NamedTuple):
    """Of the bytes: their sha256, and what Git names them."""

    sha256: str
    git: str


class Hashing:
    """Follows a part; `digests` waits for the rest, once no more will come."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._ended = False
        self._begun = -1
        self._at = 0
        self._sha256: Any = None
        self._git: Any = None
        self._task = asyncio.create_task(self._follow(), name="hashing")

    @classmethod
    @asynccontextmanager
    async def of(cls, part: Part) -> AsyncGenerator["Hashing"]:
        hashing = cls(part)
        try:
            yield hashing
        finally:
            hashing._task.cancel()
            await asyncio.wait([hashing._task])

    async def digests(self) -> Digests:
        self._ended = True
        self._part.grown.set()
        await self._task
        return Digests(self._sha256.hexdigest(), self._git.hexdigest())

    async def _follow(self) -> None:
        while True:
            if self._begun != self._part.begun:
                self._start()
            ready = self._part.prefix - self._at
            if ready >= _WORTH or (self._ended and ready):
                await in_thread(self._feed, min(ready, 4 * _WORTH))
            elif self._ended:
                return
            else:
                await self._part.grown.wait()
                self._part.grown.clear()

    def _start(self) -> None:
        self._begun, self._at = self._part.begun, 0
        self._sha256 = hashlib.sha256()
        # Git's name of a blob is no protection by itself; it is compared because it is what the hub tells.
        self._git = hashlib.sha1(b"blob %d\0" % self._part.stamp.size, usedforsecurity=False)

    def _feed(self, count: int) -> None:
        end = self._at + count
        while self._at < end:
            block = self._part.read(self._at, min(_BLOCK, end - self._at))
            if not block and self._begun != self._part.begun:
                return  # It was begun anew meanwhile, and so is this.
            if not block:
                raise OSError("the part is shorter than its journal says")
            self._sha256.update(block)
            if self._part.stamp.size <= _LARGEST_OF_GIT:
                self._git.update(block)
            self._at += len(block)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
