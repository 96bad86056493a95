"""Limits: what a tenant, a member, a key, or a tenant's use of a model may use in a minute, at once, and in money."""

from jixi.core.clock import Clock
from jixi.core.errors import problem
from jixi.governance.ledger._records_limits import LimitRecords
from jixi.governance.ledger._values import Limit, LimitScope, LimitValues, Used, scope_of
from jixi.storage import Database


class Limits:
    """Reads and sets the limits of one tenant's scopes. The caller has made sure that the scope is of that tenant.

    A scope's id is that of a tenant, member or key, or `model:` with the name of a model.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._records = LimitRecords(database)
        self._clock = clock

    async def of_tenant(self, tenant_id: str) -> list[Limit]:
        """The tenant's own limits first, then those of scopes that have limits or were used this month."""
        found = await self._records.of_tenant(tenant_id, self._clock.now())
        if not any(limit.scope_id == tenant_id for limit in found):
            found.append(_unset(tenant_id, "tenant"))
        shown = [limit for limit in found if limit.scope == "tenant" or limit.version or any(limit.used)]
        order: list[LimitScope] = ["tenant", "member", "key", "model"]
        return sorted(shown, key=lambda limit: (order.index(limit.scope), limit.scope_id))

    async def get(self, tenant_id: str, scope_id: str) -> Limit:
        """The limits of one scope; where none was ever set, there are none and the version is 0."""
        found = await self._records.get(tenant_id, scope_id, self._clock.now())
        return found or _unset(scope_id, scope_of(scope_id))

    async def put(
        self, tenant_id: str, scope_id: str, values: LimitValues, *, version: int | None = None
    ) -> Limit:
        """Put `values` in force for every call that is admitted from now on, on every process.

        What the scope spent and what it runs counts from before. Raises `precondition_failed` where `version` is old.
        """
        now = self._clock.now()
        if not await self._records.put(tenant_id, scope_id, values, now, version):
            raise problem("precondition_failed", noun="limit")
        return await self.get(tenant_id, scope_id)


def _unset(scope_id: str, scope: LimitScope) -> Limit:
    return Limit(scope_id, scope, LimitValues(), Used(), 0)
