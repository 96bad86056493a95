"""Engines that other processes send calls to: places over all of them, and what each says of its work."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jixi.core.errors import JixiError
from jixi.core.principal import Scope
from jixi.models.deployments import RemoteFleet, Served, Way
from jixi.models.engines import EngineConnectionError, Profile
from tests.clocks import FrozenClock

WAIT_S = 60
# Another process that holds so many places of a file until it is told to give them back.
HOLDER = """
import fcntl, sys
file = open(sys.argv[1], "ab")
fcntl.lockf(file, fcntl.LOCK_EX, int(sys.argv[2]), 0)
print("held", flush=True)
sys.stdin.read()
"""


def served(socket: Path | None, parallel: int = 2, state: str = "ready") -> Served:
    return Served(
        name="stub",
        source="stub",
        context=4096,
        parallel=parallel,
        state="ready" if state == "ready" else "starting",
        since=datetime(2026, 1, 1, tzinfo=UTC),
        profile=Profile(kinds=frozenset({Scope.CHAT})),
        retry_after=7,
        ways=() if socket is None else (Way(str(socket)),),
    )


@pytest.fixture
async def fleet(clock: FrozenClock) -> AsyncIterator[RemoteFleet]:
    made = RemoteFleet(clock)
    yield made
    await made.close()


async def test_it_routes_to_what_it_was_last_told(fleet: RemoteFleet, tmp_path: Path) -> None:
    with pytest.raises(JixiError) as unknown:
        fleet.replicas("stub")
    assert unknown.value.code == "model_not_found"
    fleet.update([served(None)])
    with pytest.raises(JixiError) as waiting:
        fleet.replicas("stub")
    assert (waiting.value.code, waiting.value.retry_after) == ("model_unavailable", 7)
    fleet.update([served(tmp_path / "1.sock")])
    (replica,) = fleet.replicas("stub")
    fleet.update([served(tmp_path / "1.sock"), served(tmp_path / "1.sock")])
    assert fleet.replicas("stub") == (replica,)
    assert [each.name for each in fleet.listings()] == ["stub"]


async def test_a_replica_that_is_doubted_for_a_while_keeps_its_calls(
    fleet: RemoteFleet, tmp_path: Path
) -> None:
    fleet.update([served(tmp_path / "1.sock")])
    (replica,) = fleet.replicas("stub")
    replica.begin()
    fleet.update([served(None)])
    await fleet.tidy()
    fleet.update([served(tmp_path / "1.sock")])
    assert fleet.replicas("stub") == (replica,)
    replica.end()
    fleet.update([served(None)])
    await fleet.tidy()
    assert fleet.work() == []


async def test_its_work_is_told_once(fleet: RemoteFleet, tmp_path: Path) -> None:
    fleet.update([served(tmp_path / "1.sock")])
    (replica,) = fleet.replicas("stub")
    replica.begin()
    replica.progress(3)
    replica.progress(4)
    (first,) = fleet.work()
    assert (first.in_flight, first.tokens, first.moves) == (1, 7, 2)
    replica.end()
    (second,) = fleet.work()
    assert (second.in_flight, second.tokens, second.moves) == (0, 0, 0)


async def test_a_call_waits_while_other_processes_have_every_place(
    fleet: RemoteFleet, tmp_path: Path
) -> None:
    socket = tmp_path / "1.sock"
    fleet.update([served(socket, parallel=2)])
    (replica,) = fleet.replicas("stub")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(socket.with_suffix(".places")), "2"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        replica.begin()
        call = asyncio.create_task(replica.client.send("/v1/chat/completions", b"{}"))
        given_up = asyncio.create_task(replica.client.send("/health", method="GET"))
        # The watch of the deployment needs no place: it is refused by the socket that is not there.
        with pytest.raises(EngineConnectionError):
            await given_up
        assert not call.done()
        holder.kill()
        async with asyncio.timeout(WAIT_S):
            with pytest.raises(EngineConnectionError):
                await call
        replica.end()


async def test_a_place_is_given_back_by_a_call_that_ends_and_by_one_that_gives_up_waiting(
    fleet: RemoteFleet, tmp_path: Path
) -> None:
    fleet.update([served(tmp_path / "1.sock", parallel=1)])
    (replica,) = fleet.replicas("stub")
    for _ in range(3):
        replica.begin()
    await replica.place()
    waiting = [asyncio.create_task(replica.place()) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.wait(waiting[:1])
    replica.end()
    assert not waiting[1].done()
    replica.end()
    async with asyncio.timeout(WAIT_S):
        await waiting[1]
    replica.end()
    assert replica.in_flight == 0


async def test_those_who_wait_for_a_place_of_an_engine_that_ends_are_told_at_once(
    fleet: RemoteFleet, tmp_path: Path
) -> None:
    fleet.update([served(tmp_path / "1.sock", parallel=1)])
    (replica,) = fleet.replicas("stub")
    for _ in range(3):
        replica.begin()
    await replica.place()
    waiting = asyncio.create_task(replica.place())
    await asyncio.sleep(0)
    await fleet.close()
    async with asyncio.timeout(WAIT_S):
        for place in (waiting, replica.place()):
            with pytest.raises(EngineConnectionError) as refused:
                await place
            assert not refused.value.reached
    for _ in range(3):
        replica.end()
    assert replica.in_flight == 0
