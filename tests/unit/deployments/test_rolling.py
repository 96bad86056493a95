"""An update to another revision loses no call, and one that cannot work changes nothing."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from jixi.compute.drivers.ray import RayDriver
from jixi.core.clock import SystemClock
from jixi.core.errors import JixiError
from jixi.models.deployments import DeploymentSpec, DeploymentStatus, Fleet, Lack, Reason, Scale
from jixi.models.engines import engine_registry
from tests.cluster import RayCluster
from tests.unit.deployments.fleets import (
    QUICK,
    Bytes,
    Callers,
    GivenRoom,
    MakeFleet,
    all_ready,
    ended,
    fixed,
    flying,
    gateway_before,
    stub,
    under_load,
)


def say(words: str, count: int, revision: int, **options: object) -> DeploymentSpec:
    """A revision that is known by its words."""
    script = [{"say": words}]
    return stub(scale=fixed(count), revision=revision, script=script, repeat=True, **options)


async def test_every_replica_is_replaced_under_load_without_a_failed_or_cut_call(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet()
    gateway = gateway_before(fleet)
    await fleet.start([stub(scale=fixed(2), drip_ms=5)])
    await fleet.until("m", all_ready(2))
    async with under_load(gateway, callers=6) as callers:
        for revision in (2, 3):
            await callers.more(6)
            await fleet.update(stub(scale=fixed(2), drip_ms=5, revision=revision))
            status = await fleet.until("m", ended)
            assert status.update is not None
            assert (status.update.state, status.update.replaced, status.update.revision) == (
                "done",
                2,
                revision,
            )
            assert [each.revision for each in status.replicas] == [revision] * 2
        await callers.more(6)
    assert callers.failed == []
    assert status.restarts == 0
    await gateway.close()


async def test_while_it_runs_there_are_never_fewer_replicas_than_before(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    await fleet.start([stub(scale=fixed(2))])
    await fleet.until("m", all_ready(2))
    await fleet.update(stub(scale=fixed(2), revision=2))
    fewest = [2]

    def watch(status: DeploymentStatus) -> bool:
        fewest.append(len(fleet.replicas("m")))
        return ended(status)

    await fleet.until("m", watch)
    assert min(fewest) == 2


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"exit_at_start": 3}, "exited"),
        ({"ready_after_s": 60, "start_s": 0.3}, "start_timeout"),
    ],
)
async def test_a_revision_that_does_not_get_ready_leaves_the_old_one_as_it_was(
    make_fleet: MakeFleet, options: dict[str, object], code: str
) -> None:
    fleet = make_fleet()
    gateway = gateway_before(fleet)
    await fleet.start([stub(scale=fixed(2))])
    before = await fleet.until("m", all_ready(2))
    async with under_load(gateway) as callers:
        await fleet.update(stub(scale=fixed(2), revision=2, **options))
        await fleet.until("m", lambda now: now.update is not None and now.update.state == "failed")
        after = await fleet.until("m", all_ready(2))
        await callers.more(4)
    assert callers.failed == []
    assert after.update is not None
    assert after.update.reason is not None
    assert (after.update.reason.code, after.update.replaced, after.revision) == (code, 0, 1)
    assert [each.pid for each in after.replicas] == [each.pid for each in before.replicas]
    await gateway.close()


async def test_a_revision_whose_second_replica_fails_is_rolled_back_whole(
    make_fleet: MakeFleet, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fleet = make_fleet(replace(QUICK, room_s=0.1))
    await fleet.start([say("old", 2, 1)])
    await fleet.until("m", all_ready(2))
    port = await _a_port()
    # The first replica takes the port; the second ends because it is taken.
    await fleet.update(say("new", 2, 2, port=port))
    await fleet.until("m", lambda now: now.update is not None and now.update.state == "failed")
    status = await fleet.until(
        "m", lambda now: ended(now) and [each.revision for each in now.replicas] == [1, 1]
    )
    assert status.update is not None
    assert (status.update.replaced, status.revision) == (1, 1)
    gateway = gateway_before(fleet)
    callers = Callers(gateway)
    assert (await callers.ask(stream=True)).startswith("old")
    await gateway.close()


async def test_where_there_is_no_room_for_one_more_calls_wait_until_the_new_one_is_ready(
    make_fleet: MakeFleet,
) -> None:
    room = OneRoom()
    fleet = make_fleet(room=room)
    gateway = gateway_before(fleet)
    await fleet.start([stub(drip_ms=2)])
    await fleet.until("m", all_ready(1))
    async with under_load(gateway) as callers:
        await callers.more(4)
        await fleet.update(stub(drip_ms=2, revision=2))
        status = await fleet.until("m", ended)
        await callers.more(4)
    assert status.update is not None
    assert (status.update.state, status.revision) == ("done", 2)
    assert callers.failed == []
    assert room.most == 1
    await gateway.close()


async def test_without_room_calls_wait_for_the_old_revision_to_come_back(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(room=OneRoom())
    gateway = gateway_before(fleet)
    await fleet.start([stub()])
    await fleet.until("m", all_ready(1))
    async with under_load(gateway) as callers:
        await callers.more(4)
        await fleet.update(stub(revision=2, exit_at_start=3))
        await fleet.until("m", lambda now: now.update is not None and now.update.state == "failed")
        await fleet.until("m", all_ready(1))
        await callers.more(4)
    assert callers.failed == []
    assert fleet.status("m").revision == 1
    await gateway.close()


@pytest.mark.parametrize(("faults", "revision"), [({}, 2), ({"exit_at_start": 3}, 1)])
async def test_the_room_that_an_update_makes_is_not_given_to_another_deployment(
    make_fleet: MakeFleet, faults: dict[str, int], revision: int
) -> None:
    fleet = make_fleet(room=OneRoom())
    await fleet.start([stub()])
    await fleet.until("m", all_ready(1))
    await fleet.start([stub("waits")])
    await fleet.until("waits", lambda now: now.reason is not None)
    taken = asyncio.create_task(fleet.until("waits", lambda now: now.state != "pending"))
    await fleet.update(stub(revision=2, **faults))
    status = await fleet.until("m", lambda now: ended(now) and all_ready(1)(now))
    assert [each.revision for each in status.replicas] == [status.revision] == [revision]
    assert not taken.done()
    await fleet.halt("m")
    await taken


async def test_what_an_update_leaves_goes_to_another_deployment_when_it_is_over(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet(replace(QUICK, room_s=100), room=OneRoom(2))
    await fleet.start([stub()])
    await fleet.until("m", all_ready(1))
    await fleet.update(stub(revision=2, ready_after_s=1))
    await fleet.until("m", lambda now: [each.state for each in now.replicas] == ["ready", "starting"])
    await fleet.start([stub("waits")])
    await fleet.until("waits", lambda now: now.reason is not None)
    await fleet.until("waits", all_ready(1))
    assert fleet.status("m").revision == 2


@pytest.mark.timeout(240)
async def test_on_a_full_cluster_the_old_replica_goes_first(ray_nodes: RayCluster, tmp_path: Path) -> None:
    driver = RayDriver(ray_nodes.address, {}, room_s=20)
    fleet = Fleet(driver, engine_registry(), tmp_path, SystemClock(), QUICK)
    node = {"cpus": 2.0, "start_s": 60.0}
    try:
        await fleet.start([replace(stub("beside"), **node), replace(stub(), **node)])
        for name in ("beside", "m"):
            await fleet.until(name, all_ready(1))
        await fleet.update(replace(stub(revision=2), **node))
        status = await fleet.until("m", lambda now: ended(now) and all_ready(1)(now))
    finally:
        await fleet.stop()
        await driver.close()
    assert status.update is not None
    assert (status.update.state, status.update.reason, status.revision) == ("done", None, 2)


@pytest.mark.timeout(300)
async def test_a_replica_for_which_a_node_is_sought_keeps_no_update_from_the_others(
    ray_nodes: RayCluster, tmp_path: Path
) -> None:
    driver = RayDriver(ray_nodes.address, {}, room_s=30)
    fleet = Fleet(driver, engine_registry(), tmp_path, SystemClock(), replace(QUICK, doubt_s=100))
    before = replace(stub(scale=fixed(3)), cpus=2, start_s=60)
    try:
        await fleet.start([before])
        # The third has been told that no node fits, and seeks one again.
        await fleet.until(
            "m",
            lambda now: (
                sorted(each.state for each in now.replicas) == ["ready", "ready", "starting"]
                and now.last_failure is not None
            ),
        )
        await fleet.update(replace(before, revision=2, options={"seed": 2}))
        status = await fleet.until("m", lambda now: now.update is not None and now.update.state != "running")
        serving = [each.revision for each in status.replicas if each.state == "ready"]
    finally:
        await fleet.stop()
        await driver.close()
    assert status.update is not None
    assert (status.update.state, status.update.reason, serving) == ("done", None, [2, 2])


async def test_without_room_calls_wait_though_another_update_takes_over(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(room=OneRoom())
    gateway = gateway_before(fleet)
    await fleet.start([stub()])
    await fleet.until("m", all_ready(1))
    async with under_load(gateway) as callers:
        await callers.more(4)
        await fleet.update(stub(revision=2, ready_after_s=60))
        await fleet.until("m", lambda now: [each.state for each in now.replicas] == ["starting"])
        await fleet.update(stub(revision=3))
        status = await fleet.until("m", lambda now: ended(now) and all_ready(1)(now))
        await callers.more(4)
    assert callers.failed == []
    assert status.revision == 3
    await gateway.close()


async def test_an_update_that_lacks_more_than_its_old_replica_gave_back_ends_an_idle_deployment(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet(replace(QUICK, room_s=5), room=Bytes(3))
    await fleet.start([replace(stub(), memory_bytes=2), stub("idle", scale=Scale(idle_s=600))])
    for name in ("m", "idle"):
        await fleet.until(name, all_ready(1))
    await fleet.update(replace(stub(revision=2), memory_bytes=3))
    status = await fleet.until("m", lambda now: ended(now) and all_ready(1)(now))
    assert status.update is not None
    assert (status.update.state, status.update.reason, status.revision) == ("done", None, 2)
    assert fleet.status("idle").reason == Reason("idle")


async def test_an_update_that_its_old_replica_gives_room_enough_ends_no_idle_deployment(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet(replace(QUICK, room_s=5), room=Bytes(2))
    await fleet.start([stub(), stub("idle", scale=Scale(idle_s=600))])
    for name in ("m", "idle"):
        before = await fleet.until(name, all_ready(1))
    await fleet.update(stub(revision=2))
    status = await fleet.until("m", lambda now: ended(now) and all_ready(1)(now))
    assert (status.revision, fleet.status("idle").pid) == (2, before.pid)


async def test_what_other_replicas_hold_keeps_no_update_from_what_its_next_one_lacks(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet(replace(QUICK, room_s=5), room=Bytes(4))
    await fleet.start([stub(scale=fixed(2)), stub("idle", scale=Scale(idle_s=600))])
    await fleet.until("m", all_ready(2))
    await fleet.until("idle", all_ready(1))
    await fleet.update(replace(stub(scale=fixed(2), revision=2), memory_bytes=2))
    status = await fleet.until("m", lambda now: ended(now) and all_ready(2)(now))
    assert (status.revision, fleet.status("idle").reason) == (2, Reason("idle"))


async def test_a_replica_that_waits_for_room_keeps_no_update_from_the_others(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(room=OneRoom(2))
    await fleet.start([stub(scale=fixed(3))])
    await fleet.until("m", _two_of_three)
    await fleet.update(stub(scale=fixed(3), revision=2))
    status = await fleet.until(
        "m", lambda now: now.update is not None and now.update.state != "running" and _two_of_three(now)
    )
    assert status.update is not None
    assert (status.update.state, status.update.reason, status.update.replaced) == ("done", None, 3)
    assert [each.revision for each in status.replicas] == [2, 2, 2]


async def test_what_is_stopped_after_an_update_was_done_does_not_undo_that(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(replace(QUICK, room_s=100), room=OneRoom(2))
    await fleet.start([stub(scale=fixed(2))])
    await fleet.until("m", all_ready(2))
    # The update is done, and what it brings beyond has no room yet.
    await fleet.update(stub(scale=fixed(3), revision=2))
    await fleet.until("m", lambda now: now.update is not None and now.update.state == "done")
    await fleet.halt("m")
    update = fleet.status("m").update
    assert update is not None
    assert (update.state, update.reason, update.revision) == ("done", None, 2)


async def test_an_update_takes_the_place_of_one_that_runs(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    await fleet.start([stub(scale=fixed(2))])
    await fleet.until("m", all_ready(2))
    await fleet.update(stub(scale=fixed(2), revision=2, ready_after_s=60))
    await fleet.until("m", lambda now: len(now.replicas) == 3)
    await fleet.update(stub(scale=fixed(2), revision=3))
    status = await fleet.until("m", lambda now: ended(now) and all_ready(2)(now))
    assert [each.revision for each in status.replicas] == [3, 3]


async def test_what_is_stopped_in_the_middle_of_an_update_stays_so_and_the_old_revision_comes_back(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet()
    await fleet.start([stub()])
    await fleet.until("m")
    await fleet.update(stub(revision=2, ready_after_s=60))
    await fleet.until("m", lambda now: len(now.replicas) == 2)
    await fleet.halt("m")
    status = fleet.status("m")
    assert (status.state, status.replicas) == ("stopped", ())
    assert status.update is not None
    assert (status.update.state, status.update.reason) == ("failed", Reason("halted"))
    fleet.resume("m")
    assert (await fleet.until("m", all_ready(1))).revision == 1


async def test_an_update_that_makes_no_sense_is_refused_and_begins_nothing(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    await fleet.start([stub()])
    for wrong, code in ((stub(colour="red"), "invalid_value"), (stub("ghost"), "model_not_found")):
        with pytest.raises(JixiError) as refused:
            await fleet.update(wrong)
        assert refused.value.code == code
    assert fleet.status("m").update is None


async def test_calls_that_take_longer_than_a_drain_may_are_cut(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(replace(QUICK, drain_s=0.3))
    gateway = gateway_before(fleet)
    await fleet.start([stub(script=[{"stall_s": 60, "stall_at": 2}])])
    await fleet.until("m")
    callers = Callers(gateway)
    hanging = asyncio.create_task(callers.ask(stream=True))
    await flying(fleet, 1)
    await fleet.update(stub(revision=2))
    await fleet.until("m", ended)
    with pytest.raises(AssertionError):
        await hanging
    await gateway.close()


class _Given(GivenRoom):
    def __init__(self, room: "OneRoom") -> None:
        super().__init__()
        self._room = room

    def release(self) -> None:
        self._room.taken -= 1


class OneRoom:
    """Room for one replica, or a few."""

    def __init__(self, count: int = 1) -> None:
        self.taken = self.most = 0
        self._count = count

    def __call__(self, spec: DeploymentSpec) -> _Given | Lack:
        if self.taken == self._count:
            return Lack(needed=2, free=1, without=bool)
        self.taken += 1
        self.most = max(self.most, self.taken)
        return _Given(self)


def _two_of_three(now: DeploymentStatus) -> bool:
    return sorted(each.state for each in now.replicas if not each.leaving) == ["pending", "ready", "ready"]


async def _a_port() -> int:
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = int(server.sockets[0].getsockname()[1])
    server.close()
    await server.wait_closed()
    return port
