"""`Meter`: what the processors did from one reading of the kernel's counters to the next."""

import asyncio
from collections.abc import Callable

from jixi.compute.inventory._counters import Counters, Rates, rates, read_counters
from jixi.core.clock import Clock


class Meter:
    """Load and power of this machine's processors. Who averages over a time of their own has a meter of their own: each
    reading begins the next.
    """

    def __init__(self, clock: Clock, counters: Callable[[], Counters] = read_counters) -> None:
        self._clock = clock
        self._counters = counters
        self._counted: tuple[float, Counters] | None = None

    async def read(self) -> Rates:
        """Since the last reading; nothing is known at the first."""
        now, counted = self._clock.monotonic(), await asyncio.to_thread(self._counters)
        before, self._counted = self._counted, (now, counted)
        return Rates() if before is None else rates(before[1], counted, now - before[0])
