"""Budgets and this month's accounts in the database."""

from sqlalchemy import insert, select, update

from jixi.governance.ledger._records import accounts, budgets
from jixi.governance.ledger._values import Budget
from jixi.storage import Database


class BudgetRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_tenant(self, tenant_id: str, month: str) -> list[Budget]:
        """Every budget or account of `month` that the tenant has."""
        standing = select(budgets).where(budgets.c.tenant_id == tenant_id)
        running = select(accounts).where(accounts.c.tenant_id == tenant_id, accounts.c.month == month)
        async with self._database.session() as session:
            limits = {row["scope_id"]: row for row in (await session.execute(standing)).mappings()}
            sums = {row["scope_id"]: row for row in (await session.execute(running)).mappings()}
        return [
            Budget(
                scope_id=scope_id,
                scope="tenant" if scope_id == tenant_id else "key",
                tenant_id=tenant_id,
                limit_micros=limits[scope_id]["limit_micros"] if scope_id in limits else None,
                spent_micros=sums[scope_id]["spent_micros"] if scope_id in sums else 0,
                held_micros=sums[scope_id]["held_micros"] if scope_id in sums else 0,
                month=month,
                version=limits[scope_id]["version"] if scope_id in limits else 0,
            )
            for scope_id in sorted(limits.keys() | sums.keys())
        ]

    async def set_limit(
        self, tenant_id: str, scope_id: str, scope: str, limit: int | None, month: str, version: int | None
    ) -> bool:
        """Set the standing limit and that of the accounts from `month` on; False where the version has moved on."""
        change = update(budgets).where(budgets.c.scope_id == scope_id)
        if version is not None:
            change = change.where(budgets.c.version == version)
        async with self._database.session() as session:
            done = await session.execute(change.values(limit_micros=limit, version=budgets.c.version + 1))
            if done.rowcount == 0:  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
                known = await session.scalar(select(budgets.c.version).where(budgets.c.scope_id == scope_id))
                if known is not None or version not in (None, 0):
                    return False
                row = {"scope_id": scope_id, "tenant_id": tenant_id, "scope": scope, "limit_micros": limit}
                await session.execute(insert(budgets).values(**row, version=1))
            affected = accounts.c.scope_id == scope_id, accounts.c.month >= month
            await session.execute(update(accounts).where(*affected).values(limit_micros=limit))
        return True
