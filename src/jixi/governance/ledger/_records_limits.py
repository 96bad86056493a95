"""Limits in the database, and what is used of them."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import RowMapping, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from jixi.governance.ledger._gauge import UNIT, Account, Gauge
from jixi.governance.ledger._records import accounts, gauges, holds
from jixi.governance.ledger._records_gauges import gauge_of, model_scope
from jixi.governance.ledger._values import (
    MODEL,
    Limit,
    LimitScope,
    LimitValues,
    Used,
    scope_of,
)
from jixi.storage import Database

_LOCK: Final = text(
    "INSERT INTO gauges (scope_id, tenant_id, scope, version) VALUES (:scope_id, :tenant_id, :scope, 0) "
    "ON CONFLICT (scope_id) DO UPDATE SET revision = gauges.revision + 1 RETURNING *"
)


class LimitRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_tenant(self, tenant_id: str, now: datetime) -> list[Limit]:
        """Every gauge of the tenant."""
        return await self._found(gauges.c.tenant_id == tenant_id, tenant_id, now)

    async def get(self, tenant_id: str, scope_id: str, now: datetime) -> Limit | None:
        found = await self._found(gauges.c.scope_id == _row_id(tenant_id, scope_id), tenant_id, now)
        return found[0] if found else None

    async def put(
        self,
        tenant_id: str,
        scope_id: str,
        values: LimitValues,
        now: datetime,
        version: int | None,
    ) -> bool:
        """Set the limits; False where the version has moved on.

        The first statement takes the lock that every admission of this scope waits for, and makes its gauge where
        there is none: no call is admitted beside a limit that it does not see.
        """
        key = {"scope_id": _row_id(tenant_id, scope_id), "tenant_id": tenant_id}
        key["scope"] = scope_of(scope_id)
        async with self._database.session() as session:
            row = (await session.execute(_LOCK, key)).mappings().one()
            if version is not None and row["version"] != version:
                return False
            gauge = gauge_of(row)
            gauge.change(values, _milliseconds(now), await _tokens_running(session, gauge))
            changed = {
                **values._asdict(),
                "requests_used": gauge.requests_used,
                "tokens_used": gauge.tokens_used,
                "measured_ms": gauge.measured_ms,
                "version": row["version"] + 1,
            }
            await session.execute(update(gauges).where(gauges.c.scope_id == gauge.scope_id).values(**changed))
        return True

    async def _found(self, condition: Any, tenant_id: str, now: datetime) -> list[Limit]:
        closed = select(accounts).where(
            accounts.c.tenant_id == tenant_id, accounts.c.period.in_([f"{now:%Y-%m-%d}", f"{now:%Y-%m}"])
        )
        async with self._database.session() as session:
            rows = (await session.execute(select(gauges).where(condition))).mappings().all()
            others = (await session.execute(closed)).mappings().all()
        accounts_of: dict[str, dict[str, Account]] = {}
        for other in others:
            account = Account(other["spent_micros"], other["held_micros"])
            accounts_of.setdefault(other["scope_id"], {})[other["period"]] = account
        return [_limit(row, accounts_of.get(row["scope_id"], {}), now) for row in rows]


async def _tokens_running(session: AsyncSession, gauge: Gauge) -> int:
    """The most tokens that the scope's open holds may still use."""
    conditions: dict[LimitScope, list[Any]] = {
        "tenant": [holds.c.tenant_id == gauge.scope_id],
        "member": [holds.c.member_id == gauge.scope_id],
        "key": [holds.c.key_id == gauge.scope_id],
        "model": [
            holds.c.tenant_id == gauge.tenant_id,
            holds.c.model == gauge.scope_id.removeprefix(f"{gauge.tenant_id}:"),
        ],
    }
    query = select(func.coalesce(func.sum(holds.c.most_tokens), 0)).where(*conditions[gauge.scope])
    return int((await session.execute(query)).scalar_one())


def _limit(row: RowMapping, closed: dict[str, Account], now: datetime) -> Limit:
    gauge = gauge_of(row)
    gauge.closed = closed
    gauge.drain(_milliseconds(now))
    day, month = gauge.account(f"{now:%Y-%m-%d}"), gauge.account(f"{now:%Y-%m}")
    scope_id = gauge.scope_id
    if gauge.scope == "model":
        scope_id = MODEL + scope_id.removeprefix(f"{gauge.tenant_id}:")
    return Limit(
        scope_id=scope_id,
        scope=gauge.scope,
        values=LimitValues(*(row[name] for name in LimitValues._fields)),
        used=Used(
            requests_minute=-(-gauge.requests_used // UNIT),
            tokens_minute=-(-gauge.tokens_used // UNIT),
            running=gauge.running,
            daily_micros=day.spent,
            daily_held_micros=day.held,
            monthly_micros=month.spent,
            monthly_held_micros=month.held,
        ),
        version=row["version"],
    )


def _row_id(tenant_id: str, scope_id: str) -> str:
    """How the row of a scope is called: models are known by the same name in every tenant."""
    if scope_id.startswith(MODEL):
        return model_scope(tenant_id, scope_id.removeprefix(MODEL))
    return scope_id


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
