"""Holds whose process has died."""

from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec
from sqlalchemy import RowMapping, select

from jixi.core.money import Price
from jixi.core.ports import Hold, Outcome, Reservation
from jixi.core.principal import Principal, Role, Scope
from jixi.core.usage import Usage
from jixi.governance.ledger._records import charges, holds
from jixi.storage import Database

_MOST_AT_ONCE = 500


class HoldRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def expired(
        self, now: datetime, price: Callable[[int], Price]
    ) -> list[tuple[Hold, Usage, str | None]]:
        """The holds whose lease ran out before `now`; what the last mark says was produced, and who answered."""
        query = (
            select(holds).where(holds.c.lease_until < now).order_by(holds.c.opened_at).limit(_MOST_AT_ONCE)
        )
        async with self._database.session() as session:
            rows = (await session.execute(query)).mappings().all()
        return [(_hold(row, price), _usage(row), row["target"]) for row in rows]

    async def held(
        self, tenant_id: str, prefix: str, price: Callable[[int], Price]
    ) -> list[tuple[Hold, Usage, str | None]]:
        """The same of the calls whose ids begin with `prefix`, whatever their lease."""
        query = select(holds).where(
            holds.c.tenant_id == tenant_id, holds.c.request_id.startswith(prefix, autoescape=True)
        )
        async with self._database.session() as session:
            rows = (await session.execute(query)).mappings().all()
        return [(_hold(row, price), _usage(row), row["target"]) for row in rows]

    async def charged(self, tenant_id: str, prefix: str, since: datetime) -> dict[str, tuple[Outcome, int]]:
        """Outcome and micro-units of the charges since then whose ids begin with `prefix`."""
        query = select(charges.c.request_id, charges.c.outcome, charges.c.cost_micros).where(
            charges.c.tenant_id == tenant_id,
            charges.c.charged_at >= since,
            charges.c.request_id.startswith(prefix, autoescape=True),
        )
        async with self._database.session() as session:
            return {row.request_id: (row.outcome, row.cost_micros) for row in await session.execute(query)}


def _hold(row: RowMapping, price: Callable[[int], Price]) -> Hold:
    principal = Principal(
        tenant_id=row["tenant_id"], member_id=row["member_id"], role=Role.DEVELOPER, key_id=row["key_id"]
    )
    return Hold(
        reservation=Reservation(
            request_id=row["request_id"],
            principal=principal,
            model=row["model"],
            kind=Scope(row["kind"]),
            max_input_tokens=row["most_tokens"],
            max_output_tokens=0,
            stream=row["stream"],
            tier=row["tier"],
        ),
        price=price(row["price_version"]),
        amount_micros=row["amount_micros"],
        opened_at=row["opened_at"],
        target_prices=tuple(price(version) for version in _versions(row["target_prices"])),
    )


def _versions(target_prices: str | None) -> Iterable[int]:
    return () if target_prices is None else msgspec.json.decode(target_prices, type=dict[str, int]).values()


def _usage(row: RowMapping) -> Usage:
    return Usage(
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        units=row["units"],
        estimated=True,
    )
