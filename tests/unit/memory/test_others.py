"""What other programs give back is free again at the next look, though a replica beside them holds its own."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from jixi.compute.drivers import ProcessDriver
from jixi.compute.inventory import Accelerator, Holder, Inventory, Machine, Node, read_program
from jixi.core.clock import SystemClock
from jixi.core.registry import Registry
from jixi.models.deployments import DeploymentSpec, Fleet
from jixi.models.engines import Engine, Footprint, Load, StubEngine
from jixi.models.memory import Rooms
from tests.clocks import FrozenClock
from tests.unit.compute.machines import GIB, node
from tests.unit.deployments.fleets import QUICK

MIB = 2**20


class OnCard(StubEngine):
    """The stub, as if it needed an accelerator."""

    def footprint(self, load: Load) -> Footprint:
        return Footprint(weights=load.weights, accelerators=1)


class Here:
    """A machine whose use a test says, with a fleet of real processes on it."""

    def __init__(self, there: Node, tmp_path: Path) -> None:
        self.there = there
        self._clock = FrozenClock()
        engines = Registry[Engine]("engine")
        engines.register("card", OnCard)
        engines.register("stub", StubEngine)
        inventory = Inventory(
            self._clock,
            machine=lambda: Machine(8, self.there.memory_bytes, self.there.memory_used_bytes),
            readers=[self._accelerators],
            name=there.name,
        )
        self.rooms = Rooms(inventory, engines)
        self.fleet = Fleet(ProcessDriver(), engines, tmp_path, SystemClock(), QUICK, room=self.rooms.room)

    async def _accelerators(self) -> list[Accelerator]:
        return list(self.there.accelerators)

    async def runs(self, engine: str, size: int) -> int:
        """The process of one more replica that holds so many bytes."""
        self.fleet.add(DeploymentSpec(name=engine, engine=engine, memory_bytes=size))
        pid = (await self.fleet.until(engine)).pid
        assert pid is not None
        return pid

    async def free_where_used(self, used: int, place: str = "memory", *holders: Holder) -> int:
        """What is free once so much is used, at the next look."""
        cards = [replace(each, used_bytes=used, holders=holders) for each in self.there.accelerators]
        self.there = replace(self.there, memory_used_bytes=used, accelerators=tuple(cards))
        self._clock.advance(5)
        await self.rooms.look()
        return self.rooms.free("here", place)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    made = Here(node("here", [80], memory=1), tmp_path)
    await made.rooms.look()
    yield made
    await made.fleet.stop()


async def test_it_is_so_for_main_memory(here: Here) -> None:
    held = 256 * MIB
    await here.free_where_used(512 * MIB)
    pid = await here.runs("stub", held)
    own = read_program(pid).own_bytes
    assert MIB < own < held
    assert await here.free_where_used(512 * MIB + own) == 256 * MIB
    free = await here.free_where_used(own)
    assert GIB - held - own // 2 < free <= GIB - held


async def test_it_is_so_for_an_accelerator_whose_driver_names_the_programs_on_it(here: Here) -> None:
    card = "nvidia-0"
    await here.free_where_used(50 * GIB, card)
    pid = await here.runs("card", 20 * GIB)
    ours, other = Holder(pid, 18 * GIB), Holder(1, 40 * GIB)
    assert await here.free_where_used(68 * GIB, card, ours, other) == 10 * GIB
    assert await here.free_where_used(18 * GIB, card, ours) == 60 * GIB
    assert await here.free_where_used(9 * GIB, card, Holder(pid, 9 * GIB)) == 60 * GIB, "it keeps its own"
    assert await here.free_where_used(49 * GIB, card, Holder(pid, 9 * GIB), other) == 20 * GIB


async def test_nothing_is_counted_twice_where_the_driver_names_none(here: Here) -> None:
    card = "nvidia-0"
    await here.free_where_used(50 * GIB, card)
    await here.runs("card", 20 * GIB)
    assert await here.free_where_used(68 * GIB, card) == 10 * GIB
    assert await here.free_where_used(18 * GIB, card) == 42 * GIB, "it may be theirs that is left"


async def test_what_ours_take_after_the_machine_was_read_is_not_taken_for_others_giving_back(
    here: Here,
) -> None:
    await here.free_where_used(512 * MIB)
    pid = await here.runs("stub", 256 * MIB)
    assert read_program(pid).own_bytes > MIB
    # Read before the replica was there: all of it is of others.
    await here.rooms.look()
    assert here.rooms.free("here") == 256 * MIB
    assert await here.free_where_used(512 * MIB) == 256 * MIB, "nobody saw it before this look"


async def test_what_a_program_has_started_is_of_it_and_one_that_has_ended_has_nothing(here: Here) -> None:
    engine, this = await here.runs("stub", GIB // 2), psutil.Process()
    found = read_program(this.pid)
    assert {this.pid, engine} <= found.pids
    assert MIB < found.own_bytes <= this.memory_info().rss
    await here.fleet.remove("stub")
    assert read_program(engine) == (frozenset(), 0)
