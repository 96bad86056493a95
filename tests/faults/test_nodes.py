"""A node of a cluster is lost under load: its replicas start on another, and no whole call fails for it."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import psutil
import pytest

from tests.cluster import RayCluster, ray_cluster
from tests.faults.callers import Callers
from tests.faults.checker import judge
from tests.faults.ground import VICTIMS, Ground, ground
from tests.processes import descendants

CLIENTS = 8
REPLICAS = 2


@pytest.mark.timeout(600)
async def test_a_lost_node_fails_no_whole_call_and_its_replicas_return_on_another(
    tmp_path: Path, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    with ray_cluster(2) as cluster, on_cluster(tmp_path, cluster) as place:
        callers = Callers(place, place.key)
        seconds = await lose_under_load(place, cluster, callers, sized(40, 2000))
        verdict = await judge(place, callers)
        report(f"full again after {seconds:.1f} s; {verdict}; {dict(callers.codes())}")
        assert len(engines_of(cluster.raylets[0])) == REPLICAS
        assert callers.codes() == {"ok": len(callers.answers)}
        assert verdict.wrong() == {}


def on_cluster(home: Path, cluster: RayCluster) -> AbstractContextManager[Ground]:
    """A server whose stub has two replicas, which Ray puts on two nodes."""
    settings = f'driver = "ray"\nray_address = "{cluster.address}"\n'
    return ground(home, settings=settings, replicas=REPLICAS, drip_ms=10)


async def lose_under_load(place: Ground, cluster: RayCluster, callers: Callers, calls: int) -> float:
    """So many calls before the loss of the second node and after the return; the seconds between these two."""
    await asyncio.to_thread(place.until, lambda: ready(place) == REPLICAS, 120, "there are no two replicas")
    assert [len(engines_of(raylet)) for raylet in cluster.raylets] == [1, 1]
    enough = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            group.create_task(_go_on(callers, enough))
        await callers.until_acknowledged(calls, 300)
        began = time.monotonic()
        cluster.lose(1)
        returned = lambda: ready(place, again=True) == REPLICAS  # noqa: E731
        await asyncio.to_thread(place.until, returned, 200, "the replicas did not return")
        seconds = time.monotonic() - began
        await callers.until_acknowledged(len(callers.acknowledged) + calls, 300)
        enough.set()
    place.until_nothing_is_held()
    return seconds


def engines_of(raylet: int) -> list[psutil.Process]:
    """The engines that run on a node."""
    return descendants(raylet, VICTIMS["engine"], recursive=True)


def ready(place: Ground, *, again: bool = False) -> int:
    """How many replicas take calls; none, where one is to have started `again` and none has."""
    (found,) = place.admin.get("/api/deployments").json()["items"]
    running = [each for each in found["replicas"] if each["state"] == "ready"]
    return len(running) if not again or any(each["restarts"] for each in running) else 0


async def _go_on(callers: Callers, enough: asyncio.Event) -> None:
    async with callers.session() as session:
        while not enough.is_set():
            await callers.call(session)
