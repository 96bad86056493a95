"""The ledger: hold, then charge. It implements the port Meter."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec
import structlog

from jixi.core.clock import Clock
from jixi.core.errors import JixiError
from jixi.core.ports import Allowance, Hold, Outcome, Reservation, Settlement
from jixi.core.principal import Principal
from jixi.core.tasks import end_task
from jixi.core.usage import UNITS, Usage
from jixi.governance.ledger._operations import Renew, Reserve, Settle, Tally
from jixi.governance.ledger._prices import PriceBook
from jixi.governance.ledger._records_holds import HoldRecords
from jixi.governance.ledger._resources import Resources
from jixi.governance.ledger._writer import ThreadWriter, Writer
from jixi.storage import Database

_log = structlog.get_logger()
LEASE: Final = timedelta(seconds=45)
_UPKEEP_S: Final = 5.0
_LATE_S: Final = 5.0
_SOUND: Final = 3
"""Rounds of upkeep in a row that must have gone well before a hold of somebody else counts as left behind."""
_NOTHING: Final = Usage()


class _Running(NamedTuple):
    """What a call had produced at the last mark, and who answers it."""

    usage: Usage
    target: str | None


class Ledger:
    """Sets money aside before a call and books what it cost after; both are durable when they return.

    A hold is leased: while its process lives the lease is renewed, and if the process dies, whichever process finds
    the lease run out books what the call had produced, as interrupted and estimated. With `recovers` off this process
    leaves that to others.
    """

    def __init__(
        self, database: Database, clock: Clock, writer: Writer | None = None, *, recovers: bool = True
    ) -> None:
        self.prices = PriceBook(database, clock)
        self._clock = clock
        self._records = HoldRecords(database)
        self._writer = writer or ThreadWriter(database)
        self.resources = Resources(database, clock, self._writer)
        self._running: dict[str, _Running] = {}
        self._unsettled: dict[str, Settle] = {}
        self._upkeep: asyncio.Task[None] | None = None
        self._recovers = recovers

    async def start(self) -> None:
        """Read the prices, begin to write, settle what an earlier process left behind."""
        await self.prices.refresh()
        await self._writer.start()
        try:
            if self._recovers:
                await self.recover()
        except BaseException:
            await self._writer.close()
            raise
        self._upkeep = asyncio.create_task(self._keep_up(), name="ledger-upkeep")

    async def close(self) -> None:
        """Write what was asked for and what could not be written yet, then stop."""
        await end_task(self._upkeep)
        self._upkeep = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LATE_S):
                await self.settle_late()
        await self._writer.close()

    async def reserve(self, reservation: Reservation) -> Hold:
        price, target_prices = self.prices.prices(
            reservation.model, reservation.targets, UNITS.get(reservation.kind)
        )
        now, batch = self._clock.now(), reservation.tier == "batch"
        most = reservation.max_input_tokens, reservation.max_output_tokens, reservation.max_units
        hold = Hold(
            reservation=reservation,
            price=price,
            amount_micros=max([each.ceiling(*most, batch=batch) for each in target_prices])
            if target_prices
            else price.ceiling(*most, batch=batch),
            opened_at=now,
            target_prices=target_prices,
        )
        try:
            allowance: Allowance | None = await self._writer.submit(Reserve(hold, now + LEASE))
        except asyncio.CancelledError:
            # It may be written all the same, and nobody is left who would settle it.
            left = Settlement(outcome="cancelled", usage=_NOTHING)
            self._unsettled[reservation.request_id] = Settle(hold, left, now)
            raise
        self._running[reservation.request_id] = _Running(_NOTHING, None)
        return hold if allowance is None else msgspec.structs.replace(hold, allowance=allowance)

    async def settle(self, hold: Hold, settlement: Settlement) -> int | None:
        request_id = hold.reservation.request_id
        operation = Settle(hold, settlement, self._clock.now())
        try:
            cost: int | None = await self._writer.submit(operation)
        except JixiError:
            # The caller is told; what it used is owed all the same, and settled as soon as the ledger can be written.
            self._unsettled[request_id] = operation
            raise
        finally:
            self._running.pop(request_id, None)
        return cost if cost is not None else await self._charged_before(hold, settlement)

    async def tally(self, principal: Principal, model: str) -> None:
        now = self._clock.now()
        day, at_ms = now.date().isoformat(), int(now.timestamp() * 1000)
        await self._writer.submit(Tally(principal, model, day, at_ms))

    def progress(self, hold: Hold, usage: Usage, target: str | None = None) -> None:
        if hold.reservation.request_id in self._running:
            self._running[hold.reservation.request_id] = _Running(usage, target)

    async def renew(self) -> None:
        """Renew the lease of every call that runs here or is not settled yet, and note its progress.

        Where there is none, this still shows whether the ledger can be written.
        """
        used = self._running | {
            name: _Running(late.settlement.usage, late.settlement.target)
            for name, late in self._unsettled.items()
        }
        marks = [
            (request, usage.input_tokens, usage.output_tokens, usage.units, target)
            for request, (usage, target) in used.items()
        ]
        await self._writer.submit(Renew(marks, self._clock.now() + LEASE))

    async def settle_late(self) -> None:
        """Settle what could not be settled when it ended; what has been settled meanwhile is not charged again.

        One that cannot be settled now keeps none of the others waiting.
        """
        late = list(self._unsettled.items())
        outcomes = await asyncio.gather(
            *(self._submit(operation) for _, operation in late), return_exceptions=True
        )
        for (request_id, _), outcome in zip(late, outcomes, strict=True):
            if isinstance(outcome, JixiError):
                _log.error("call_not_settled", request_id=request_id, error=outcome.code)
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                del self._unsettled[request_id]

    async def _submit(self, operation: Settle) -> int | None:
        cost: int | None = await self._writer.submit(operation)
        return cost

    async def _charged_before(self, hold: Hold, settlement: Settlement) -> int | None:
        """What the call was charged when it was settled before, where that was as it is now."""
        reservation = hold.reservation
        charges = await self._records.charged(
            reservation.principal.tenant_id, reservation.request_id, hold.opened_at
        )
        outcome, cost = charges.get(reservation.request_id, (None, None))
        return cost if outcome == settlement.outcome else None

    async def recover(self) -> int:
        """Settle the holds whose lease has run out; returns how many there were."""
        now, ours = self._clock.now(), self._running.keys() | self._unsettled.keys()
        expired = [
            (hold, usage, target)
            for hold, usage, target in await self._records.expired(now, self.prices.version)
            if hold.reservation.request_id not in ours
        ]
        settlements = [
            Settle(hold, _interrupted(usage, target), now, expired_by=now) for hold, usage, target in expired
        ]
        await asyncio.gather(*(self._writer.submit(each) for each in settlements), return_exceptions=True)
        if expired:
            _log.warning("holds_recovered", holds=len(expired))
        return len(expired)

    async def conclude(self, tenant_id: str, prefix: str, since: datetime) -> dict[str, tuple[Outcome, int]]:
        """End the calls whose ids begin with `prefix`, for somebody who knows that nobody waits for them any more.

        What is still held is settled as interrupted; whoever settles it later changes nothing. Returns outcome and
        micro-units of each call that was charged since then.
        """
        now = self._clock.now()
        held = await self._records.held(tenant_id, prefix, self.prices.version)
        settlements = [Settle(hold, _interrupted(usage, target), now) for hold, usage, target in held]
        await asyncio.gather(*(self._writer.submit(each) for each in settlements))
        return await self._records.charged(tenant_id, prefix, since)

    async def _keep_up(self) -> None:
        """Where nothing could be written for a while, or the machine slept, others could not renew their leases either.

        So nobody's hold is taken for left behind before its owner has had the time to say that it lives.
        """
        sound, looked_at = 0, self._clock.now()
        while True:
            await asyncio.sleep(_UPKEEP_S)
            now = self._clock.now()
            slept, looked_at = (now - looked_at).total_seconds() > 2 * _UPKEEP_S, now
            well = [await self._well(step) for step in (self.renew, self.settle_late, self.prices.refresh)]
            sound = sound + 1 if all(well) and not slept else 0
            if self._recovers and sound >= _SOUND:
                await self._well(self.recover)

    async def _well(self, step: Callable[[], Awaitable[object]]) -> bool:
        """Whether it went well; a step that fails must not end the others."""
        try:
            await step()
        except Exception as error:  # noqa: BLE001  (whatever it is, the next round comes)
            _log.error("ledger_upkeep_failed", step=getattr(step, "__name__", ""), error=type(error).__name__)
            return False
        return True


def _interrupted(usage: Usage, target: str | None) -> Settlement:
    return Settlement(outcome="interrupted", usage=usage, target=target, error_code="interrupted")
