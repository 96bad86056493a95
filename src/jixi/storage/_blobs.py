"""Blobs: bytes under typed names, in a folder or in an object store, seen whole or not at all."""

import asyncio
import contextlib
import errno
import os
import re
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

import msgspec

from jixi.core.errors import JixiError, problem

_PART: Final = re.compile(r"[a-z]+(?:_[0-9a-z]{26})?")
_CHUNK: Final = 1024 * 1024
_OBJECT_CHUNK: Final = 8 * _CHUNK
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_STALE_S: Final = 24 * 3600
_SPOOL: Final = "spool"


class BlobName(msgspec.Struct, frozen=True):
    """Whose blob it is, which room keeps it, and the id of what it belongs to. Nothing that a caller chose enters.

    Raises ValueError where a part is no word and no id of ours.
    """

    tenant_id: str
    room: str
    id: str

    def __post_init__(self) -> None:
        for part in (self.tenant_id, self.room, self.id):
            if not _PART.fullmatch(part):
                raise ValueError(f"{part!r} names no blob")

    @property
    def path(self) -> str:
        return f"{self.tenant_id}/{self.room}/{self.id}"


class Blobs(Protocol):
    """Where blobs lie.

    `write` replaces what has the name; whoever reads meanwhile gets the old bytes or the new ones, never a part, and
    what is cut off on the way leaves nothing behind. Once it has returned, the bytes outlive the process and the
    power. It raises `blob_too_large` beyond `limit` bytes, and `disk_full`. `read` and `size` raise `not_found`; who
    stops amid reading closes the generator. `delete` may be repeated.
    """

    async def write(self, name: BlobName, chunks: AsyncIterable[bytes], limit: int) -> int:
        """Keep `chunks` under `name`; returns how many bytes they were."""
        ...

    def read(self, name: BlobName) -> AsyncGenerator[bytes]: ...

    async def size(self, name: BlobName) -> int: ...

    async def delete(self, name: BlobName) -> None: ...


class FolderBlobs:
    """In a folder of this machine: written aside, synced, renamed."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def write(self, name: BlobName, chunks: AsyncIterable[bytes], limit: int) -> int:
        return await _spool(self._root / _SPOOL, chunks, limit, lambda spool: self._publish(spool, name))

    async def read(self, name: BlobName) -> AsyncGenerator[bytes]:
        try:
            file = await asyncio.to_thread((self._root / name.path).open, "rb")
        except FileNotFoundError as error:
            raise problem("not_found", noun="blob") from error
        with file:
            while chunk := await asyncio.to_thread(file.read, _CHUNK):
                yield chunk

    async def size(self, name: BlobName) -> int:
        try:
            return (await asyncio.to_thread((self._root / name.path).stat)).st_size
        except FileNotFoundError as error:
            raise problem("not_found", noun="blob") from error

    async def delete(self, name: BlobName) -> None:
        await asyncio.to_thread((self._root / name.path).unlink, missing_ok=True)

    def _publish(self, spool: Path, name: BlobName) -> None:
        """The bytes are on the disk already; the new name is too, before anybody relies on it."""
        target = self._root / name.path
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        spool.rename(target)
        for folder in (target.parent, target.parent.parent, self._root):
            _sync_folder(folder)


class ObjectBlobs:
    """In whatever fsspec can reach, such as `s3://bucket/prefix`: an object appears there once it is whole.

    Bytes are gathered in the folder `spool` of this machine first, so that what is cut off never gets there.
    """

    def __init__(self, url: str, spool: Path) -> None:
        # Comes with the extra `s3`; it carries no types.
        found: Any = import_module("fsspec.core").url_to_fs(url)
        self._files: Any = found[0]
        self._root: str = found[1].rstrip("/")
        self._spool = spool

    async def write(self, name: BlobName, chunks: AsyncIterable[bytes], limit: int) -> int:
        def publish(spool: Path) -> None:
            self._files.makedirs(self._path(name).rpartition("/")[0], exist_ok=True)
            self._files.put_file(str(spool), self._path(name))

        return await _spool(self._spool, chunks, limit, publish)

    async def read(self, name: BlobName) -> AsyncGenerator[bytes]:
        size, start = await self.size(name), 0
        while start < size:
            end = min(start + _OBJECT_CHUNK, size)
            chunk: bytes = await asyncio.to_thread(self._files.cat_file, self._path(name), start, end)
            start = end
            yield chunk

    async def size(self, name: BlobName) -> int:
        try:
            found: dict[str, Any] = await asyncio.to_thread(self._files.info, self._path(name))
        except FileNotFoundError as error:
            raise problem("not_found", noun="blob") from error
        return int(found["size"])

    async def delete(self, name: BlobName) -> None:
        with contextlib.suppress(FileNotFoundError):
            await asyncio.to_thread(self._files.rm_file, self._path(name))

    def _path(self, name: BlobName) -> str:
        return f"{self._root}/{name.path}"


async def _spool(
    folder: Path, chunks: AsyncIterable[bytes], limit: int, publish: Callable[[Path], None]
) -> int:
    """Gather `chunks` in a file of `folder`, have it on the disk, then `publish` it; the file is gone afterwards."""
    await asyncio.to_thread(_prepare, folder)
    handle, name = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            size = await _gather(file, chunks, limit)
            await asyncio.to_thread(_sync, file)
        await asyncio.to_thread(publish, Path(name))
    except OSError as error:
        if error.errno in _FULL:
            raise _disk_full(folder, Path(name).stat().st_size) from error
        raise
    finally:
        Path(name).unlink(missing_ok=True)
    return size


def _disk_full(folder: Path, size: int) -> JixiError:
    """What did not fit was larger than what had been written of it."""
    free = shutil.disk_usage(folder).free
    return problem(
        "disk_full",
        folder=str(folder.parent),
        free=f"{free / 1e6:,.1f} MB",
        needed=f"> {size / 1e6:,.1f} MB",
    )


async def _gather(file: BinaryIO, chunks: AsyncIterable[bytes], limit: int) -> int:
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise problem("blob_too_large", limit=limit)
        await asyncio.to_thread(file.write, chunk)
    return size


def _prepare(folder: Path) -> None:
    """Make the folder, and throw away what a process that was killed left in it long ago."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if left.stat().st_mtime < time.time() - _STALE_S:
                left.unlink()


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
