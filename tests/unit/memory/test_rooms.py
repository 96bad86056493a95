"""Replicas of a real fleet share memory: each gets its part before it starts, and the next one waits for it."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from jixi.compute.drivers import NO_NEEDS, Command, Needs, Order, ProcessDriver
from jixi.compute.inventory import Node
from jixi.core.clock import SystemClock
from jixi.core.registry import Registry
from jixi.models.deployments import DeploymentSpec, Fleet, Reason, Scale
from jixi.models.engines import Engine, Footprint, Launch, Load, StubEngine
from tests.unit.compute.machines import GIB, node
from tests.unit.deployments.fleets import QUICK
from tests.unit.memory.conftest import MakeRooms


class OnCard(StubEngine):
    """The stub, as if it needed an accelerator; it shows the part that it was given as its seed."""

    def footprint(self, load: Load) -> Footprint:
        return Footprint(weights=load.weights, accelerators=1)

    def within(self, footprint: Footprint, share: float) -> Mapping[str, Any]:
        return {"seed": round(1000 * share)}

    def command(self, launch: Launch) -> Command:
        return super().command(launch)


MakeFleet = Callable[[Node], Fleet]


@pytest.fixture
async def make_fleet(make_rooms: MakeRooms, tmp_path: Path) -> AsyncIterator[Callable[[Node], Any]]:
    engines = Registry[Engine]("engine")
    engines.register("card", OnCard)
    engines.register("stub", StubEngine)
    made: list[Fleet] = []

    async def make(machine: Node) -> Fleet:
        rooms = make_rooms(machine, engines=engines)
        await rooms.look()
        made.append(Fleet(ProcessDriver(), engines, tmp_path, SystemClock(), QUICK, room=rooms.room))
        return made[-1]

    yield make
    for fleet in made:
        await fleet.stop()


def taking(name: str, gib: float, engine: str = "card") -> DeploymentSpec:
    return DeploymentSpec(name=name, engine=engine, memory_bytes=round(gib * GIB))


async def test_two_deployments_share_one_accelerator_and_a_third_starts_when_one_has_gone(
    make_fleet: Any,
) -> None:
    fleet: Fleet = await make_fleet(node("here", [80]))
    for name, gib in (("a", 40), ("b", 30), ("c", 20)):
        fleet.add(taking(name, gib))
    a, b = await fleet.until("a"), await fleet.until("b")
    assert (a.state, b.state) == ("ready", "ready")
    waiting = await fleet.until("c", lambda status: status.state == "pending" and status.reason is not None)
    assert waiting.reason == Reason("no_room", {"needed": 20 * GIB, "free": 10 * GIB})
    assert waiting.pid is None
    await fleet.remove("b")
    assert (await fleet.until("c")).state == "ready"


async def test_those_make_room_that_hold_the_memory_which_is_lacking_and_no_others(make_fleet: Any) -> None:
    fleet: Fleet = await make_fleet(node("here", [80], memory=64))
    idle = Scale(idle_s=600)
    for spec in (taking("memory", 60, "stub"), taking("first", 30), taking("last", 40)):
        fleet.add(replace(spec, scale=idle))
        await fleet.until(spec.name)
    fleet.add(taking("small", 20))
    assert (await fleet.until("small")).state == "ready"
    states = {name: fleet.status(name).state for name in ("memory", "first", "last")}
    assert states == {"memory": "ready", "first": "stopped", "last": "ready"}
    fleet.add(taking("large", 60))
    assert (await fleet.until("large")).state == "ready"
    assert {name: fleet.status(name).state for name in states} == states | {"last": "stopped"}


async def test_each_engine_is_told_its_accelerator_and_its_part(make_fleet: Any) -> None:
    fleet: Fleet = await make_fleet(node("here", [16, 80]))
    fleet.add(taking("small", 8))
    fleet.add(taking("large", 40))
    told: dict[str, tuple[str, str]] = {}
    for name in ("small", "large"):
        pid = (await fleet.until(name)).pid
        assert pid is not None
        process = psutil.Process(pid)
        told[name] = (process.environ()["CUDA_VISIBLE_DEVICES"], " ".join(process.cmdline()))
    assert (told["small"][0], told["large"][0]) == ("0", "1")
    assert '"seed":500' in told["small"][1]
    assert '"seed":500' in told["large"][1]


async def test_a_model_larger_than_what_is_free_of_main_memory_is_not_started(make_fleet: Any) -> None:
    fleet: Fleet = await make_fleet(node("here", memory=8, used=5))
    fleet.add(taking("huge", 4, "stub"))
    fleet.add(taking("fits", 2, "stub"))
    assert (await fleet.until("fits")).state == "ready"
    huge = await fleet.until("huge", lambda status: status.reason is not None)
    assert (huge.state, huge.reason, huge.pid) == (
        "pending",
        Reason("no_room", {"needed": 4 * GIB, "free": 1 * GIB}),
        None,
    )


async def test_what_the_deployment_says_of_itself_goes_before_what_its_room_says(make_fleet: Any) -> None:
    fleet: Fleet = await make_fleet(node("here", [80]))
    fleet.add(DeploymentSpec(name="a", engine="card", memory_bytes=GIB, options={"seed": 7}))
    pid = (await fleet.until("a")).pid
    assert pid is not None
    assert '"seed":7' in " ".join(psutil.Process(pid).cmdline())


class Elsewhere(ProcessDriver):
    """Another machine, as far as a fleet can tell; it notes what each program needs."""

    local = False

    def __init__(self) -> None:
        self.needs: dict[str, Needs] = {}

    async def start(self, name: str, order: Order, needs: Needs = NO_NEEDS) -> Any:
        self.needs[name] = needs
        return await super().start(name, order, needs)


async def test_on_a_cluster_a_replica_fills_its_share_and_one_without_accelerators_sees_none(
    make_rooms: MakeRooms, tmp_path: Path
) -> None:
    engines = Registry[Engine]("engine")
    engines.register("card", OnCard)
    driver = Elsewhere()
    rooms = make_rooms(node("here"), engines=engines)
    fleet = Fleet(driver, engines, tmp_path, SystemClock(), QUICK, room=rooms.elsewhere)
    told: dict[str, tuple[str | None, str]] = {}
    try:
        for name, gpus in (("none", 0), ("half", 0.5), ("whole", None)):
            fleet.add(DeploymentSpec(name=name, engine="card", memory_bytes=GIB, gpus=gpus))
            pid = (await fleet.until(name)).pid
            assert pid is not None
            process = psutil.Process(pid)
            told[name] = (process.environ().get("CUDA_VISIBLE_DEVICES"), " ".join(process.cmdline()))
    finally:
        await fleet.stop()
    assert {name: found for name, (found, _) in told.items()} == {"none": "", "half": None, "whole": None}
    assert {name: '"seed":500' in line for name, (_, line) in told.items()} == {
        "none": False,
        "half": True,
        "whole": False,
    }
    assert {name: (each.gpus, each.memory_bytes) for name, each in driver.needs.items()} == {
        "none": (0, GIB),
        "half": (0.5, 0),
        "whole": (1, 0),
    }
