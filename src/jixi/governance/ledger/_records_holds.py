"""Holds whose process has died."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select

from jixi.core.money import Price
from jixi.core.ports import Hold, Reservation
from jixi.core.principal import Principal, Role, Scope
from jixi.core.usage import Usage
from jixi.governance.ledger._records import holds
from jixi.storage import Database

_MOST_AT_ONCE = 500


class HoldRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def expired(self, now: datetime, price: Callable[[int], Price]) -> list[tuple[Hold, Usage]]:
        """The holds whose lease ran out before `now`, with what their calls had produced at the last mark."""
        query = (
            select(holds).where(holds.c.lease_until < now).order_by(holds.c.opened_at).limit(_MOST_AT_ONCE)
        )
        async with self._database.session() as session:
            rows = (await session.execute(query)).mappings().all()
        return [
            (
                Hold(
                    reservation=Reservation(
                        request_id=row["request_id"],
                        principal=Principal(
                            tenant_id=row["tenant_id"],
                            member_id=row["member_id"],
                            role=Role.DEVELOPER,
                            key_id=row["key_id"],
                        ),
                        model=row["model"],
                        kind=Scope(row["kind"]),
                        max_input_tokens=0,
                        max_output_tokens=0,
                        stream=row["stream"],
                    ),
                    price=price(row["price_version"]),
                    amount_micros=row["amount_micros"],
                    month=row["month"],
                    opened_at=row["opened_at"],
                ),
                Usage(input_tokens=row["input_tokens"], output_tokens=row["output_tokens"], estimated=True),
            )
            for row in rows
        ]
