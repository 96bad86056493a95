"""Environments of engines: whole or not there, made once, and gone on with after a kill."""

import asyncio
import shutil
import subprocess
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace
from typing import Final

import pytest

from jixi.compute.drivers import Command, ProcessDriver
from jixi.core.errors import JixiError
from jixi.core.principal import Scope
from jixi.core.registry import Registry
from jixi.models.engines import Engine, Launch, Profile
from jixi.models.environments import Environments, Progress
from tests.wheels import index_of, write_wheel

WITHIN_S = 60


class ProbeEngine:
    name: Final = "probe"
    profile: Final = Profile(
        kinds=frozenset({Scope.CHAT}), imports=("jixi_probe",), requirements=("jixi-probe==1.0",)
    )

    def command(self, launch: Launch) -> Command:
        return Command(argv=("true",))


class CountingDriver(ProcessDriver):
    """Counts what it starts."""

    started = 0

    async def start(self, name: str, command: Command):
        self.started += 1
        return await super().start(name, command)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    folder = tmp_path / "index"
    folder.mkdir()
    write_wheel(folder, "jixi-probe", "1.0", {"jixi_probe/__init__.py": "ANSWER = 42\n"})
    return folder


def made(
    tmp_path: Path, index: Path, driver: ProcessDriver | None = None, *, offline: bool = False
) -> Environments:
    engines = Registry[Engine]("engine")
    engines.register("probe", ProbeEngine)
    driver = driver or ProcessDriver()
    return Environments(tmp_path / "environments", engines, driver, index_of(index), offline=offline)


async def test_an_engine_gets_a_python_of_its_own_once(tmp_path: Path, index: Path) -> None:
    driver = CountingDriver()
    environments = made(tmp_path, index, driver)
    assert (environments.get("probe").state, environments.get("probe").missing) == ("absent", ("jixi_probe",))
    with pytest.raises(JixiError) as absent:
        environments.python(ProbeEngine())
    assert absent.value.code == "engine_not_installed"
    seen: list[Progress] = []
    done = await environments.install("probe", seen.append)
    assert (done.state, done.version, done.kept_bytes) == ("ready", "1.0", 0)
    assert [phase for phase, _ in groupby(each.phase for each in seen)] == ["downloading", "installing"]
    assert seen[0].total == 0 < seen[-1].total
    python = environments.python(ProbeEngine())
    said = subprocess.run(
        [str(python), "-c", "import jixi_probe; print(jixi_probe.ANSWER)"], capture_output=True, check=True
    )
    assert said.stdout == b"42\n"
    starts = driver.started
    await asyncio.gather(environments.install("probe"), made(tmp_path, index, driver).install("probe"))
    assert driver.started == starts
    await environments.remove("probe")
    assert environments.get("probe").state == "absent"
    assert list((tmp_path / "environments").iterdir()) == []


async def test_two_who_install_at_once_make_one_environment(tmp_path: Path, index: Path) -> None:
    driver = CountingDriver()
    one, other = (made(tmp_path, index, driver) for _ in range(2))
    await asyncio.gather(one.install("probe"), other.install("probe"))
    # Download, make, install, import, list: of each one.
    assert driver.started == 5
    assert one.get("probe").state == other.get("probe").state == "ready"


async def test_what_a_kill_left_is_no_environment_and_its_wheels_are_used_again(
    tmp_path: Path, index: Path
) -> None:
    environments = made(tmp_path, index)
    whole = await environments.install("probe")
    assert whole.state == "ready"
    (place,) = [each for each in (tmp_path / "environments").iterdir() if each.is_dir()]
    (place / "jixi.json").unlink()
    (place / "bin" / "python").unlink()
    wheels = place.with_name(f"{place.name}.wheels")
    wheels.mkdir()
    (wheel,) = index.iterdir()
    wheel.rename(wheels / wheel.name)
    assert environments.get("probe").state == "absent"
    assert (await environments.install("probe")).state == "ready"
    assert not wheels.exists()


async def test_half_a_wheel_that_a_kill_left_is_fetched_again(tmp_path: Path, index: Path) -> None:
    environments = made(tmp_path, index)
    await environments.install("probe")
    (place,) = [each for each in (tmp_path / "environments").iterdir() if each.is_dir()]
    (place / "jixi.json").unlink()
    wheels = place.with_name(f"{place.name}.wheels")
    wheels.mkdir()
    (wheel,) = index.iterdir()
    (wheels / wheel.name).write_bytes(wheel.read_bytes()[:-40])
    assert (await environments.install("probe")).state == "ready"


async def test_what_another_process_is_installing_is_not_removed(tmp_path: Path, index: Path) -> None:
    other = made(tmp_path, index)
    await other.remove("probe")
    codes: set[str] = set()

    class MeddlingDriver(ProcessDriver):
        async def start(self, name: str, command: Command):
            with pytest.raises(JixiError) as refused:
                await other.remove("probe")
            codes.add(refused.value.code)
            return await super().start(name, command)

    assert (await made(tmp_path, index, MeddlingDriver()).install("probe")).state == "ready"
    assert codes == {"conflict"}
    await other.remove("probe")
    assert other.get("probe").state == "absent"


async def test_where_pip_fails_its_words_are_told_and_nothing_is_left_that_looks_whole(
    tmp_path: Path, index: Path
) -> None:
    for wheel in index.iterdir():
        wheel.unlink()
    environments = made(tmp_path, index)
    with pytest.raises(JixiError) as failed:
        await environments.install("probe")
    assert failed.value.code == "engine_not_installable"
    assert "jixi-probe==1.0" in failed.value.message()
    assert environments.get("probe").state == "absent"


async def test_an_offline_house_installs_nothing(tmp_path: Path, index: Path) -> None:
    environments = made(tmp_path, index, offline=True)
    with pytest.raises(JixiError) as refused:
        await environments.install("probe")
    assert refused.value.code == "engine_not_installable"


class StallingDriver(ProcessDriver):
    """Starts no more after so many, until it is told to go on."""

    def __init__(self, starts: int) -> None:
        super().__init__()
        self.left = starts
        self.stalled = asyncio.Event()
        self.goes_on = asyncio.Event()

    async def start(self, name: str, command: Command):
        if self.left == 0:
            self.stalled.set()
            await self.goes_on.wait()
        self.left -= not self.goes_on.is_set()
        return await super().start(name, command)


BEFORE_THE_INSTALL = 2


async def test_one_that_is_stopped_in_the_middle_leaves_its_packages_alone(
    tmp_path: Path, index: Path
) -> None:
    environments = made(tmp_path, index, driver := StallingDriver(BEFORE_THE_INSTALL))
    installing = asyncio.create_task(environments.install("probe"))
    await asyncio.wait_for(driver.stalled.wait(), WITHIN_S)
    installing.cancel()
    await asyncio.wait([installing])
    found = environments.get("probe")
    assert (found.state, found.version, found.bytes) == ("absent", "1.0", 0)
    (left,) = [each for each in (tmp_path / "environments").iterdir() if each.is_dir()]
    assert left.suffix == ".wheels"
    (wheel,) = index.iterdir()
    assert found.kept_bytes == wheel.stat().st_size
    await environments.remove("probe")
    assert environments.get("probe").kept_bytes == 0


async def test_nothing_is_unpacked_where_there_is_no_room(
    tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    driver = CountingDriver()
    with pytest.raises(JixiError) as refused:
        await made(tmp_path, index, driver).install("probe")
    assert (refused.value.code, driver.started) == ("disk_full", 1)
