"""`Inventory`: the nodes as they are now, read again when what is known is older than a moment."""

import asyncio
import platform
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from jixi.compute.inventory._counters import Counters, read_counters
from jixi.compute.inventory._machine import Machine, read_machine
from jixi.compute.inventory._meter import Meter
from jixi.compute.inventory._nvidia import NvidiaReader
from jixi.compute.inventory._tools import read_amd, read_ascend
from jixi.compute.inventory._values import Accelerator, Node
from jixi.core.clock import Clock

Reader = Callable[[], Awaitable[list[Accelerator]]]
"""Finds the accelerators of one vendor; nothing where there are none."""

_FRESH_S: Final = 1.0


class Inventory:
    """The node on which this runs. A reader that found no accelerators at first is not asked again."""

    def __init__(
        self,
        clock: Clock,
        *,
        machine: Callable[[], Machine] = read_machine,
        counters: Callable[[], Counters] = read_counters,
        readers: Sequence[Reader] | None = None,
        name: str | None = None,
    ) -> None:
        self._clock = clock
        self._machine = machine
        self._meter = Meter(clock, counters)
        self._readers = list(_vendors() if readers is None else readers)
        self._name = name or platform.node() or "localhost"
        self._nodes: tuple[Node, ...] = ()
        self._read_at: float | None = None
        self._reading = asyncio.Lock()

    async def nodes(self) -> tuple[Node, ...]:
        """Every node; what is said of its use is at most a second old."""
        async with self._reading:
            now = self._clock.monotonic()
            if self._read_at is None or now - self._read_at >= _FRESH_S:
                self._nodes = (await self._read(),)
                self._read_at = now
            return self._nodes

    async def _read(self) -> Node:
        found = await asyncio.gather(*(reader() for reader in self._readers))
        if self._read_at is None:
            self._readers = [reader for reader, some in zip(self._readers, found, strict=True) if some]
        machine = await asyncio.to_thread(self._machine)
        utilisation, power_w = await self._meter.read()
        return Node(
            name=self._name,
            cpus=machine.cpus,
            memory_bytes=machine.memory_bytes,
            memory_used_bytes=machine.used_bytes,
            accelerators=tuple(each for some in found for each in some),
            utilisation=utilisation,
            power_w=power_w,
        )


def _vendors() -> list[Reader]:
    nvidia = NvidiaReader()

    async def read_nvidia() -> list[Accelerator]:
        return await asyncio.to_thread(nvidia)

    return [read_nvidia, read_amd, read_ascend]
