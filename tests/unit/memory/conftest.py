"""Rooms over nodes that a test describes, with the engines that are really installed."""

from collections.abc import Callable

import pytest

from jixi.compute.inventory import Accelerator, Inventory, Machine, Node
from jixi.core.registry import Registry
from jixi.models.engines import Engine, engine_registry
from jixi.models.memory import Rooms
from tests.clocks import FrozenClock

MakeRooms = Callable[..., Rooms]


@pytest.fixture
def make_rooms() -> MakeRooms:
    """`make_rooms(node)`: that machine and no other."""

    def make(machine: Node, *, reserve: int = 0, engines: Registry[Engine] | None = None) -> Rooms:
        async def accelerators() -> list[Accelerator]:
            return list(machine.accelerators)

        inventory = Inventory(
            FrozenClock(),
            machine=lambda: Machine(machine.cpus, machine.memory_bytes, machine.memory_used_bytes),
            readers=[accelerators],
            name=machine.name,
        )
        return Rooms(inventory, engines or engine_registry(), reserve)

    return make
