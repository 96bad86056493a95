"""What was called and what it cost: sums that are exact, for one tenant at a time."""

from datetime import datetime, timedelta

from jixi.core.clock import Clock
from jixi.governance.ledger._records_audit import AuditRecords
from jixi.governance.ledger._records_resources import ResourceRecords
from jixi.governance.ledger._records_statement import StatementRecords
from jixi.governance.ledger._records_use import UseRecords
from jixi.governance.ledger._values import Charge, Group, Minute, ResourceRow, Row, Selection, Totals, Use
from jixi.storage import Database


class Statement:
    """Reads charges. It never changes anything."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._records = StatementRecords(database)
        self._resources = ResourceRecords(database)
        self._use = UseRecords(database)
        self._audit = AuditRecords(database)
        self._clock = clock

    async def usage(self, selection: Selection, groups: tuple[Group, ...]) -> tuple[list[Row], Totals]:
        """The sums by `groups`, in their order, and the sum of all."""
        rows = await self._records.grouped(selection, groups)
        totals = [row.totals for row in rows]
        return rows, Totals(*(sum(column) for column in zip(*totals, strict=True))) if totals else Totals()

    async def resources(self, selection: Selection, *, by_day: bool = False) -> list[ResourceRow]:
        """What the tenant took of accelerators, processors and storage in the windows that begin in the time.

        No model, key, member or batch took it: where the selection names one, there is nothing.
        """
        whole = selection[3:] == Selection(*selection[:3])[3:]
        return await self._resources.grouped(selection, by_day=by_day) if whole else []

    async def spent(self, selection: Selection) -> int:
        """Micro-units of all that was charged: calls, and what was taken of resources."""
        _, totals = await self.usage(selection, ("day",))
        return totals.cost_micros + sum(each.cost_micros for each in await self.resources(selection))

    async def charges(
        self, selection: Selection, *, limit: int, before: tuple[datetime, str] | None = None
    ) -> list[Charge]:
        """Newest first, at most `limit`, those after the position (charged_at, request_id) `before`."""
        return await self._records.charges(selection, limit, before)

    async def use(self, selection: Selection) -> list[Use]:
        """What each model was asked to write, the busiest first."""
        return await self._use.by_model(selection)

    async def minutes(self, tenant_id: str, *, member_id: str | None = None, count: int = 60) -> list[Minute]:
        """The last `count` minutes, oldest first, the quiet ones included."""
        last = self._clock.now().replace(second=0, microsecond=0)
        start = last - timedelta(minutes=count - 1)
        found = {
            minute.at: minute
            for minute in await self._records.minutes(
                Selection(tenant_id, start, last + timedelta(minutes=1), member_id=member_id)
            )
        }
        times = [start + timedelta(minutes=step) for step in range(count)]
        return [found.get(at, Minute(at)) for at in times]

    async def discrepancies(self) -> list[str]:
        """Sums that are not those of their charges and open holds; empty while the ledger is sound, also under load."""
        return await self._audit.discrepancies()
