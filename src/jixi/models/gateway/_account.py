"""The money side of one call: a hold that ends in exactly one settlement, whatever becomes of the caller."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from jixi.core.clock import Clock
from jixi.core.errors import JixiError
from jixi.core.ports import Hold, Meter, Outcome, Settlement
from jixi.core.usage import Usage
from jixi.models.gateway._record import Record, Try

_MARK_EVERY_S: Final = 0.5

Spawn = Callable[[Coroutine[Any, Any, Any]], object]


class Account:
    """`spawn` runs a settlement that nobody waits for any more. `named` is who answers, where it has another name."""

    def __init__(self, meter: Meter, clock: Clock, spawn: Spawn, record: Record) -> None:
        self.record = record
        self._meter = meter
        self._clock = clock
        self._spawn = spawn
        self._hold: Hold | None = None
        self._first_token_ms: int | None = None
        self._marked = clock.monotonic()
        self._settled = False
        self._target: str | None = None
        self._try: Try | None = None
        self._told: Usage | None = None

    @property
    def settled(self) -> bool:
        """Whether its settlement is decided, be it written yet or not."""
        return self._settled

    def opened(self, hold: Hold) -> None:
        self._hold = hold
        self.record.opened(hold)

    def answers(self, target: str, *, asked: str, noted: Try) -> None:
        """From now on `target` is who answers."""
        self.record.trace.target = target
        self._target = target if target != asked else None
        self._try = noted

    def replays(self, target: str, *, asked: str) -> None:
        """The response cache answers in place of `target`."""
        self.record.trace.target = target
        self._target = target if target != asked else None

    def payable(self, usage: Usage) -> Usage:
        """What of `usage` is charged, and told to the caller: never more than is held for, whoever made more."""
        if self._hold is not None and usage is not self._told:
            self._told = usage = self._hold.reservation.bounded(usage)
        return usage

    def first_token(self) -> None:
        """Something of the answer has arrived."""
        if self._first_token_ms is None:
            self._first_token_ms = round(self.record.ms())
            self.record.mark("first_token")

    def progress(self, usage: Callable[[], Usage]) -> None:
        """Leave a mark of what was produced so far, now and then."""
        now = self._clock.monotonic()
        if now - self._marked >= _MARK_EVERY_S and self._hold is not None:
            self._marked = now
            self._meter.progress(self._hold, self.payable(usage()), self._target)

    async def settle(
        self, outcome: Outcome, usage: Usage, error_code: str | None = None, *, replayed: bool = False
    ) -> None:
        """Settle and return once it is durable. Cancelling the wait does not undo it."""
        if self._settled or self._hold is None:
            return
        self._settled = True
        settlement = self._settlement(outcome, usage, error_code, replayed=replayed)
        try:
            await self._book(self._hold, settlement)
        except asyncio.CancelledError:
            self._spawn(self._book(self._hold, settlement))
            raise

    def settle_later(self, outcome: Outcome, usage: Usage, error_code: str | None = None) -> None:
        """Settle where there is no time to wait: the caller is gone."""
        if not self._settled and self._hold is not None:
            self._settled = True
            self._spawn(self._book(self._hold, self._settlement(outcome, usage, error_code)))

    async def _book(self, hold: Hold, settlement: Settlement) -> None:
        try:
            self.record.trace.cost_micros = await self._meter.settle(hold, settlement) or 0
        except JixiError as error:
            self.record.refused(error)
            raise
        self.record.mark("settled")
        self.record.finish()

    def _settlement(
        self, outcome: Outcome, usage: Usage, error_code: str | None, *, replayed: bool = False
    ) -> Settlement:
        usage = self.payable(usage)
        if outcome == "ok":
            self.record.mark("last_token")
        if self._try is not None:
            self._try.ended(error_code)
        self.record.ended(outcome, usage, error_code)
        self.record.trace.replayed = replayed
        return Settlement(
            outcome=outcome,
            usage=usage,
            target=self._target,
            replayed=replayed,
            error_code=error_code,
            first_token_ms=self._first_token_ms,
            duration_ms=round(self.record.ms()),
        )
