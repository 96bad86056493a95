"""The clock, as a port: rooms ask it for the time, so that tests can move it."""

import time
from datetime import UTC, datetime
from functools import partial
from typing import Protocol


class Clock(Protocol):
    """`now` is wall-clock time in UTC (for records); `monotonic` is seconds that never jump (for timers)."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...


class SystemClock:
    now = staticmethod(partial(datetime.now, UTC))
    monotonic = staticmethod(time.monotonic)
