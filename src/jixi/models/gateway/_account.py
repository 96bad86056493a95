"""The money side of one call: a hold that ends in exactly one settlement, whatever becomes of the caller."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from jixi.core.clock import Clock
from jixi.core.ports import Hold, Meter, Outcome, Settlement
from jixi.core.usage import Usage

_MARK_EVERY_S: Final = 0.5

Spawn = Callable[[Coroutine[Any, Any, Any]], object]


class Account:
    """`spawn` runs a settlement that nobody waits for any more."""

    def __init__(self, meter: Meter, clock: Clock, spawn: Spawn, began: float) -> None:
        self._meter = meter
        self._clock = clock
        self._spawn = spawn
        self._began = began
        self._hold: Hold | None = None
        self._first_token_ms: int | None = None
        self._marked = began
        self._settled = False

    def opened(self, hold: Hold) -> None:
        self._hold = hold

    def first_token(self) -> None:
        """Something of the answer has arrived."""
        if self._first_token_ms is None:
            self._first_token_ms = self._elapsed_ms()

    def progress(self, usage: Callable[[], Usage]) -> None:
        """Leave a mark of what was produced so far, now and then."""
        now = self._clock.monotonic()
        if now - self._marked >= _MARK_EVERY_S and self._hold is not None:
            self._marked = now
            self._meter.progress(self._hold, usage())

    async def settle(self, outcome: Outcome, usage: Usage, error_code: str | None = None) -> None:
        """Settle and return once it is durable. Cancelling the wait does not undo it."""
        if self._settled or self._hold is None:
            return
        self._settled = True
        settlement = self._settlement(outcome, usage, error_code)
        try:
            await self._meter.settle(self._hold, settlement)
        except asyncio.CancelledError:
            self._spawn(self._meter.settle(self._hold, settlement))
            raise

    def settle_later(self, outcome: Outcome, usage: Usage, error_code: str | None = None) -> None:
        """Settle where there is no time to wait: the caller is gone."""
        if not self._settled and self._hold is not None:
            self._settled = True
            self._spawn(self._meter.settle(self._hold, self._settlement(outcome, usage, error_code)))

    def _settlement(self, outcome: Outcome, usage: Usage, error_code: str | None) -> Settlement:
        return Settlement(
            outcome=outcome,
            usage=usage,
            error_code=error_code,
            first_token_ms=self._first_token_ms,
            duration_ms=self._elapsed_ms(),
        )

    def _elapsed_ms(self) -> int:
        return round((self._clock.monotonic() - self._began) * 1000)
