"""A fleet keeps its engines running, says honestly how they are, and leaves nothing behind."""

import asyncio
import json
import os
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from jixi.core.errors import JixiError
from jixi.core.principal import Scope
from jixi.models.deployments import DeploymentSpec, DeploymentStatus, Reason, Room, anywhere
from jixi.models.engines import EngineConnectionError
from tests.unit.deployments.fleets import QUICK, GivenRoom, MakeFleet, all_ready, stub

_ASK = json.dumps({"messages": [{"role": "user", "content": "hi"}], "max_tokens": 4}).encode()


@pytest.fixture
def short() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="jx-") as name:
        yield Path(name)


def back(status: DeploymentStatus) -> bool:
    """Ready again after something happened."""
    return status.state == "ready" and status.restarts > 0


async def test_a_deployment_becomes_ready_and_answers(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    await fleet.start([stub()])
    status = await fleet.until("m")
    assert (status.state, status.reason, status.restarts) == ("ready", None, 0)
    assert status.kinds == {Scope.CHAT, Scope.COMPLETIONS, Scope.EMBEDDINGS, Scope.RERANK}
    assert status.resident_bytes > 1_000_000
    replica = fleet.replicas("m")[0]
    response = await replica.client.send("/v1/chat/completions", _ASK)
    assert json.loads(await response.read())["model"] == "m"
    assert replica.context == 4096


async def test_a_model_that_does_not_exist_is_not_found(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    for ask in (fleet.replicas, fleet.status, fleet.log):
        with pytest.raises(JixiError) as refused:
            ask("ghost")
        assert refused.value.code == "model_not_found"
    with pytest.raises(JixiError):
        await fleet.restart("ghost")


async def test_a_deployment_that_is_not_ready_says_when_to_come_again(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    await fleet.start([stub(ready_after_s=60)])
    await fleet.until("m", lambda status: status.state == "starting")
    with pytest.raises(JixiError) as refused:
        fleet.replicas("m")[0]
    assert refused.value.code == "model_unavailable"
    assert refused.value.facts["state"] == "starting"
    assert refused.value.retry_after


async def test_two_deployments_of_one_name_are_refused(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    with pytest.raises(JixiError) as refused:
        await fleet.start([stub(), stub()])
    assert refused.value.code == "name_taken"
    assert fleet.models() == []
    await fleet.start([stub()])
    for again in (fleet.add, fleet.expect):
        with pytest.raises(JixiError) as refused:
            again(stub())
        assert refused.value.code == "name_taken"


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        (replace(stub("bad"), engine="warp"), "unknown_extension"),
        (stub("bad", colour="red"), "invalid_value"),
        (replace(stub("bad"), engine="llamacpp", options={}), "invalid_value"),
    ],
)
async def test_a_deployment_that_cannot_work_stops_the_start_of_all(
    make_fleet: MakeFleet, spec: DeploymentSpec, code: str
) -> None:
    fleet = make_fleet()
    with pytest.raises(JixiError) as refused:
        await fleet.start([stub(), spec])
    assert refused.value.code == code
    assert fleet.models() == []


async def test_a_killed_engine_comes_back_and_the_reason_is_kept(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    await fleet.start([stub()])
    first = await fleet.until("m")
    assert first.pid is not None
    os.kill(first.pid, signal.SIGKILL)
    fallen = await fleet.until("m", lambda status: status.reason is not None)
    assert fallen.state == "starting"
    assert fallen.reason == Reason("exited", {"status": -9, "line": "", "signal": "SIGKILL"})
    with pytest.raises(JixiError):
        fleet.replicas("m")[0]
    status = await fleet.until("m", back)
    assert status.pid != first.pid
    assert status.last_failure == fallen.reason
    assert status.reason is None
    response = await fleet.replicas("m")[0].client.send("/v1/chat/completions", _ASK)
    assert response.status == 200


async def test_the_log_of_a_crash_can_be_read_after_the_restart(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    await fleet.start([stub(exit_at_start=7)])
    status = await fleet.until("m")
    assert status.reason is not None
    assert "the script says to end with 7" in fleet.log("m")
    assert fleet.log("m", 1) == [status.reason.facts["line"]]


async def test_an_engine_that_never_gets_ready_is_given_up(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    await fleet.start([stub(exit_at_start=7)])
    status = await fleet.until("m")
    assert status.state == "failed"
    assert status.restarts == 2
    assert status.reason is not None
    assert status.reason.code == "crash_loop"
    assert status.reason.facts["crashes"] == 3
    assert status.reason.facts["status"] == 7
    with pytest.raises(JixiError) as refused:
        fleet.replicas("m")[0]
    assert refused.value.retry_after is None


async def test_a_person_can_restart_what_was_given_up(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    await fleet.start([stub(exit_at_start=7)])
    await fleet.until("m")
    await fleet.restart("m")
    assert fleet.status("m").state == "starting"
    status = await fleet.until("m")
    assert (status.state, status.restarts) == ("failed", 5)


async def test_a_restart_brings_back_what_an_unforeseen_error_ended(make_fleet: MakeFleet) -> None:
    errors = [ValueError("a file that nobody foresaw")]

    def room(spec: DeploymentSpec) -> Room:
        if errors:
            raise errors.pop()
        return anywhere(spec)

    fleet = make_fleet(room=room)
    await fleet.start([stub()])
    status = await fleet.until("m")
    assert (status.state, status.reason) == (
        "failed",
        Reason("cannot_start", {"cause": "a file that nobody foresaw"}),
    )
    await fleet.restart("m")
    async with asyncio.timeout(60):
        await fleet.until("m", all_ready(1))


async def test_a_restart_that_was_asked_for_is_no_failure(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    await fleet.start([stub()])
    before = await fleet.until("m")
    await fleet.restart("m")
    after = await fleet.until("m", back)
    assert after.pid != before.pid
    assert after.last_failure is None


async def test_an_engine_that_loads_for_too_long_is_started_again(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    await fleet.start([stub(start_s=0.3, ready_after_s=60)])
    status = await fleet.until("m")
    assert status.reason is not None
    assert status.reason.facts["last"] == "start_timeout"
    assert status.reason.facts["seconds"] == 0.3


async def test_a_frozen_engine_is_noticed_by_the_calls_that_wait(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    await fleet.start([stub(stall_s=0.4)])
    first = await fleet.until("m")
    assert first.pid is not None
    replica = fleet.replicas("m")[0]
    os.kill(first.pid, signal.SIGSTOP)
    replica.begin()
    call = asyncio.create_task(replica.client.send("/v1/chat/completions", _ASK))
    fallen = await fleet.until("m", lambda status: status.last_failure is not None)
    assert fallen.last_failure == Reason("stalled", {"seconds": 0.4, "in_flight": 1})
    with pytest.raises(EngineConnectionError):
        await call
    replica.end()
    assert (await fleet.until("m", back)).pid != first.pid


async def test_a_stall_inside_a_healthy_engine_is_noticed_too(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    await fleet.start([stub(stall_s=0.4, script=[{"stall_s": 60}])])
    await fleet.until("m")
    replica = fleet.replicas("m")[0]
    replica.begin()
    call = asyncio.create_task(replica.client.send("/v1/chat/completions", _ASK))
    status = await fleet.until("m", back)
    assert status.last_failure is not None
    assert status.last_failure.code == "stalled"
    with pytest.raises(EngineConnectionError):
        await call


async def test_slow_work_that_moves_is_left_alone(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    await fleet.start([stub(stall_s=0.4, drip_ms=50)])
    await fleet.until("m")
    replica = fleet.replicas("m")[0]
    replica.begin()
    body = json.dumps({"messages": [], "max_tokens": 30}).encode()
    response = await replica.client.send("/v1/chat/completions", body)
    assert json.loads(await response.read())["usage"]["completion_tokens"] == 30
    replica.end()
    assert fleet.status("m").restarts == 0


async def test_an_idle_engine_that_froze_is_found_by_the_canary(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(replace(QUICK, canary_s=0.1))
    await fleet.start([stub(stall_s=0.4)])
    first = await fleet.until("m")
    assert first.pid is not None
    os.kill(first.pid, signal.SIGSTOP)
    status = await fleet.until("m", back)
    assert status.last_failure is not None
    assert status.last_failure.code == "canary_failed"


@pytest.mark.parametrize("busy", [True, False])
async def test_an_engine_that_froze_gets_no_calls_until_it_moves_again(
    make_fleet: MakeFleet, busy: bool
) -> None:
    fleet = make_fleet(replace(QUICK, canary_s=0.1, doubt_s=0.4))
    await fleet.start([stub()])
    first = await fleet.until("m")
    assert first.pid is not None
    replica = fleet.replicas("m")[0]
    os.kill(first.pid, signal.SIGSTOP)
    if busy:
        replica.begin()
    doubted = await fleet.until("m", lambda status: status.state == "degraded")
    assert doubted.reason is not None
    assert doubted.reason.code == "stalled"
    with pytest.raises(JixiError):
        fleet.replicas("m")
    os.kill(first.pid, signal.SIGCONT)
    if busy:
        replica.progress(1)
        replica.end()
    trusted = await fleet.until("m", lambda status: status.state == "ready")
    assert (trusted.pid, trusted.restarts, fleet.replicas("m")[0]) == (first.pid, 0, replica)


async def test_a_model_being_fetched_is_shown_and_started_when_it_is_there(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    fleet.expect(stub(), reason=Reason("fetching", {"percent": 1}))
    fleet.expect(stub(), reason=Reason("fetching", {"percent": 50}))
    waiting = asyncio.create_task(fleet.until("m"))
    status = fleet.status("m")
    assert (status.state, status.reason) == ("pulling", Reason("fetching", {"percent": 50}))
    with pytest.raises(JixiError):
        fleet.replicas("m")[0]
    fleet.add(stub())
    assert (await waiting).state == "ready"
    assert len(fleet.models()) == 1


async def test_stopping_ends_every_engine_even_a_frozen_one(make_fleet: MakeFleet, tmp_path: Path) -> None:
    fleet = make_fleet()
    await fleet.start(
        [stub("one"), stub("two"), stub("slow", ready_after_s=60), stub("bad", exit_at_start=1)]
    )
    pids = [(await fleet.until(name)).pid for name in ("one", "two")]
    pids.append(fleet.status("slow").pid)
    processes = [psutil.Process(pid) for pid in pids if pid]
    assert len(processes) == 3
    processes[0].send_signal(signal.SIGSTOP)
    await fleet.stop()
    await fleet.stop()
    assert not any(process.is_running() for process in processes)
    assert {status.state for status in fleet.models()} == {"stopped"}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("end", ["halt", "remove", "stop"])
async def test_an_engine_that_is_being_killed_has_gone_before_its_room_is_given_back(
    make_fleet: MakeFleet, end: str
) -> None:
    room = WatchedRoom()
    fleet = make_fleet(room=room)
    await fleet.start([stub(start_s=0.3, ready_after_s=60)])
    async with asyncio.timeout(60):
        while (pid := fleet.status("m").pid) is None:
            await asyncio.sleep(0)
    room.engine = psutil.Process(pid)
    room.engine.suspend()
    # It has been asked to end, which it cannot hear.
    await fleet.until("m", lambda status: status.reason is not None)
    assert room.engine.is_running()
    await (fleet.stop() if end == "stop" else getattr(fleet, end)("m"))
    assert not room.engine.is_running()
    assert room.given_back_amid == [False]


async def test_a_deep_folder_gives_way_to_a_short_path_for_sockets(
    make_fleet: MakeFleet, tmp_path: Path
) -> None:
    fleet = make_fleet(run_dir=tmp_path / ("d" * 120))
    await fleet.start([stub()])
    assert (await fleet.until("m")).state == "ready"


async def test_what_a_killed_house_left_behind_is_removed(make_fleet: MakeFleet, short: Path) -> None:
    gone, alive, strange = (
        short / name for name in ("jixi-999999999-x", f"jixi-{os.getpid()}-x", "jixi-y-x")
    )
    for folder in (gone, alive, strange):
        folder.mkdir(parents=True)
    make_fleet(run_dir=short)
    assert [folder.exists() for folder in (gone, alive, strange)] == [False, True, True]


async def test_what_was_halted_stays_so_until_it_is_resumed(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    await fleet.start([stub()])
    await fleet.until("m")
    await fleet.halt("m")
    status = fleet.status("m")
    assert (status.state, status.reason) == ("stopped", Reason("halted"))
    with pytest.raises(JixiError) as refused:
        fleet.replicas("m")
    assert refused.value.retry_after is None
    fleet.resume("m")
    assert (await fleet.until("m", lambda now: now.state == "ready")).pid != status.pid


async def test_a_removed_deployment_is_forgotten_and_its_name_is_free(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    await fleet.start([stub()])
    pid = (await fleet.until("m")).pid
    assert pid is not None
    await fleet.remove("m")
    assert fleet.models() == []
    assert not psutil.pid_exists(pid)
    fleet.add(stub())
    assert (await fleet.until("m")).state == "ready"


async def test_who_follows_is_told_of_every_deployment_that_changed_and_of_those_that_went(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet()
    fleet.expect(stub("one"))
    changes = fleet.changes()
    assert await anext(changes) == {"one"}
    fleet.expect(stub("two"))
    fleet.expect(stub("one"), "failed")
    assert await anext(changes) == {"one", "two"}
    await fleet.remove("one")
    assert await anext(changes) == {"one"}
    await changes.aclose()


class WatchedRoom(GivenRoom):
    """Room for all. Notes for each that is given back whether the engine was still there."""

    def __init__(self) -> None:
        super().__init__()
        self.engine: psutil.Process | None = None
        self.given_back_amid: list[bool] = []

    def __call__(self, spec: DeploymentSpec) -> "WatchedRoom":
        return self

    def release(self) -> None:
        self.given_back_amid.append(self.engine is not None and self.engine.is_running())


async def test_while_an_engine_ends_for_a_restart_no_call_is_routed_to_it(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    await fleet.start([stub()])
    pid = (await fleet.until("m")).pid
    await fleet.restart("m")

    def is_spared(now: DeploymentStatus) -> bool:
        return now.pid == pid and not fleet.served()[0].ways

    async with asyncio.timeout(60):
        await fleet.until("m", is_spared)


async def test_a_full_disk_keeps_no_engine_from_ending(make_fleet: MakeFleet, short: Path) -> None:
    fleet = make_fleet(run_dir=short, shared=True)
    (sockets,) = short.iterdir()
    # What other processes are told of the engine is written there.
    (sockets / "0.places").symlink_to("/dev/full")
    await fleet.start([stub()])
    pid = (await fleet.until("m")).pid
    assert pid is not None
    await fleet.remove("m")
    assert not psutil.pid_exists(pid)
