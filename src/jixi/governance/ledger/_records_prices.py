"""Prices in the database."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from jixi.core.money import Price
from jixi.governance.ledger._records import prices
from jixi.storage import Database


class PriceRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def since(self, version: int) -> list[tuple[Price, datetime, str | None]]:
        """Every price later than `version`, oldest first."""
        query = select(prices).where(prices.c.version > version).order_by(prices.c.version)
        async with self._database.session() as session:
            rows = (await session.execute(query)).mappings().all()
        return [
            (
                Price(
                    model=row["model"],
                    currency=row["currency"],
                    input_micros=row["input_micros"],
                    cached_input_micros=row["cached_input_micros"],
                    output_micros=row["output_micros"],
                    version=row["version"],
                    batch_percent=row["batch_percent"],
                    replay_percent=row["replay_percent"],
                    unit=row["unit"],
                    unit_micros=row["unit_micros"],
                ),
                row["valid_from"],
                row["member_id"],
            )
            for row in rows
        ]

    async def add(self, row: dict[str, Any]) -> None:
        async with self._database.session() as session:
            await session.execute(insert(prices).values(row))
