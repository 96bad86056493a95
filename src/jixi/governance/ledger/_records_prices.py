"""Prices in the database, and the lock under which price books are added to."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import RowMapping, func, insert, select

from jixi.core.errors import problem
from jixi.core.money import Price
from jixi.governance.ledger._records import prices
from jixi.governance.ledger._values import PriceEntry
from jixi.storage import Database, Session

_BOOKS: Final = 7318349394477057
"""The lock of the price books in PostgreSQL."""


class PriceRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def since(self, version: int) -> list[PriceEntry]:
        """Every price later than `version`, oldest first."""
        query = select(prices).where(prices.c.version > version).order_by(prices.c.version)
        async with self._database.session() as session:
            return [_entry(row) for row in (await session.execute(query)).mappings()]

    async def add(
        self,
        model: str,
        change: Callable[[Price | None], Price],
        member_id: str | None,
        now: Callable[[], datetime],
        version: int | None,
    ) -> PriceEntry:
        """Add what `change` makes of the price in force, unless it is that itself; nobody else's comes between.

        Raises `precondition_failed` where `version` is not that in force, and what `change` raises.
        """
        newest = select(prices).where(prices.c.model == model).order_by(prices.c.version.desc()).limit(1)
        async with alone(self._database) as session:
            row = (await session.execute(newest)).mappings().one_or_none()
            entry = None if row is None else _entry(row)
            last = None if entry is None else entry.price
            if version is not None and (last is None or last.version != version):
                raise problem("precondition_failed", noun="price")
            price = change(last)
            if entry is not None and price is entry.price:
                return entry
            values = msgspec.structs.asdict(price) | {"valid_from": now(), "member_id": member_id}
            del values["version"]
            added = await session.execute(insert(prices).values(values).returning(*prices.c))
            return _entry(added.mappings().one())


@asynccontextmanager
async def alone(database: Database) -> AsyncGenerator[Session]:
    """A transaction beside which nobody else's in `alone` reads or changes a price book."""
    async with database.session() as session:
        if database.is_postgres:
            await session.execute(select(func.pg_advisory_xact_lock(_BOOKS)))
        else:
            await (await session.connection()).exec_driver_sql("BEGIN IMMEDIATE")
        yield session


def _entry(row: RowMapping) -> PriceEntry:
    price = Price(**{name: row[name] for name in Price.__struct_fields__})
    return PriceEntry(price, row["valid_from"], row["member_id"])
