"""Clocks that tests move."""

from datetime import UTC, datetime, timedelta

from jixi.core.clock import SystemClock


class SettableClock(SystemClock):
    """The real clock, which a test can put ahead."""

    ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


class LeapingClock(SettableClock):
    """One that takes the steady time along when it is put ahead, as if that had passed."""

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead.total_seconds()


class FrozenClock:
    """A clock that stands still until `advance` moves it; wall time and monotonic time move together."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
        self._monotonic = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds
