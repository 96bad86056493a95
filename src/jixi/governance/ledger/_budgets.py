"""Budgets: what a tenant or a key may spend in a month."""

from jixi.core.clock import Clock
from jixi.core.errors import problem
from jixi.governance.ledger._records_budgets import BudgetRecords
from jixi.governance.ledger._values import Budget, BudgetScope
from jixi.storage import Database


class Budgets:
    """Reads and sets the budgets of one tenant. The caller has made sure that the scope is of that tenant."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._records = BudgetRecords(database)
        self._clock = clock

    async def of_tenant(self, tenant_id: str) -> list[Budget]:
        """The tenant's own budget, then those of its keys that have a limit or have spent this month."""
        month = self._month()
        rows = await self._records.of_tenant(tenant_id, month)
        if not any(row.scope_id == tenant_id for row in rows):
            rows.append(Budget(tenant_id, "tenant", tenant_id, None, 0, 0, month, 0))
        return sorted(rows, key=lambda row: (row.scope != "tenant", row.scope_id))

    async def get(self, tenant_id: str, scope_id: str) -> Budget:
        """The budget of a tenant or key; one that was never set has no limit and version 0."""
        for row in await self._records.of_tenant(tenant_id, self._month()):
            if row.scope_id == scope_id:
                return row
        scope: BudgetScope = "tenant" if scope_id == tenant_id else "key"
        return Budget(scope_id, scope, tenant_id, None, 0, 0, self._month(), 0)

    async def set_limit(
        self, tenant_id: str, scope_id: str, limit_micros: int | None, *, version: int | None = None
    ) -> Budget:
        """Set this month's and all later months' limit. Raises `precondition_failed` where `version` is old."""
        scope: BudgetScope = "tenant" if scope_id == tenant_id else "key"
        if not await self._records.set_limit(
            tenant_id, scope_id, scope, limit_micros, self._month(), version
        ):
            raise problem("precondition_failed", noun="budget")
        return await self.get(tenant_id, scope_id)

    def _month(self) -> str:
        return self._clock.now().strftime("%Y-%m")
