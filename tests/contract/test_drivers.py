"""What every driver keeps: a clean start, its words, its end, and nothing left behind.

The driver of a Ray cluster keeps it on a real one of two nodes on this machine.
"""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from jixi.compute.drivers import Command, Driver, Needs, ProcessDriver, Site
from jixi.compute.drivers.ray import RayDriver
from jixi.core.errors import JixiError
from tests.cluster import RayCluster

pytestmark = pytest.mark.asyncio(loop_scope="module")
_WAIT_S = 60


@pytest_asyncio.fixture(params=["process", "ray"], scope="module", loop_scope="module")
async def driver(request: pytest.FixtureRequest) -> AsyncIterator[Driver]:
    if request.param == "process":
        yield ProcessDriver()
        return
    cluster: RayCluster = request.getfixturevalue("ray_nodes")
    made = RayDriver(cluster.address, {})
    yield made
    await made.close()


def python(code: str, *arguments: str) -> Command:
    return Command(argv=(sys.executable, "-c", code, *arguments), env={"PYTHONUNBUFFERED": "1"})


async def test_a_program_reports_its_status_to_all_who_wait(driver: Driver) -> None:
    process = await driver.start("exit", python("raise SystemExit(7)"))
    async with asyncio.timeout(_WAIT_S):
        assert await asyncio.gather(process.wait(), process.wait()) == [7, 7]
        assert await process.wait() == 7


async def test_both_outputs_are_in_the_log_oldest_first(driver: Driver) -> None:
    process = await driver.start("words", python("import sys; print('one'); print('two', file=sys.stderr)"))
    async with asyncio.timeout(_WAIT_S):
        await process.wait()
    assert process.log() == ["one", "two"]
    assert process.log(1) == ["two"]
    assert process.log(0) == []


async def test_the_log_stays_small_whatever_is_printed(driver: Driver) -> None:
    process = await driver.start("flood", python("print('x' * 9_000_000); print(*range(90_000), sep='\\n')"))
    async with asyncio.timeout(_WAIT_S):
        await process.wait()
    lines = process.log(1_000_000)
    assert lines[-1] == "89999"
    assert len(lines) <= 1000
    assert max(map(len, lines)) <= 4096


async def test_a_missing_program_is_refused_with_the_reason(driver: Driver) -> None:
    with pytest.raises(JixiError) as refused:
        await driver.start("ghost", Command(argv=("/nowhere/ghost",)))
    assert refused.value.code == "engine_error"
    assert "ghost" in str(refused.value)


