"""`Lookout`: the actor that reads a machine of a Ray cluster, by the inventory of that machine.

It takes none of the machine's resources, and ends with the Ray job that made it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from jixi.compute.inventory import Accelerator, Inventory, Meter, gpu_numbered
from jixi.core.clock import SystemClock


class Lookout:
    """Its methods take and return plain values, for they are called from another machine."""

    def __init__(self) -> None:
        clock = SystemClock()
        self._inventory = Inventory(clock)
        self._beat = Meter(clock)

    async def look(self, beat: bool) -> dict[str, Any]:
        """The node; `beat`: with load and power since the last one that was asked so."""
        if not beat:
            (node,) = await self._inventory.nodes()
        else:
            rates, (node,) = await asyncio.gather(self._beat.read(), self._inventory.nodes())
            node = replace(node, **rates._asdict())
        return msgspec.to_builtins(node)


async def given(numbers: Sequence[str]) -> list[tuple[str, str | None, int | None]]:
    """What accelerators of this machine are that Ray knows by these numbers: name, model, memory.

    Where they cannot be read the name is Ray's, and the model that of all that can be.
    """
    if not numbers:
        return []
    (node,) = await Inventory(SystemClock()).nodes()
    return [_given(number, node.accelerators) for number in numbers]


def _given(number: str, there: Sequence[Accelerator]) -> tuple[str, str | None, int | None]:
    if (found := gpu_numbered(number, there)) is not None:
        return found.id, found.model, found.memory_bytes
    models = {each.model for each in there}
    return f"gpu-{number}", models.pop() if len(models) == 1 else None, None
