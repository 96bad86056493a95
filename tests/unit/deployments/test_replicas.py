"""A deployment of several replicas serves as long as one of them does, and says what befell the others."""

import asyncio
import os
import signal
from dataclasses import replace

import psutil
import pytest

from jixi.core.errors import JixiError
from jixi.models.deployments import DeploymentStatus, Fleet
from tests.unit.deployments.fleets import (
    QUICK,
    Callers,
    MakeFleet,
    all_ready,
    fixed,
    flying,
    gateway_before,
    stub,
    under_load,
)


def pids(status: DeploymentStatus) -> list[int]:
    return [each.pid for each in status.replicas if each.pid is not None]


async def started(fleet: Fleet, count: int, **options: object) -> DeploymentStatus:
    await fleet.start([stub(scale=fixed(count), **options)])
    return await fleet.until("m", all_ready(count))


async def test_every_replica_has_an_engine_of_its_own_and_takes_calls(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    status = await started(fleet, 3)
    assert [each.number for each in status.replicas] == [1, 2, 3]
    assert len(set(pids(status))) == 3
    assert len(fleet.replicas("m")) == 3
    assert (status.wanted, status.revision) == (3, 1)
    assert status.resident_bytes == sum(each.resident_bytes for each in status.replicas) > 3_000_000


async def test_one_of_several_that_is_not_ready_makes_the_deployment_degraded_with_the_reason(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet()
    status = await started(fleet, 2)
    os.kill(pids(status)[1], signal.SIGKILL)
    status = await fleet.until("m", lambda now: now.state == "degraded")
    assert status.reason is not None
    assert status.reason.code == "replicas_not_ready"
    assert {
        "ready": 1,
        "wanted": 2,
        "last": "exited",
        "signal": "SIGKILL",
    }.items() <= status.reason.facts.items()
    assert len(fleet.replicas("m")) == 1
    status = await fleet.until("m", all_ready(2))
    assert [each.restarts for each in status.replicas] == [0, 1]
    assert status.restarts == 1


async def test_killing_engines_under_load_fails_no_whole_answer_and_leaves_no_process(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet()
    gateway = gateway_before(fleet)
    status = await started(fleet, 3, drip_ms=3)
    seen = set(pids(status))
    async with under_load(gateway, callers=5, streams=False) as callers:
        for at in range(3):
            await callers.more(10)
            victim = pids(fleet.status("m"))[at]
            os.kill(victim, signal.SIGKILL)
            await fleet.until("m", lambda now, gone=victim: gone not in pids(now) and all_ready(3)(now))
            seen |= set(pids(fleet.status("m")))
        await callers.more(10)
    assert callers.failed == []
    await gateway.close()
    await fleet.stop()
    assert [pid for pid in seen if psutil.pid_exists(pid)] == []


async def test_a_replica_that_hangs_is_out_of_the_rotation_and_the_others_go_on(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet(replace(QUICK, canary_s=0.1, doubt_s=0.4))
    status = await started(fleet, 2)
    os.kill(pids(status)[0], signal.SIGSTOP)
    status = await fleet.until("m", lambda now: now.replicas[0].state == "degraded")
    assert status.replicas[0].reason is not None
    assert status.replicas[0].reason.code == "stalled"
    (left,) = fleet.replicas("m")
    assert status.state == "degraded"
    os.kill(pids(status)[0], signal.SIGCONT)
    await fleet.until("m", all_ready(2))
    assert left in fleet.replicas("m")


async def test_the_log_of_each_replica_can_be_read(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    await started(fleet, 2)
    assert fleet.log("m", 10, replica=2) == []
    with pytest.raises(JixiError) as refused:
        fleet.log("m", 10, replica=3)
    assert refused.value.code == "not_found"


async def test_what_is_halted_ends_the_calls_that_run_and_takes_no_more(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    gateway = gateway_before(fleet)
    await started(fleet, 2, drip_ms=40)
    callers = Callers(gateway)
    running = [asyncio.create_task(callers.ask(stream=stream)) for stream in (True, False, True, False)]
    await flying(fleet, 4)
    halted = asyncio.create_task(fleet.halt("m"))
    await fleet.until("m", lambda now: now.state == "stopped")
    with pytest.raises(JixiError) as refused:
        await callers.ask()
    assert refused.value.code == "model_unavailable"
    assert all(await asyncio.gather(*running))
    await halted
    assert fleet.status("m").replicas == ()
    await gateway.close()
