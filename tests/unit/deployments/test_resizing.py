"""Another number of replicas starts or ends the difference alone; what suits a revision stays as it is."""

import asyncio
from dataclasses import replace

from jixi.models.deployments import DeploymentStatus, Reason, Scale
from tests.unit.deployments.fleets import (
    QUICK,
    Bytes,
    MakeFleet,
    all_ready,
    asleep,
    ended,
    fixed,
    gateway_before,
    stub,
    under_load,
)


def pids(status: DeploymentStatus) -> list[int | None]:
    return [each.pid for each in status.replicas]


async def test_more_and_fewer_replicas_are_the_difference_alone_and_no_call_is_lost(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet()
    gateway = gateway_before(fleet)
    two = stub(scale=fixed(2), drip_ms=5)
    await fleet.start([two])
    before = await fleet.until("m", all_ready(2))
    async with under_load(gateway, callers=6) as callers:
        await callers.more(6)
        await fleet.update(replace(two, scale=fixed(4), revision=2))
        four = await fleet.until("m", all_ready(4))
        await callers.more(6)
        await fleet.update(replace(two, scale=fixed(1), revision=3))
        one = await fleet.until("m", all_ready(1))
        await callers.more(6)
        await fleet.update(two)
        back = await fleet.until("m", all_ready(2))
        await callers.more(6)
    assert callers.failed == []
    assert pids(four)[:2] == pids(before)
    assert set(pids(one)) < set(pids(four))
    assert set(pids(one)) < set(pids(back))
    for status, revision in ((four, 2), (one, 3), (back, 1)):
        assert {each.revision for each in status.replicas} == {status.revision} == {revision}
        assert status.update is not None
        assert (status.update.state, status.update.revision, status.update.replicas) == ("done", revision, 0)
        assert status.restarts == 0
    await gateway.close()


async def test_the_range_of_a_scale_is_kept_to_at_once_and_what_fits_in_it_stays(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet(replace(QUICK, look_s=100))
    two = stub(scale=fixed(2))
    await fleet.start([two])
    before = await fleet.until("m", all_ready(2))
    await fleet.update(replace(two, scale=Scale(least=1, most=3, queue=7), revision=2))
    assert pids(await fleet.until("m", all_ready(2))) == pids(before)
    await fleet.update(replace(two, scale=Scale(least=3, most=3), revision=3))
    assert pids(await fleet.until("m", all_ready(3)))[:2] == pids(before)


async def test_the_room_of_those_that_end_is_free_for_other_deployments(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(replace(QUICK, room_s=100), room=Bytes(2))
    two = stub(scale=fixed(2))
    await fleet.start([two])
    await fleet.until("m", all_ready(2))
    await fleet.start([stub("waits")])
    await fleet.until("waits", lambda now: now.reason is not None)
    await fleet.update(replace(two, scale=fixed(1), revision=2))
    await fleet.until("waits", all_ready(1))


async def test_one_that_sleeps_runs_without_a_call_once_its_least_is_one(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    none = stub(scale=Scale(least=0, idle_s=600))
    await fleet.start([none])
    await fleet.update(replace(none, scale=Scale(least=0, idle_s=300), revision=2))
    assert asleep(fleet.status("m"))
    await fleet.update(replace(none, scale=fixed(1), revision=3))
    assert (await fleet.until("m", all_ready(1))).revision == 3


async def test_with_fewer_replicas_of_something_else_no_more_are_started_than_are_wanted(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet()
    gateway = gateway_before(fleet)
    three = stub(scale=fixed(3), drip_ms=5)
    await fleet.start([three])
    await fleet.until("m", all_ready(3))
    started = set[int | None]()

    def watch(now: DeploymentStatus) -> bool:
        started.update(each.pid for each in now.replicas if each.revision == 2 and each.pid is not None)
        return ended(now) and all_ready(1)(now)

    async with under_load(gateway) as callers:
        await fleet.update(stub(scale=fixed(1), drip_ms=5, revision=2))
        status = await fleet.until("m", watch)
        await callers.more(4)
    assert callers.failed == []
    assert list(started) == pids(status)
    assert status.update is not None
    assert (status.update.state, status.update.replaced) == ("done", 3)
    await gateway.close()


async def test_who_goes_back_in_the_middle_of_an_update_ends_what_it_started_and_nothing_else(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet()
    before = stub(scale=fixed(2))
    await fleet.start([before])
    served = await fleet.until("m", all_ready(2))
    await fleet.update(stub(scale=fixed(2), revision=2, ready_after_s=60))
    await fleet.until("m", lambda now: len(now.replicas) == 3)
    seen = set[int | None]()

    def watch(now: DeploymentStatus) -> bool:
        seen.update(each.pid for each in now.replicas if each.revision == 3)
        return ended(now) and all_ready(2)(now)

    await fleet.update(replace(before, revision=3))
    status = await fleet.until("m", watch)
    assert pids(status) == pids(served)
    assert seen == set(pids(served))


async def test_a_replica_that_has_yet_to_prove_an_update_proves_none_that_only_scales_it(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet(room=Bytes(1))
    await fleet.start([stub()])
    await fleet.until("m", all_ready(1))
    broken = stub(revision=2, ready_after_s=60, start_s=0.3)
    await fleet.update(broken)
    await fleet.until("m", lambda now: [each.state for each in now.replicas] == ["starting"])
    await fleet.update(replace(broken, scale=Scale(least=1, most=2), revision=3))
    status = await fleet.until("m", lambda now: ended(now) and all_ready(1)(now))
    assert status.update is not None
    assert status.update.reason is not None
    assert (status.update.revision, status.update.reason.code, status.revision) == (3, "start_timeout", 1)


async def test_what_is_stopped_takes_another_number_and_stays_stopped(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    one = stub()
    await fleet.start([one])
    await fleet.until("m", all_ready(1))
    await fleet.halt("m")
    await fleet.update(replace(one, scale=fixed(2), revision=2))
    assert (fleet.status("m").reason, fleet.status("m").replicas) == (Reason("halted"), ())
    fleet.resume("m")
    async with asyncio.timeout(60):
        assert (await fleet.until("m", all_ready(2))).revision == 2
