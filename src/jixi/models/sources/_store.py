"""The store of model files in the data folder: a file is there whole and verified, or it is not there."""

import asyncio
import contextlib
import errno
import hashlib
import os
import shutil
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

import structlog

from jixi.core.errors import problem
from jixi.models.catalog import Entry, ModelFile
from jixi.models.sources._protocol import Source, SourceError

_log = structlog.get_logger()
_TELL_EVERY_S: Final = 0.5
State = Literal["available", "downloading", "downloaded", "failed"]


class Progress(NamedTuple):
    """How far a fetch is. `speed` is bytes per second of this fetch; `left_s` is None while nobody can tell."""

    model: str
    source: str
    done: int
    total: int
    speed: float
    left_s: float | None


class ModelStore:
    """Files of catalogue entries under `root`, brought by the entry's sources in their order.

    `sources` builds the sources of an entry. One fetch of a model runs at a time; who asks meanwhile waits for it.
    """

    def __init__(self, root: Path, sources: Callable[[Entry], Sequence[Source]]) -> None:
        self._root = root
        self._sources = sources
        self._locks: dict[str, asyncio.Lock] = {}
        self._progress: dict[str, Progress] = {}
        self._failed: set[str] = set()

    def files(self, entry: Entry) -> Mapping[str, Path] | None:
        """The entry's files by their role, or None where one is not here."""
        paths = {file.role: self._path(entry, file) for file in entry.files}
        whole = all(
            path.is_file() and path.stat().st_size == file.bytes
            for file, path in zip(entry.files, paths.values(), strict=True)
        )
        return paths if whole else None

    def state(self, entry: Entry) -> State:
        if entry.id in self._progress:
            return "downloading"
        if self.files(entry) is not None:
            return "downloaded"
        return "failed" if entry.id in self._failed else "available"

    def progress(self, entry: Entry) -> Progress | None:
        """How far the running fetch is, if there is one."""
        return self._progress.get(entry.id)

    async def fetch(
        self, entry: Entry, report: Callable[[Progress], None] | None = None
    ) -> Mapping[str, Path]:
        """Bring what is missing and return the files by their role.

        Raises `model_unreachable` with each source's reason, `digest_mismatch` where what came is not the file,
        `disk_full`. Cancelling keeps what has arrived, for the next fetch.
        """
        async with self._fetching(entry):
            for file in entry.files:
                if not self._is_here(entry, file):
                    await self._bring(entry, file, report)
        files = self.files(entry)
        if files is None:
            raise problem("model_unreachable", model=entry.id, reasons="its files vanished")
        return files

    async def verify(self, entry: Entry) -> list[str]:
        """The names of the entry's files whose bytes are not what the catalogue says, or that are not here."""
        wrong: list[str] = []
        for file in entry.files:
            path = self._path(entry, file)
            if not path.is_file() or await asyncio.to_thread(_sha256, path) != file.sha256:
                wrong.append(file.name)
        return wrong

    @contextlib.asynccontextmanager
    async def _fetching(self, entry: Entry) -> AsyncGenerator[None]:
        async with self._locks.setdefault(entry.id, asyncio.Lock()):
            self._failed.discard(entry.id)
            self._progress[entry.id] = Progress(entry.id, "", 0, entry.bytes, 0.0, None)
            try:
                yield
            except Exception:
                self._failed.add(entry.id)
                raise
            finally:
                del self._progress[entry.id]

    async def _bring(self, entry: Entry, file: ModelFile, report: Callable[[Progress], None] | None) -> None:
        path = self._path(entry, file)
        path.parent.mkdir(parents=True, exist_ok=True)
        reasons: list[str] = []
        for source in self._sources(entry):
            part = path.with_name(f"{path.name}.{source.name}.part")
            meter = _Meter(entry, source.name, part, self._progress, report)
            try:
                await source.bring(file, part, meter)
            except SourceError as error:
                reasons.append(f"{source.name}: {error}")
                continue
            except OSError as error:
                raise _disk_problem(error, path.parent) from error
            if await asyncio.to_thread(_sha256, part) == file.sha256:
                await asyncio.to_thread(_publish, part, path)
                await asyncio.to_thread(_clear, path)
                _log.info("model_fetched", model=entry.id, source=source.name)
                return
            _discard(part)
            reasons.append(f"{source.name}: the bytes are not the file's")
            _log.warning("digest_mismatch", model=entry.id, source=source.name, file=file.name)
        if reasons and all(reason.endswith("the bytes are not the file's") for reason in reasons):
            raise problem("digest_mismatch", model=entry.id, file=file.name)
        raise problem("model_unreachable", model=entry.id, reasons="; ".join(reasons) or "it has no source")

    def _is_here(self, entry: Entry, file: ModelFile) -> bool:
        path = self._path(entry, file)
        return path.is_file() and path.stat().st_size == file.bytes

    def _path(self, entry: Entry, file: ModelFile) -> Path:
        return self._root / entry.id / file.name


class _Meter:
    """Turns the bytes of a part into a Progress, and tells who wants to know."""

    def __init__(
        self,
        entry: Entry,
        source: str,
        part: Path,
        current: dict[str, Progress],
        report: Callable[[Progress], None] | None,
    ) -> None:
        self._entry = entry
        self._source = source
        self._current = current
        self._report = report
        self._from = part.stat().st_size if part.exists() else 0
        self._began = time.monotonic()
        self._told = 0.0

    def __call__(self, done: int) -> None:
        clock = time.monotonic()
        if clock - self._told < _TELL_EVERY_S and done < self._entry.bytes:
            return
        self._told, elapsed = clock, clock - self._began
        self._from = min(self._from, done)
        speed = (done - self._from) / elapsed if elapsed > 0 else 0.0
        left = (self._entry.bytes - done) / speed if speed > 0 else None
        now = Progress(self._entry.id, self._source, done, self._entry.bytes, speed, left)
        self._current[self._entry.id] = now
        if self._report is not None:
            self._report(now)


def _publish(part: Path, path: Path) -> None:
    """Give a verified part its name, so that it survives a power cut whole or not at all."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)
    _discard(part)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _clear(path: Path) -> None:
    """Remove what other sources, or a fetch that was killed, have left of a file that is whole now."""
    for left in path.parent.glob(f"{path.name}.*.part*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
    for scratch in path.parent.glob("pip-*"):
        shutil.rmtree(scratch, ignore_errors=True)


def _discard(part: Path) -> None:
    part.unlink(missing_ok=True)
    part.with_name(part.name + ".etag").unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _disk_problem(error: OSError, folder: Path) -> Exception:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return problem("disk_full", folder=str(folder))
    return error
