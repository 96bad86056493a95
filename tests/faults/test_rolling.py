"""Rolling restarts under load: every process is replaced again and again, and no caller notices."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.faults.callers import Callers
from tests.faults.checker import judge
from tests.faults.ground import Ground, ground
from tests.processes import descendants

CLIENTS = 12
STREAM_MS = 20
TWO_PROCESSES = "processes = 2\ndrain_s = 20\n"


@pytest.mark.timeout(3600)
async def test_rolling_restarts_break_no_stream_and_charge_each_once(
    tmp_path: Path, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    restarts, least = sized(2, 50), sized(200, 10_000)
    with ground(tmp_path, settings=TWO_PROCESSES, parallel=64) as place:
        # Those who were there when the price was set hear of it a moment later.
        await _replace_all(place)
        callers, enough = Callers(place, place.key), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for number in range(CLIENTS):
                group.create_task(_go_on(callers, enough, kept=number % 2 == 0))
            for _ in range(restarts):
                await _replace_all(place)
                await callers.until_acknowledged(len(callers.acknowledged) + 2 * CLIENTS)
            await callers.until_acknowledged(least, 3600)
            enough.set()
        place.until_nothing_is_held()
        verdict = await judge(place, callers)
        report(f"{restarts} restarts of 2 processes: {verdict}; {dict(callers.codes())}")
        broken = [each for each in callers.answers if not each.complete]
        assert broken == []
        assert verdict.wrong() == {}


async def _go_on(callers: Callers, enough: asyncio.Event, *, kept: bool) -> None:
    """Call after call, half of them streams; over one connection as long as it lasts, or over a new one each time."""
    stream = True
    async with callers.session() as session:
        while not enough.is_set():
            fields = {"stream": stream, "stub": {"drip_ms": STREAM_MS}}
            if kept:
                await callers.call(session, **fields)
            else:
                async with callers.session() as fresh:
                    await callers.call(fresh, **fields)
            stream = not stream


async def _replace_all(place: Ground) -> None:
    """Ask for new processes, and wait until there are no others."""
    before = _gateways(place)
    place.server.process.send_signal(signal.SIGHUP)
    _, alive = await asyncio.to_thread(psutil.wait_procs, before, 120)
    assert alive == []
    assert len(_gateways(place)) == len(before)


def _gateways(place: Ground) -> list[psutil.Process]:
    return descendants(place.server.process.pid, "jixi.server.processes")
