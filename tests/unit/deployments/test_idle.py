"""A deployment that nobody calls ends, and the next call brings it back and is answered."""

import asyncio
from dataclasses import replace

import psutil
import pytest

from jixi.core.errors import JixiError
from jixi.models.deployments import DeploymentSpec, Fleet, Lack, Reason, Scale
from tests.unit.deployments.fleets import (
    Bytes,
    Callers,
    GivenRoom,
    MakeFleet,
    all_ready,
    asleep,
    flying,
    gateway_before,
    stub,
    under_load,
)


async def test_after_a_quiet_time_its_engine_ends_and_the_next_call_is_answered(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet()
    callers = Callers(gateway_before(fleet))
    await fleet.start([stub(scale=Scale(idle_s=0.3))])
    pid = (await fleet.until("m", all_ready(1))).pid
    assert pid is not None
    status = await fleet.until("m", asleep)
    assert not psutil.pid_exists(pid)
    assert (status.wanted, status.restarts) == (0, 0)
    answers = await asyncio.gather(*(callers.ask(stream=stream) for stream in (True, False)))
    assert all(answers)
    assert fleet.status("m").pid not in (None, pid)


async def test_the_time_that_it_takes_to_load_is_no_time_without_calls(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    await fleet.start([stub(ready_after_s=1)])
    await fleet.until("m", all_ready(1))
    assert fleet.replicas("m")[0].unused_s() < 1


async def test_one_whose_least_is_none_is_started_by_its_first_call(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    callers = Callers(gateway_before(fleet))
    await fleet.start([stub(scale=Scale(least=0))])
    assert asleep(fleet.status("m"))
    assert await callers.ask()
    assert fleet.status("m").state == "ready"


async def test_while_a_call_runs_it_does_not_end_however_long_that_takes(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    callers = Callers(gateway_before(fleet))
    await fleet.start([stub(scale=Scale(idle_s=0.2), drip_ms=150)])
    await fleet.until("m", all_ready(1))
    asked = asyncio.create_task(callers.ask())
    await flying(fleet, 1)
    assert await asked
    await fleet.until("m", asleep)


async def test_calls_that_come_while_it_falls_asleep_are_answered(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    callers = Callers(gateway_before(fleet))
    await fleet.start([stub(scale=Scale(idle_s=0.2))])
    await fleet.until("m", all_ready(1))
    for _ in range(3):
        # Its engine is still there, but takes no more calls.
        await fleet.until("m", lambda now: now.state == "stopped")
        assert await callers.ask()


async def test_a_wait_that_takes_too_long_is_refused_with_the_time_after_which_it_is_there(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet()
    callers = Callers(gateway_before(fleet, wake_s=0.2))
    await fleet.start([stub(scale=Scale(least=0), ready_after_s=60)])
    with pytest.raises(JixiError) as refused:
        await callers.ask()
    assert (refused.value.code, refused.value.facts["state"]) == ("model_unavailable", "starting")
    assert refused.value.retry_after


async def test_a_caller_who_gives_up_waiting_leaves_no_trace_and_the_start_goes_on(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet()
    gateway = gateway_before(fleet)
    callers = Callers(gateway)
    await fleet.start([stub(scale=Scale(least=0), ready_after_s=0.3)])
    asked = asyncio.create_task(callers.ask())
    await fleet.until("m", lambda now: now.state == "starting")
    asked.cancel()
    await asyncio.wait({asked})
    assert asked.cancelled()
    assert (await fleet.until("m", all_ready(1))).state == "ready"
    await gateway.close()


async def test_one_that_cannot_start_is_not_waited_for(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    callers = Callers(gateway_before(fleet))
    await fleet.start([stub(scale=Scale(least=0), exit_at_start=3)])
    with pytest.raises(JixiError) as refused:
        await callers.ask()
    assert refused.value.code == "model_unavailable"
    assert refused.value.facts["state"] == "starting"


async def test_what_was_stopped_by_hand_is_not_woken(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    callers = Callers(gateway_before(fleet))
    await fleet.start([stub()])
    await fleet.until("m")
    await fleet.halt("m")
    with pytest.raises(JixiError) as refused:
        await callers.ask()
    assert (refused.value.code, refused.value.retry_after) == ("model_unavailable", None)


class Memory(GivenRoom):
    """Room for so many replicas over all deployments."""

    def __init__(self, replicas: int) -> None:
        super().__init__()
        self.free = replicas

    def __call__(self, spec: DeploymentSpec) -> "Memory | Lack":
        if not self.free:
            return Lack(needed=1000, free=0, without=bool)
        self.free -= 1
        return self

    def release(self) -> None:
        self.free += 1


async def started(fleet: Fleet, **scales: Scale) -> None:
    for name, scale in scales.items():
        fleet.add(replace(stub(name), scale=scale))


async def test_a_replica_without_room_waits_for_it_and_starts_when_another_has_ended(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet(room=Memory(1))
    await started(fleet, one=Scale(), two=Scale())
    await fleet.until("one")
    status = await fleet.until("two", lambda now: now.reason is not None)
    assert (status.state, status.reason) == ("pending", Reason("no_room", {"needed": 1000, "free": 0}))
    await fleet.remove("one")
    assert (await fleet.until("two")).state == "ready"


async def test_a_replica_that_waits_for_room_ends_when_it_is_stopped(make_fleet: MakeFleet) -> None:
    memory = Memory(0)
    fleet = make_fleet(room=memory)
    await started(fleet, one=Scale())
    await fleet.until("one", lambda now: now.reason is not None)
    async with asyncio.timeout(60):
        await fleet.halt("one")
    assert fleet.status("one").replicas == ()


async def test_the_idle_one_that_was_called_least_recently_makes_room_and_others_do_not(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet(room=Memory(3))
    await started(fleet, fixed=Scale(), early=Scale(idle_s=600), late=Scale(idle_s=600))
    for name in ("fixed", "early", "late"):
        await fleet.until(name)
    callers = {name: Callers(gateway_before(fleet), name) for name in ("early", "late")}
    await callers["early"].ask()
    await callers["late"].ask()
    await started(fleet, new=Scale())
    assert (await fleet.until("new")).state == "ready"
    assert asleep(fleet.status("early"))
    assert {fleet.status(name).state for name in ("fixed", "late")} == {"ready"}


async def test_an_idle_one_makes_room_while_the_calls_of_another_that_ends_go_on(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet(room=Bytes(3))
    callers = Callers(gateway_before(fleet))
    idle = replace(stub("idle", scale=Scale(idle_s=600)), memory_bytes=2)
    await fleet.start([stub(script=[{"stall_s": 60}]), idle])
    for name in ("m", "idle"):
        await fleet.until(name, all_ready(1))
    hanging = asyncio.create_task(callers.ask())
    await flying(fleet, 1)
    stopping = asyncio.create_task(fleet.halt("m"))
    await fleet.until("m", lambda now: now.state == "stopped")
    fleet.add(replace(stub("new"), memory_bytes=2))
    async with asyncio.timeout(60):
        await fleet.until("new", all_ready(1))
    assert asleep(fleet.status("idle"))
    assert not stopping.done()
    for task in (hanging, stopping):
        task.cancel()


async def test_queues_bring_more_replicas_and_quiet_takes_them_away(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    gateway = gateway_before(fleet)
    await fleet.start([stub(scale=Scale(least=1, most=3, queue=1, up_s=0.1, down_s=0.3), drip_ms=20)])
    await fleet.until("m", all_ready(1))
    async with under_load(gateway, callers=12) as callers:
        await fleet.until("m", all_ready(3))
        assert fleet.status("m").wanted == 3
    await fleet.until("m", all_ready(1))
    assert callers.failed == []
    await gateway.close()
