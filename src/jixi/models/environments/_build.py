"""How an environment is made: wheels are downloaded first, then installed from there without any index."""

import asyncio
import contextlib
import fcntl
import os
import shutil
import sys
import zipfile
import zlib
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Final, Literal, NamedTuple

from jixi.compute.drivers import Command, Driver, leashed
from jixi.core.errors import problem
from jixi.models.engines import Profile

_LOOK_EVERY_S: Final = 0.5
WHEELS: Final = "wheels"
_PIP: Final = ("-m", "pip", "--disable-pip-version-check", "--no-input")
_WHEELS_ALONE: Final = "--only-binary=:all:"


Phase = Literal["downloading", "installing"]


class Progress(NamedTuple):
    """How far it is: bytes of wheels that have arrived, nobody knows of how many (0); then what they unpack to."""

    phase: Phase
    bytes: int
    total: int = 0


class Build:
    """Makes `place`. Wheels that arrived before a kill are not fetched again; all else begins anew."""

    def __init__(
        self,
        driver: Driver,
        place: Path,
        pip_environment: Mapping[str, str],
        note: Callable[[Progress], None],
    ) -> None:
        self._driver = driver
        self._place = place
        self._wheels = place.with_name(f"{place.name}.{WHEELS}")
        self._environment = pip_environment
        self._note = note

    async def run(self, name: str, profile: Profile, lock: Path | None) -> list[str]:
        """Download, install, try the imports; returns the packages with their versions.

        Raises `engine_not_installable` with pip's last words, and `disk_full` before anything is unpacked.
        """
        wanted = (
            list(profile.requirements) if lock is None else ["--require-hashes", "--requirement", str(lock)]
        )
        await asyncio.to_thread(shutil.rmtree, self._place, ignore_errors=True)
        self._wheels.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(_drop_broken, self._wheels)
        async with self._watched("downloading", self._wheels):
            here = ("--dest", str(self._wheels), "--find-links", str(self._wheels))
            options = ("--quiet", _WHEELS_ALONE, "--no-cache-dir", *here)
            await self._run(name, sys.executable, *_PIP, "download", *options, *wanted)
        needed = await asyncio.to_thread(_unpacked, self._wheels)
        if (free := shutil.disk_usage(self._wheels).free) < needed:
            folder, told = str(self._place.parent), f"{free / 1e9:.1f} GB"
            raise problem("disk_full", folder=folder, free=told, needed=f"{needed / 1e9:.1f} GB")
        try:
            async with self._watched("installing", self._place, needed):
                packages = await self._install(name, profile, wanted)
        except BaseException:
            # Half an environment is of no use; the wheels are.
            await asyncio.to_thread(shutil.rmtree, self._place, ignore_errors=True)
            raise
        await asyncio.to_thread(shutil.rmtree, self._wheels)
        return packages

    async def _install(self, name: str, profile: Profile, wanted: list[str]) -> list[str]:
        await self._run(name, sys.executable, "-m", "venv", "--without-pip", str(self._place))
        python = str(self._place / "bin" / "python")
        local = ("--no-index", "--find-links", str(self._wheels), "--no-cache-dir")
        there = (sys.executable, *_PIP, "--python", python)
        await self._run(name, *there, "install", "--quiet", _WHEELS_ALONE, *local, *wanted)
        for package in profile.imports:
            await self._run(name, python, "-c", f"import {package}")
        return await self._run(name, *there, "freeze")

    @asynccontextmanager
    async def _watched(self, phase: Phase, folder: Path, total: int = 0) -> AsyncGenerator[None]:
        """How far pip is it does not say, so one looks at what has arrived in `folder`."""

        async def look() -> None:
            while True:
                self._note(Progress(phase, await asyncio.to_thread(size_of, folder), total))
                await asyncio.sleep(_LOOK_EVERY_S)

        watch = asyncio.create_task(look(), name="pip-progress")
        try:
            yield
        finally:
            watch.cancel()

    async def _run(self, name: str, *argv: str) -> list[str]:
        """Run to the end; returns what was said, or raises with the last of it."""
        # pip unpacks where TMPDIR says: the data folder is known to have room, /tmp often has little.
        env = {**self._environment, "TMPDIR": str(self._wheels)}
        process = await self._driver.start(name, leashed(Command(argv=argv, env=env)))
        try:
            status = await process.wait()
        finally:
            await process.stop(1.0)
        said = [line for line in process.log() if line.strip()]
        if status != 0:
            raise problem(
                "engine_not_installable", engine=name, reason=(said or ["pip said nothing"])[-1][-300:]
            )
        return said


def size_of(folder: Path) -> int:
    """Bytes in the files below `folder`, which another process is writing and removing meanwhile."""
    found = 0
    for directory, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                found += Path(directory, name).lstat().st_size
    return found


def _unpacked(folder: Path) -> int:
    """Bytes that the wheels in `folder` hold."""
    found = 0
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            found += sum(file.file_size for file in archive.infolist())
    return found


def _drop_broken(folder: Path) -> None:
    """A kill may leave half a wheel, which pip would take for a whole one for ever."""
    for wheel in folder.glob("*.whl"):
        if not _is_whole(wheel):
            wheel.unlink()


def _is_whole(wheel: Path) -> bool:
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.testzip() is None
    except (zipfile.BadZipFile, zlib.error, EOFError):
        return False


@asynccontextmanager
async def locked(path: Path, *, wait: bool = True) -> AsyncGenerator[None]:
    """Within the block no other process makes the same; a lock ends with its holder, however that ends.

    Its holder may delete the file. Without `wait`, BlockingIOError where another one holds it.
    """
    while True:
        with path.open("ab") as file:
            if _takes(path, file):
                yield
                return
        if not wait:
            raise BlockingIOError
        await asyncio.sleep(_LOOK_EVERY_S)


def _takes(path: Path, file: BinaryIO) -> bool:
    """Whether the lock is ours now: that of a file which was deleted meanwhile keeps nobody out."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False
