"""Programs on a cluster: kept apart, never without room, lost with their node, and ended with us."""

import asyncio
import json
import platform
import signal
import subprocess
import sys
from collections.abc import AsyncIterator

import psutil
import pytest

from jixi.compute.drivers import Command, Needs, Site
from jixi.compute.drivers.ray import RayDriver
from jixi.compute.inventory import read_machine
from jixi.core.errors import JixiError
from tests.cluster import RayCluster, ray_cluster
from tests.processes import descendants

# For Ray to start a worker on a machine that is busy with other tests.
_WAIT_S = 180
pytestmark = pytest.mark.timeout(_WAIT_S + 60)
_IDLE = Command(argv=(sys.executable, "-c", "import signal; signal.pause()"))
_PARENT = """
import asyncio, json, sys
from jixi.compute.drivers import Command, Needs
from jixi.compute.drivers.ray import RayDriver

async def main():
    driver = RayDriver(sys.argv[1], {})
    idle = Command(argv=(sys.executable, "-c", "while True: __import__('signal').pause()"))
    running = [await driver.start(name, idle, Needs(group="both")) for name in "ab"]
    await driver.look(within_s=60)
    print(json.dumps([process.pid for process in running]), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
async def driver(ray_nodes: RayCluster) -> AsyncIterator[RayDriver]:
    made = RayDriver(ray_nodes.address, {}, room_s=_WAIT_S)
    yield made
    await made.close()


async def test_programs_of_one_group_are_on_different_nodes_while_there_are_enough(driver: RayDriver) -> None:
    hosts: list[str] = []

    def order(site: Site) -> Command:
        hosts.append(site.host)
        return _IDLE

    async with asyncio.timeout(_WAIT_S):
        running = await asyncio.gather(
            *(driver.start("replica", order, Needs(cpus=0.5, group="g")) for _ in range(3))
        )
        await asyncio.gather(*(process.stop(1) for process in running))
    assert hosts[0] != hosts[1]
    assert hosts[2] in hosts[:2]


async def test_what_fits_on_no_node_is_refused_and_its_place_is_given_back(
    driver: RayDriver, ray_nodes: RayCluster
) -> None:
    hasty = RayDriver(ray_nodes.address, {}, room_s=1)
    async with asyncio.timeout(_WAIT_S):
        with pytest.raises(JixiError) as refused:
            await hasty.start("big", _IDLE, Needs(cpus=3, gpus=1))
        assert refused.value.code == "no_node_fits"
        assert refused.value.facts["needs"] == "3 CPU, 1 GPU"
        whole = await driver.start("whole", _IDLE, Needs(cpus=2))
        await whole.stop(1)
        await hasty.close()


async def test_who_gives_up_while_there_is_no_room_takes_none(ray_nodes: RayCluster) -> None:
    driver = RayDriver(ray_nodes.address, {})
    async with asyncio.timeout(_WAIT_S):
        first = await asyncio.gather(*(driver.start("n", _IDLE, Needs(cpus=2, group="n")) for _ in range(2)))
        waits = asyncio.create_task(driver.start("late", _IDLE, Needs(cpus=2)))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(waits, 1)
        await asyncio.gather(*(process.stop(1) for process in first))
        again = await asyncio.gather(*(driver.start("n", _IDLE, Needs(cpus=2, group="n")) for _ in range(2)))
        assert len({process.pid for process in again}) == 2
        await driver.close()
        assert await asyncio.gather(*(process.wait() for process in again)) == [-signal.SIGKILL] * 2


async def test_who_gives_up_while_a_program_starts_leaves_none_behind(ray_nodes: RayCluster) -> None:
    driver = RayDriver(ray_nodes.address, {})
    placed = asyncio.Event()

    def order(_site: Site) -> Command:
        placed.set()
        return _IDLE

    async with asyncio.timeout(_WAIT_S):
        for _ in range(2):
            placed.clear()
            starts = asyncio.create_task(driver.start("early", order, Needs(cpus=2)))
            await placed.wait()
            starts.cancel()
            with pytest.raises(asyncio.CancelledError):
                await starts
        both = [await driver.start("whole", _IDLE, Needs(cpus=2)) for _ in range(2)]
        assert len({process.pid for process in both}) == 2
        await driver.close()


async def test_what_ray_cannot_be_asked_for_is_refused_with_its_reason(driver: RayDriver) -> None:
    async with asyncio.timeout(_WAIT_S):
        with pytest.raises(JixiError) as refused:
            await driver.start("half", _IDLE, Needs(gpus=1.5))
    assert refused.value.code == "engine_error"
    assert "1.5" in refused.value.facts["reason"]


async def test_a_cluster_that_is_not_there_is_a_clear_error() -> None:
    with pytest.raises(JixiError) as refused:
        async with asyncio.timeout(_WAIT_S):
            await RayDriver("127.0.0.2:1", {}, join_s=6).start("nobody", _IDLE)
    assert refused.value.code == "cluster_unreachable"


def test_no_program_and_no_lookout_on_any_node_outlives_a_driver_that_was_killed(
    ray_nodes: RayCluster,
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT, ray_nodes.address], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        children = [psutil.Process(pid) for pid in json.loads(parent.stdout.readline())]
        watching = lookouts(ray_nodes, 1)
        assert watching
        children += watching
        parent.kill()
        parent.wait(_WAIT_S)
    _, alive = psutil.wait_procs(children, timeout=_WAIT_S)
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


async def test_a_node_that_hangs_or_is_lost_is_missed_alone_and_one_that_goes_on_is_read_again() -> None:
    with ray_cluster(3, gpus=2) as cluster:
        driver = RayDriver(cluster.address, {})
        async with asyncio.timeout(_WAIT_S):
            await driver.look(within_s=60)
            looks = await asyncio.gather(*(driver.look(beat=beat, within_s=60) for beat in (True, False) * 2))
            first, *_ = ({each.name: each for each in look} for look in looks)
            assert [{each.name for each in look} for look in looks] == [first.keys()] * 4
            (own,) = [each for each in first.values() if each.own]
            assert own.name == platform.node()
            assert all(each.counted == {"H100": 2} and each.memory_bytes > 0 for each in first.values())
            hung, other = (f"{own.name} (127.0.0.{number})" for number in (3, 4))
            assert first.keys() == {own.name, hung, other}
            for name in (hung, other):
                assert (said := first[name].said) is not None
                assert said["memory_bytes"] == read_machine().memory_bytes
            (lookout,) = lookouts(cluster, 1)
            lookout.suspend()
            assert await told(driver, 30) == {own.name: False, hung: False, other: True}
            lookout.resume()
            while not (await told(driver, 60))[hung]:
                pass
            cluster.lose(1)
            while hung in (seen := await told(driver, 60)):
                assert seen[other]
            assert await told(driver, 60) == {own.name: False, other: True}
            await driver.close()
            with pytest.raises(JixiError, match="connection"):
                await driver.look(beat=True)


async def told(driver: RayDriver, within_s: float) -> dict[str, bool]:
    """Which nodes there are, and whether each has answered."""
    return {each.name: each.said is not None for each in await driver.look(within_s=within_s)}


def lookouts(cluster: RayCluster, number: int) -> list[psutil.Process]:
    """What reads a node there."""
    return descendants(cluster.raylets[number], "ray::Lookout", recursive=True)


async def test_a_lost_node_ends_its_programs_and_they_start_again_on_another() -> None:
    with ray_cluster(2) as cluster:
        driver = RayDriver(cluster.address, {})
        async with asyncio.timeout(_WAIT_S):
            both = [await driver.start("r", _IDLE, Needs(group="r")) for _ in range(2)]
            cluster.lose(1)
            waits = [asyncio.create_task(process.wait()) for process in both]
            (ended,), (alive,) = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            lost = both[waits.index(ended)]
            assert ended.result() == -signal.SIGKILL
            assert "was lost" in lost.log()[-1]
            assert lost.resident_bytes() == 0
            again = await driver.start("r", _IDLE, Needs(group="r"))
            assert psutil.pid_exists(again.pid)
            assert not alive.done()
            await driver.close()
            await alive
