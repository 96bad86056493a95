"""The ledger: hold, then charge. It implements the port Meter."""

import asyncio
import contextlib
from datetime import timedelta
from typing import Final

import structlog

from jixi.core.clock import Clock
from jixi.core.errors import JixiError
from jixi.core.ports import Hold, Reservation, Settlement
from jixi.core.usage import Usage
from jixi.governance.ledger._operations import Renew, Reserve, Settle
from jixi.governance.ledger._prices import PriceBook
from jixi.governance.ledger._records_holds import HoldRecords
from jixi.governance.ledger._writer import ThreadWriter, Writer
from jixi.storage import Database

_log = structlog.get_logger()
LEASE: Final = timedelta(seconds=45)
_UPKEEP_S: Final = 5.0
_NOTHING: Final = Usage()


class Ledger:
    """Sets money aside before a call and books what it cost after; both are durable when they return.

    A hold is leased: while its process lives the lease is renewed, and if the process dies, whichever process finds
    the lease run out books what the call had produced, as interrupted and estimated.
    """

    def __init__(self, database: Database, clock: Clock, writer: Writer | None = None) -> None:
        self.prices = PriceBook(database, clock)
        self._clock = clock
        self._records = HoldRecords(database)
        self._writer = writer or ThreadWriter(database)
        self._running: dict[str, Usage] = {}
        self._unsettled: dict[str, Settle] = {}
        self._upkeep: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read the prices, begin to write, settle what an earlier process left behind."""
        await self.prices.refresh()
        await self._writer.start()
        try:
            await self.recover()
        except BaseException:
            await self._writer.close()
            raise
        self._upkeep = asyncio.create_task(self._keep_up(), name="ledger-upkeep")

    async def close(self) -> None:
        """Write what was asked for, then stop."""
        if self._upkeep is not None:
            self._upkeep.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._upkeep
            self._upkeep = None
        await self._writer.close()

    async def reserve(self, reservation: Reservation) -> Hold:
        price = self.prices.price(reservation.model)
        now = self._clock.now()
        hold = Hold(
            reservation=reservation,
            price=price,
            amount_micros=price.ceiling(reservation.max_input_tokens, reservation.max_output_tokens),
            month=f"{now.year:04d}-{now.month:02d}",
            opened_at=now,
        )
        await self._writer.submit(Reserve(hold, now + LEASE))
        self._running[reservation.request_id] = _NOTHING
        return hold

    async def settle(self, hold: Hold, settlement: Settlement) -> int:
        request_id = hold.reservation.request_id
        operation = Settle(hold, settlement, self._clock.now())
        try:
            cost: int = await self._writer.submit(operation)
        except JixiError:
            # The caller is told; what it used is owed all the same, and settled as soon as the ledger can be written.
            self._unsettled[request_id] = operation
            raise
        finally:
            self._running.pop(request_id, None)
        return cost

    def progress(self, hold: Hold, usage: Usage) -> None:
        if hold.reservation.request_id in self._running:
            self._running[hold.reservation.request_id] = usage

    async def renew(self) -> None:
        """Renew the lease of every call that runs here or is not settled yet, and note its progress."""
        used = self._running | {name: late.settlement.usage for name, late in self._unsettled.items()}
        marks = [(request, usage.input_tokens, usage.output_tokens) for request, usage in used.items()]
        if marks:
            await self._writer.submit(Renew(marks, self._clock.now() + LEASE))

    async def settle_late(self) -> None:
        """Settle what could not be settled when it ended; what has been settled meanwhile is not charged again."""
        for request_id, operation in list(self._unsettled.items()):
            await self._writer.submit(operation)
            del self._unsettled[request_id]

    async def recover(self) -> int:
        """Settle the holds whose lease has run out; returns how many there were."""
        now, ours = self._clock.now(), self._running.keys() | self._unsettled.keys()
        expired = [
            (hold, usage)
            for hold, usage in await self._records.expired(now, self.prices.version)
            if hold.reservation.request_id not in ours
        ]
        settlements = [
            Settle(
                hold,
                Settlement(outcome="interrupted", usage=usage, error_code="interrupted"),
                now,
                expired_by=now,
            )
            for hold, usage in expired
        ]
        await asyncio.gather(*(self._writer.submit(each) for each in settlements), return_exceptions=True)
        if expired:
            _log.warning("holds_recovered", holds=len(expired))
        return len(expired)

    async def _keep_up(self) -> None:
        while True:
            await asyncio.sleep(_UPKEEP_S)
            for step in (self.renew, self.settle_late, self.prices.refresh, self.recover):
                try:
                    await step()
                except Exception as error:  # noqa: BLE001  (one step that fails must not end the others)
                    _log.error("ledger_upkeep_failed", step=step.__name__, error=type(error).__name__)
