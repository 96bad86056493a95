"""Prices of resources in the database, and sums over what was charged for them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, insert, select

from jixi.core.errors import problem
from jixi.governance.ledger._records import resource_charges, resource_prices
from jixi.governance.ledger._records_prices import alone
from jixi.governance.ledger._values import ResourcePrice, ResourceRow, Selection, milliseconds
from jixi.storage import Database, Session

_COLUMNS: Final = resource_charges.c
_GROUPS: Final = ResourceRow._fields[:-2]


class ResourceRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def prices(self) -> list[ResourcePrice]:
        """Every version, oldest first."""
        async with self._database.session() as session:
            return await _prices(session)

    async def book(self) -> list[ResourcePrice]:
        """The same, while none is being set: one that is missing is valid from a later moment than this call."""
        async with alone(self._database) as session:
            return await _prices(session)

    async def add(
        self, price: dict[str, Any], now: Callable[[], datetime], version: int | None
    ) -> ResourcePrice:
        """It is valid from `now` on. Raises `precondition_failed` where `version` is not that in force."""
        columns = [resource_prices.c[name] for name in ResourcePrice._fields]
        place = price["resource"], price["subject"]
        async with alone(self._database) as session:
            if version is not None:
                others = [each.version for each in await _prices(session) if each[1:3] == place]
                if others[-1:] != [version]:
                    raise problem("precondition_failed", noun="price")
            row = price | {"valid_from": now()}
            added = await session.execute(insert(resource_prices).values(row).returning(*columns))
            return ResourcePrice(*added.one())

    async def grouped(self, selection: Selection, *, by_day: bool) -> list[ResourceRow]:
        """Sums by resource, subject, name and price, and by day where that is asked for, of what one tenant took."""
        groups = [_COLUMNS[name] for name in _GROUPS[not by_day :]]
        query = select(*groups, func.sum(_COLUMNS.quantity), func.sum(_COLUMNS.cost_micros)).where(
            _COLUMNS.tenant_id == selection.tenant_id,
            _COLUMNS.window_ms >= milliseconds(selection.start),
            _COLUMNS.window_ms < milliseconds(selection.end),
        )
        async with self._database.session() as session:
            rows = (await session.execute(query.group_by(*groups).order_by(*groups))).all()
        return [_row(tuple(row) if by_day else (None, *row)) for row in rows]


async def _prices(session: Session) -> list[ResourcePrice]:
    query = select(*(resource_prices.c[name] for name in ResourcePrice._fields))
    rows = await session.execute(query.order_by(resource_prices.c.version))
    return [ResourcePrice(*row) for row in rows]


def _row(values: tuple[Any, ...]) -> ResourceRow:
    # PostgreSQL gives sums as decimals.
    *what, quantity, cost = values
    return ResourceRow._make([*what, int(quantity), int(cost)])
