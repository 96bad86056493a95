"""Whether every sum that is kept is the sum of what it stands for, read in one moment."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import String, Table, cast, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from jixi.governance.ledger._records import accounts, charges, gauges, holds, resource_charges
from jixi.storage import Database

_Sums = Counter[tuple[str, str, str]]
"""(scope id; day, month or "now"; "spent", "held" or "running") and the sum."""
_ONE_MOMENT: Final = {True: "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", False: "BEGIN"}


class AuditRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def discrepancies(self) -> list[str]:
        async with self._database.session() as session:
            await session.execute(text(_ONE_MOMENT[self._database.is_postgres]))
            kept = await _kept(session)
            counted = await _counted(session, self._database.is_postgres)
        return [
            f"{' '.join(what)}: {kept[what]} kept, {counted[what]} counted"
            for what in sorted(kept.keys() | counted.keys())
            if kept[what] != counted[what]
        ]


async def _kept(session: AsyncSession) -> _Sums:
    sums: _Sums = Counter()
    for row in (await session.execute(select(gauges))).mappings():
        scope_id = row["scope_id"]
        sums[scope_id, row["day"], "spent"] += row["day_spent"]
        sums[scope_id, row["day"], "held"] += row["day_held"]
        sums[scope_id, row["month"], "spent"] += row["month_spent"]
        sums[scope_id, row["month"], "held"] += row["month_held"]
        sums[scope_id, "now", "running"] += row["running"]
    for row in (await session.execute(select(accounts))).mappings():
        sums[row["scope_id"], row["period"], "spent"] += row["spent_micros"]
        sums[row["scope_id"], row["period"], "held"] += row["held_micros"]
    return sums


async def _counted(session: AsyncSession, is_postgres: bool) -> _Sums:
    sums: _Sums = Counter()
    for what, table, amount in (
        ("spent", charges, charges.c.cost_micros),
        ("held", holds, holds.c.amount_micros),
    ):
        for scope in _scopes(table):
            for period in (table.c.month, _day(table, is_postgres)):
                query = (
                    select(scope, period, func.sum(amount)).where(scope.is_not(None)).group_by(scope, period)
                )
                for scope_id, name, total in await session.execute(query):
                    sums[scope_id, name, what] += int(total)
    for period in (func.substr(resource_charges.c.day, 1, 7), resource_charges.c.day):
        tenant, cost = resource_charges.c.tenant_id, func.sum(resource_charges.c.cost_micros)
        for tenant_id, name, total in await session.execute(
            select(tenant, period, cost).group_by(tenant, period)
        ):
            sums[tenant_id, name, "spent"] += int(total)
    for scope in _scopes(holds):
        query = select(scope, func.count()).where(scope.is_not(None)).group_by(scope)
        for scope_id, number in await session.execute(query):
            sums[scope_id, "now", "running"] += number
    return sums


def _scopes(table: Table) -> Iterator[Any]:
    yield table.c.tenant_id
    yield table.c.member_id
    yield table.c.key_id
    yield table.c.tenant_id + ":" + table.c.model


def _day(table: Table, is_postgres: bool) -> Any:
    """The day in UTC on which a call was opened."""
    if is_postgres:
        return func.to_char(func.timezone("UTC", table.c.opened_at), "YYYY-MM-DD")
    return func.substr(cast(table.c.opened_at, String), 1, 10)