async def test_a_program_sees_no_variable_of_ours_but_those_it_was_given(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JIXI_SECRET", "hidden")
    command = python("import os; print(*sorted(os.environ))")
    process = await driver.start("env", Command(argv=command.argv, env={"GIVEN": "1"}))
    async with asyncio.timeout(_WAIT_S):
        await process.wait()
    assert set(process.log()[0].split()) <= {"GIVEN", "HOME", "LANG", "LC_CTYPE", "PATH"}
    assert "GIVEN" in process.log()[0]


async def test_arguments_are_never_read_by_a_shell(driver: Driver) -> None:
    nasty = "; echo gotcha > /tmp/x $(id) `id` *"
    process = await driver.start("argv", python("import sys; print(sys.argv[1])", nasty))
    async with asyncio.timeout(_WAIT_S):
        await process.wait()
    assert process.log() == [nasty]


async def test_a_polite_program_may_tidy_up_when_it_is_stopped(driver: Driver) -> None:
    code = "import signal, sys; signal.signal(15, lambda *_: sys.exit(3)); print('up'); signal.pause()"
    process = await driver.start("polite", python(code))
    async with asyncio.timeout(_WAIT_S):
        await said(process.log, "up")
        await process.stop(10)
        assert await process.wait() == 3
        await process.stop(10)


async def test_a_deaf_program_is_killed_with_all_its_children(driver: Driver) -> None:
    code = (
        "import os, signal; signal.signal(15, signal.SIG_IGN); child = os.fork()\n"
        "if child: print(child)\n"
        "while True: signal.pause()"
    )
    process = await driver.start("deaf", python(code))
    async with asyncio.timeout(_WAIT_S):
        await said(process.log, "")
        child = psutil.Process(int(process.log()[0]))
        await asyncio.gather(process.stop(0.2), process.stop(0.2))
        assert await process.wait() == -signal.SIGKILL
    assert ended(child)


async def test_a_deaf_program_is_killed_though_nobody_waits_for_it_any_more(driver: Driver) -> None:
    code = "import signal; signal.signal(15, signal.SIG_IGN); print('up')\nwhile True: signal.pause()"
    process = await driver.start("left", python(code))
    async with asyncio.timeout(_WAIT_S):
        await said(process.log, "up")
        stopping = asyncio.create_task(process.stop(1))
        await asyncio.sleep(0)
        stopping.cancel()
        assert await process.wait() == -signal.SIGKILL


async def test_a_crash_takes_the_children_along(driver: Driver) -> None:
    code = (
        "import os, signal; child = os.fork()\nif child: print(child); os.abort()\nwhile True: signal.pause()"
    )
    process = await driver.start("crash", python(code))
    async with asyncio.timeout(_WAIT_S):
        assert await process.wait() == -signal.SIGABRT
    children = [int(line) for line in process.log() if line.isdigit()]
    assert not children or not psutil.pid_exists(children[0]) or ended(psutil.Process(children[0]))


async def test_a_runaway_grandchild_does_not_hold_up_the_end(driver: Driver) -> None:
    code = (
        "import os, time\nheard, told = os.pipe()\n"
        "if os.fork() == 0: os.setsid(); print(os.getpid(), flush=True); os.write(told, b'x'); time.sleep(60)\n"
        "os.read(heard, 1)"
    )
    process = await driver.start("runaway", python(code))
    async with asyncio.timeout(_WAIT_S):
        assert await process.wait() == 0
    psutil.Process(int(process.log()[0])).kill()


async def test_memory_is_counted_while_it_runs_and_zero_after(driver: Driver) -> None:
    process = await driver.start("memory", python("x = b'x' * 50_000_000; print('up'); input()"))
    async with asyncio.timeout(_WAIT_S):
        await said(process.log, "up")
        assert process.resident_bytes() > 50_000_000
        await process.stop(1)
    assert process.resident_bytes() == 0


async def test_a_command_may_depend_on_where_it_runs(driver: Driver) -> None:
    told: list[Site] = []

    def order(site: Site) -> Command:
        told.append(site)
        listen = (
            "import socket, sys; s = socket.create_server((sys.argv[1], int(sys.argv[2]))); print('free')"
        )
        return python(listen, site.host, str(site.port))

    process = await driver.start("site", order)
    async with asyncio.timeout(_WAIT_S):
        assert await process.wait() == 0
    assert process.log() == ["free"]
    assert len(told) == 1


async def test_what_goes_wrong_with_the_command_starts_nothing(driver: Driver) -> None:
    def order(site: Site) -> Command:
        raise ValueError(site.host)

    with pytest.raises(ValueError, match="127"):
        await driver.start("undecided", order)


async def test_a_file_that_is_not_there_is_named(driver: Driver, tmp_path: Path) -> None:
    present, missing = tmp_path / "here", tmp_path / "not-here"
    present.touch()
    process = await driver.start("files", python("print('up')"), Needs(files=(present,)))
    async with asyncio.timeout(_WAIT_S):
        assert await process.wait() == 0
    with pytest.raises(JixiError) as refused:
        await driver.start("files", python("print('up')"), Needs(files=(present, missing)))
    assert refused.value.code == "node_lacks_file"
    assert refused.value.facts["path"] == str(missing)


async def said(log: Callable[[], list[str]], words: str) -> None:
    """Wait until the program has said something that contains `words`."""
    while not any(words in line for line in log()):
        await asyncio.sleep(0)


def ended(process: psutil.Process) -> bool:
    try:
        process.wait(_WAIT_S)
    except psutil.TimeoutExpired:
        return process.status() == psutil.STATUS_ZOMBIE
    return True
