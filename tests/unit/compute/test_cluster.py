"""The machines of a cluster as they last told: who falls silent or is lost is known as it was."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from jixi.compute.history import PACE_S, History, span
from jixi.compute.inventory import Cluster, Node, Rates, Seen, gpu_numbered
from jixi.compute.placement import Placement
from jixi.core.errors import JixiError, problem
from jixi.storage import Database
from tests.clocks import FrozenClock
from tests.unit.compute.machines import GIB, node


class Machines:
    """A cluster that says what a test has it say; None: it cannot be reached."""

    def __init__(self) -> None:
        self.seen: list[Seen] | None = []
        self.beats = 0

    async def ask(self, *, beat: bool = False, within_s: float = 5) -> list[Seen]:
        self.beats += beat
        if self.seen is None:
            raise problem("cluster_unreachable", address="here", reason="it is away")
        return self.seen

    def says(self, **nodes: Node | str) -> None:
        """The nodes of these names: what each said, or why it is silent."""
        self.seen = [_seen("own", own=True), *(_seen(name, each) for name, each in nodes.items())]


def _seen(name: str, said: Node | str | None = None, *, own: bool = False) -> Seen:
    told: dict[str, Any] = {"silent": said} if isinstance(said, str) else {}
    if isinstance(said, Node):
        told = {"said": msgspec.json.decode(msgspec.json.encode(said))}
    return Seen(name=name, own=own, counted={"H100": 8}, memory_bytes=GIB, **told)


@pytest.fixture
def machines() -> Machines:
    return Machines()


@pytest.fixture
def cluster(machines: Machines, clock: FrozenClock) -> Cluster:
    return Cluster(machines.ask, clock)


def states(cluster: Cluster) -> dict[str, str]:
    return {each.node.name: each.state for each in cluster.members()}


async def test_who_is_silent_or_lost_stays_as_it_was_and_is_forgotten_after_a_day(
    machines: Machines, cluster: Cluster, clock: FrozenClock
) -> None:
    machines.says(one=node("its own word", [80]), two=node("two"), never="no module named jixi")
    await cluster.look()
    assert states(cluster) == {"one": "alive", "two": "alive"}
    assert cluster.own is not None
    began = clock.now()
    clock.advance(60)
    machines.says(one="", two=node("two", used=9))
    await cluster.look()
    one, two = cluster.members()
    assert (one.state, one.seen_at, one.node.accelerators[0].model) == ("silent", began, "H100")
    assert (two.state, two.seen_at, two.node.memory_used_bytes) == ("alive", clock.now(), 9 * GIB)
    machines.says(two=node("two"))
    await cluster.look()
    assert states(cluster) == {"one": "lost", "two": "alive"}
    clock.advance(86_400)
    await cluster.look()
    assert states(cluster) == {"two": "alive"}
    machines.says(one=node("one"), two=node("two"))
    await cluster.look()
    assert states(cluster) == {"one": "alive", "two": "alive"}


async def test_what_a_node_of_another_version_says_costs_its_own_sample_alone(
    machines: Machines, cluster: Cluster
) -> None:
    machines.says(one=node("one"), two=node("two"))
    assert machines.seen is not None
    machines.seen[1] = replace(machines.seen[1], said={"name": "one", "cores": 2})
    await cluster.look()
    assert states(cluster) == {"two": "alive"}
    assert [each.name for each in await cluster.beat()] == ["two"]


async def test_of_a_cluster_that_cannot_be_reached_nobody_is_lost(
    machines: Machines, cluster: Cluster
) -> None:
    machines.says(one=node("one"))
    await cluster.look()
    machines.seen = None
    with pytest.raises(JixiError):
        await cluster.look()
    assert states(cluster) == {"one": "silent"}
    assert cluster.own is None
    assert await cluster.beat() == []
    assert machines.beats == 0
    machines.says(one=node("one"))
    await cluster.look()
    assert [each.name for each in await cluster.beat()] == ["one"]


async def test_the_samples_are_of_those_that_answer_and_the_past_of_one_that_is_lost_is_kept(
    database: Database, machines: Machines, cluster: Cluster, clock: FrozenClock
) -> None:
    start = clock.now()

    async def here() -> Sequence[Node]:
        return [node("own")]

    async def load() -> Rates:
        return Rates(0.5)

    held = [Placement(number=1, group="chat", node="one", places=("nvidia-0",), held=(80 * GIB,))]
    history = History(database, clock, here, load, lambda: held, 14, cluster)
    machines.says(one=node("one", [80]), two=node("two"))
    await cluster.look()
    later = start + timedelta(minutes=1)
    assert (await history.past("one", span(start, later))).series == []
    one, two = node("one", [80]), node("two")
    for said in ({"one": one, "two": two}, {"one": "", "two": two}, {"two": two}):
        machines.says(**said)
        await history.record()
        clock.advance(PACE_S)
    counts = {}
    for name in ("own", "one", "two"):
        past = await history.past(name, span(start, clock.now(), PACE_S))
        counts[name] = {each.place: len(each.points) for each in past.series}
    assert counts == {"own": {"memory": 3}, "one": {"memory": 1, "nvidia-0": 1}, "two": {"memory": 3}}
    (stay,) = (await history.past("one", span(start, clock.now(), PACE_S))).stays
    assert (stay.deployment, stay.place, stay.held_bytes) == ("chat", "nvidia-0", 80 * GIB)


async def test_what_is_here_is_sampled_though_the_other_machines_hang(
    database: Database, clock: FrozenClock
) -> None:
    asked = asyncio.Event()

    async def hangs(*, beat: bool = False, within_s: float = 5) -> list[Seen]:
        if beat:
            asked.set()
            await asyncio.Event().wait()
        return [_seen("own", own=True)]

    async def here() -> Sequence[Node]:
        return [node("own")]

    async def load() -> Rates:
        return Rates(0.5)

    start, cluster = clock.now(), Cluster(hangs, clock)
    await cluster.look()
    history = History(database, clock, here, load, list, 14, cluster)
    recording = asyncio.create_task(history.record())
    async with asyncio.timeout(60):
        await asked.wait()
    clock.advance(PACE_S)
    (memory,) = (await history.past("own", span(start, clock.now(), PACE_S))).series
    assert [point.utilisation for point in memory.points] == [0.5]
    recording.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await recording


async def test_a_look_that_breaks_leaves_the_nodes_silent_and_does_not_end_the_looking(
    machines: Machines, clock: FrozenClock
) -> None:
    asked = asyncio.Event()

    async def breaks(*, beat: bool = False, within_s: float = 5) -> list[Seen]:
        if machines.seen is None:
            asked.set()
            raise RuntimeError("nobody has thought of this")
        return machines.seen

    cluster = Cluster(breaks, clock)
    machines.says(one=node("one"))
    await cluster.look()
    machines.seen = None
    await cluster.start()
    async with asyncio.timeout(60):
        await asked.wait()
    await cluster.close()
    assert states(cluster) == {"one": "silent"}


def test_a_gpu_of_a_cluster_is_the_accelerator_of_its_number() -> None:
    cards = node("one", [80, 40]).accelerators
    found = gpu_numbered("1", cards)
    assert found is not None
    assert found.id == "nvidia-1"
    assert gpu_numbered("GPU-5c1d", cards) is None
    assert gpu_numbered("0", []) is None
