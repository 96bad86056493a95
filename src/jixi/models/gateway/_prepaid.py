"""Calls that were paid for before: made again because their answer was lost, and not charged a second time."""

from collections.abc import Awaitable, Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple, Protocol

from jixi.core.clock import Clock
from jixi.core.money import Price
from jixi.core.ports import Hold, Meter, Outcome, Reservation, Settlement
from jixi.core.principal import Principal
from jixi.core.usage import Usage


class Concluded(NamedTuple):
    """How a call ended, and what it cost."""

    outcome: Outcome
    cost_micros: int

    @property
    def paid(self) -> bool:
        """Whether nothing more may be charged for its answer."""
        return self.outcome == "ok" or self.cost_micros > 0


class Conclude(Protocol):
    async def __call__(self, tenant_id: str, prefix: str, since: datetime) -> Mapping[str, Concluded]:
        """End every call of the tenant whose id begins with `prefix`: whose caller is known to be gone.

        What is still held is settled as interrupted; whoever else settles it later changes nothing. Returns how each of
        them ended that was charged since then.
        """
        ...


class Cover:
    """What an earlier charge pays for: one more answer, `used` once it has been made or as much of it as there was."""

    def __init__(self) -> None:
        self.used = False


class PrepaidMeter:
    """The meter, but for calls that are covered: of them the ledger hears nothing."""

    def __init__(self, meter: Meter, clock: Clock) -> None:
        self._meter = meter
        self._clock = clock
        self._covered: dict[str, Cover] = {}

    @contextmanager
    def covers(self, request_id: str) -> Generator[Cover]:
        """Within the block the call `request_id` costs nothing. Whoever enters it has seen the charge that paid."""
        self._covered[request_id] = cover = Cover()
        try:
            yield cover
        finally:
            self._covered.pop(request_id, None)

    def reserve(self, reservation: Reservation) -> Awaitable[Hold]:
        if reservation.request_id in self._covered:
            return self._hold_nothing(reservation)
        return self._meter.reserve(reservation)

    def settle(self, hold: Hold, settlement: Settlement) -> Awaitable[int | None]:
        return self._meter.settle(hold, settlement) if hold.price.version else self._cover(hold, settlement)

    def tally(self, principal: Principal, model: str) -> Awaitable[None]:
        return self._meter.tally(principal, model)

    def progress(self, hold: Hold, usage: Usage, target: str | None = None) -> None:
        if hold.price.version:
            self._meter.progress(hold, usage, target)

    async def _hold_nothing(self, reservation: Reservation) -> Hold:
        """A hold of nothing; no price in the book has the version 0."""
        price = Price(
            model=reservation.model,
            currency="",
            input_micros=0,
            cached_input_micros=0,
            output_micros=0,
            version=0,
        )
        return Hold(reservation=reservation, price=price, amount_micros=0, opened_at=self._clock.now())

    async def _cover(self, hold: Hold, settlement: Settlement) -> int:
        cover = self._covered.get(hold.reservation.request_id)
        if cover is not None and (settlement.outcome == "ok" or settlement.usage != Usage()):
            cover.used = True
        return 0
