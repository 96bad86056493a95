"""`Environments`: virtual environments under a folder, each published by one rename once it is whole."""

import asyncio
import hashlib
import shutil
import sys
from collections.abc import Callable, Mapping
from importlib import resources
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec

from jixi.compute.drivers import Driver
from jixi.core.errors import JixiError, problem
from jixi.core.registry import Registry
from jixi.models.engines import Engine, beside, missing
from jixi.models.environments._build import WHEELS, Build, Progress, locked, size_of

_MANIFEST: Final = "jixi.json"
_LOCKS: Final = "locks"

State = Literal["ready", "beside", "absent"]


class Installation(NamedTuple):
    """Where an engine runs, if it can. `missing` are packages that it lacks beside Jixi.

    ready: in an environment of its own · beside: where Jixi runs · absent. `version` is of what is there or is to be
    installed. `kept_bytes` are packages that an
    installation which did not end has left; the next one goes on with them.
    """

    engine: str
    state: State
    requirements: tuple[str, ...]
    missing: tuple[str, ...]
    version: str | None = None
    bytes: int = 0
    kept_bytes: int = 0


class _Manifest(msgspec.Struct):
    """What was installed. Its file is the mark of a whole environment: it comes last, by a rename."""

    engine: str
    packages: list[str]
    bytes: int


class Environments:
    """`pip_environment` says what pip is told of indexes, proxies and certificates; `offline` allows no installing."""

    def __init__(
        self,
        folder: Path,
        engines: Registry[Engine],
        driver: Driver,
        pip_environment: Mapping[str, str],
        *,
        offline: bool = False,
    ) -> None:
        self._folder = folder
        self._engines = engines
        self._driver = driver
        self._pip = pip_environment
        self._offline = offline
        self.installed: Callable[[str], None] = lambda _: None
        """Is told of each engine that has become ready."""

    def list(self) -> list[Installation]:
        """Every engine that is known, by name."""
        return [self.get(name) for name in sorted(self._engines)]

    def get(self, name: str) -> Installation:
        """Raises `unknown_extension`."""
        engine = self._engines.get(name)
        lacking, manifest = tuple(missing(engine)), self._manifest(engine)
        wanted = engine.profile.requirements
        if manifest is not None:
            return Installation(name, "ready", wanted, lacking, _pinned(wanted), manifest.bytes)
        if not lacking:
            return Installation(name, "beside", wanted, lacking, _installed(engine))
        kept = sum(map(size_of, self._folder.glob(f"{name}-*.{WHEELS}")))
        return Installation(name, "absent", wanted, lacking, _pinned(wanted), kept_bytes=kept)

    def python(self, engine: Engine) -> Path | None:
        """The interpreter of its own environment; None: it runs beside Jixi. Raises `engine_not_installed`."""
        if self._manifest(engine) is not None:
            return _python(self._place(engine))
        beside(engine)
        return None

    def lacking(self, name: str) -> JixiError | None:
        """Why the engine cannot run on this machine; None: it can. Raises `unknown_extension`."""
        engine = self._engines.get(name)
        try:
            self.python(engine)
        except JixiError as error:
            return error
        return None

    def check(self, name: str) -> Engine:
        """The engine, where it can be installed; raises what `install` raises at once."""
        engine = self._engines.get(name)
        if not engine.profile.requirements:
            raise problem("engine_not_installable", engine=name, reason="it comes with Jixi")
        if self._offline:
            raise problem("engine_not_installable", engine=name, reason="the setting 'offline' is on")
        return engine

    async def install(self, name: str, report: Callable[[Progress], None] = lambda _: None) -> Installation:
        """Make the engine's environment, or go on with what a killed process left. What is there is left alone.

        Raises `unknown_extension`, `engine_not_installable` with the reason, which may be in pip's words, and
        `disk_full`. Where another process is at it, waits for that.
        """
        engine = self.check(name)
        report(Progress("downloading", 0))
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        place = self._place(engine)
        async with locked(place.with_suffix(".lock")):
            if self._manifest(engine) is None:
                await self._make(engine, place, report)
        self.installed(name)
        return self.get(name)

    async def remove(self, name: str) -> None:
        """Delete the engine's environment and what is left of earlier ones; nothing where there is none.

        Raises `conflict` while it is being installed, be it by another process.
        """
        engine = self._engines.get(name)
        if not self._folder.is_dir():
            return
        try:
            async with locked(self._place(engine).with_suffix(".lock"), wait=False):
                await self._clear(engine)
        except BlockingIOError as error:
            raise problem("conflict", noun=f"installation of {name!r}") from error

    async def _clear(self, engine: Engine) -> None:
        # The lock is a file, and goes last.
        for place in sorted(self._folder.glob(f"{engine.name}-*"), key=Path.is_file):
            if place.is_file():
                place.unlink()
                continue
            # The mark goes first: what is half deleted is no environment.
            (place / _MANIFEST).unlink(missing_ok=True)
            await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)

    def room(self) -> int:
        """Free bytes on the disk that takes the environments."""
        folder = self._folder
        while not folder.exists():
            folder = folder.parent
        return shutil.disk_usage(folder).free

    async def _make(self, engine: Engine, place: Path, note: Callable[[Progress], None]) -> None:
        build = Build(self._driver, place, self._pip, note)
        packages = await build.run(engine.name, engine.profile, _lock_of(engine))
        wrote = _Manifest(engine.name, packages, await asyncio.to_thread(size_of, place))
        part = place / f"{_MANIFEST}.tmp"
        part.write_bytes(msgspec.json.encode(wrote))
        part.rename(place / _MANIFEST)

    def _manifest(self, engine: Engine) -> _Manifest | None:
        try:
            return msgspec.json.decode((self._place(engine) / _MANIFEST).read_bytes(), type=_Manifest)
        except (OSError, msgspec.DecodeError):
            return None

    def _place(self, engine: Engine) -> Path:
        """One place for one set of packages under one Python: other pins are another environment."""
        lock = _lock_of(engine)
        told = (*engine.profile.requirements, sys.version.partition(" ")[0], lock.read_text() if lock else "")
        digest = hashlib.sha256("\n".join(told).encode()).hexdigest()[:12]
        return self._folder / f"{engine.name}-{digest}"


def _pinned(requirements: tuple[str, ...]) -> str | None:
    """The version of the package that the engine is called after: it comes first."""
    return (requirements[0].partition("==")[2] if requirements else "") or None


def _installed(engine: Engine) -> str | None:
    """The same, where the package is beside Jixi."""
    try:
        return version(engine.profile.imports[0])
    except (IndexError, PackageNotFoundError):
        return None


def _lock_of(engine: Engine) -> Path | None:
    """The file that names every package with its hash, where we ship one for the engine's own pins."""
    found = Path(str(resources.files("jixi.models.environments"))) / _LOCKS / f"{engine.name}.txt"
    return found if found.is_file() else None


def _python(place: Path) -> Path:
    return place / "bin" / "python"
