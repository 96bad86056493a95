"""A file that is on its way: its bytes at their places, and a journal of which of them have come.

A process may be killed at any moment and another goes on from the journal, which never names what is not written. It
may name what a power cut took; the digest of the whole finds that out.
"""

import asyncio
import fcntl
import os
import struct
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from jixi.models.sources._locks import locked
from jixi.models.sources._threads import in_thread

_SPAN: Final = struct.Struct("<QQ")


class Stamp(msgspec.Struct, frozen=True):
    """What a part is a part of: bytes of another version are never put beside it. `tag` may be empty."""

    tag: str = ""
    size: int = 0


class Part:
    """The file at `path`, which `opened` opens for one writer at a time."""

    def __init__(self, path: Path, file: int, journal: int) -> None:
        self.path = path
        self.grown = asyncio.Event()
        """Set where more has come; who waits for it clears it."""
        self.begun = 0
        """How often it was begun anew."""
        self._file = file
        self._journal = journal
        self.stamp, self._spans = _read(journal, os.fstat(file).st_size)

    @classmethod
    @asynccontextmanager
    async def opened(cls, path: Path) -> AsyncGenerator["Part"]:
        """The part, once nobody else has it: neither this process nor another one."""
        file = await locked(path)
        try:
            journal = os.open(_journal_of(path), os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                yield cls(path, file, journal)
            finally:
                os.close(journal)
        finally:
            os.close(file)

    @property
    def have(self) -> int:
        """Bytes that are here."""
        return sum(end - start for start, end in self._spans)

    @property
    def prefix(self) -> int:
        """How many bytes are here from the first on without a gap."""
        return self._spans[0][1] if self._spans and self._spans[0][0] == 0 else 0

    def missing(self, step: int) -> Iterator[tuple[int, int]]:
        """What has not come, in order and in pieces of `step` bytes at most."""
        at = 0
        for start, end in [*self._spans, (self.stamp.size, self.stamp.size)]:
            while at < start:
                yield at, min(at + step, start)
                at = min(at + step, start)
            at = max(at, end)

    def begin(self, stamp: Stamp) -> None:
        """Forget what has come and begin with this version."""
        # Told before it is done: whoever reads meanwhile and finds nothing knows why.
        self.stamp, self._spans, self.begun = stamp, [], self.begun + 1
        os.ftruncate(self._journal, 0)
        os.ftruncate(self._file, 0)
        os.write(self._journal, msgspec.json.encode(stamp) + b"\n")

    async def write(self, at: int, data: bytes | bytearray) -> None:
        """Put `data` at its place; raises OSError where the disk will not take it."""
        await in_thread(self._write, at, data)
        self._spans = _joined(self._spans, at, at + len(data))
        self.grown.set()

    def read(self, at: int, count: int) -> bytes:
        return os.pread(self._file, count, at)

    def sync(self) -> None:
        """Have the bytes on the disk."""
        os.fsync(self._file)

    def discard(self) -> None:
        """Remove it; what is open stays usable until it is closed."""
        discard(self.path)

    def _write(self, at: int, data: bytes | bytearray) -> None:
        rest = memoryview(data)
        while rest:
            written = os.pwrite(self._file, rest, at + len(data) - len(rest))
            rest = rest[written:]
        os.write(self._journal, _SPAN.pack(at, at + len(data)))


def discard(path: Path) -> None:
    """Remove a part that nobody has open, and its journal."""
    path.unlink(missing_ok=True)
    _journal_of(path).unlink(missing_ok=True)


def wheels_beside(part: Path) -> Path:
    """Where the wheels that carry a part are kept while it is not whole."""
    return part.with_name(part.name + ".wheels")


def discard_free(path: Path) -> bool:
    """Remove a part unless somebody is at it; whether it is gone."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        discard(path)
        return True
    finally:
        os.close(file)


def _journal_of(path: Path) -> Path:
    return path.with_name(path.name + ".journal")


def _read(journal: int, size: int) -> tuple[Stamp, list[tuple[int, int]]]:
    """What a journal tells of a file of `size` bytes; where it makes no sense, that nothing has come."""
    head, _, tail = os.pread(journal, os.fstat(journal).st_size, 0).partition(b"\n")
    try:
        stamp = msgspec.json.decode(head, type=Stamp)
    except msgspec.MsgspecError:
        return Stamp(), []
    spans: list[tuple[int, int]] = []
    for start, end in _SPAN.iter_unpack(tail[: len(tail) // _SPAN.size * _SPAN.size]):
        if not start < end <= min(size, stamp.size):
            return Stamp(), []
        spans = _joined(spans, start, end)
    return stamp, spans


def _joined(spans: list[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    """The spans with one more, sorted and without overlaps."""
    apart = [span for span in spans if span[1] < start or span[0] > end]
    touching = [span for span in spans if span not in apart]
    merged = min([start, *(span[0] for span in touching)]), max([end, *(span[1] for span in touching)])
    return sorted([*apart, merged])
