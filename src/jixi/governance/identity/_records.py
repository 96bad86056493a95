"""Identity's tables, and the one layer through which a tenant's rows are reached."""

from typing import Any

from sqlalchemy import JSON, Column, ColumnElement, Integer, MetaData, String, Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from jixi.core.errors import problem
from jixi.core.principal import Role, Scope
from jixi.governance.identity._values import ApiKey, Member, Tenant
from jixi.storage import UtcDateTime

_METADATA = MetaData()
tenants = Table(
    "tenants",
    _METADATA,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("currency", String, nullable=False),
    Column("status", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
)
members = Table(
    "members",
    _METADATA,
    Column("id", String, primary_key=True),
    Column("tenant_id", String, nullable=False),
    Column("email", String, nullable=False),
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),
    Column("status", String, nullable=False),
    Column("password_hash", String),
    Column("locale", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_login_at", UtcDateTime),
    Column("version", Integer, nullable=False),
)
one_time_tokens = Table(
    "one_time_tokens",
    _METADATA,
    Column("hash", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("tenant_id", String),
    Column("member_id", String),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)
sessions = Table(
    "sessions",
    _METADATA,
    Column("hash", String, primary_key=True),
    Column("member_id", String, nullable=False),
    Column("tenant_id", String, nullable=False),
    Column("csrf", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
api_keys = Table(
    "api_keys",
    _METADATA,
    Column("id", String, primary_key=True),
    Column("tenant_id", String, nullable=False),
    Column("member_id", String, nullable=False),
    Column("name", String, nullable=False),
    Column("hash", String, nullable=False),
    Column("hint", String, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("models", JSON(none_as_null=True)),
    Column("expires_at", UtcDateTime),
    Column("last_used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
)


class TenantScope:
    """The rows of one tenant. A foreign id and an unknown one are the same `not_found`, for neither is in scope."""

    def __init__(self, session: AsyncSession, tenant_id: str) -> None:
        self._session = session
        self._tenant_id = tenant_id

    async def page(
        self, table: Table, *conditions: ColumnElement[bool], limit: int, after: str | None
    ) -> list[dict[str, Any]]:
        """At most `limit` rows, newest first, behind the row with the id `after`."""
        query = select(table).where(table.c.tenant_id == self._tenant_id, *conditions)
        if after is not None:
            query = query.where(table.c.id < after)
        rows = await self._session.execute(query.order_by(table.c.id.desc()).limit(limit))
        return [dict(row) for row in rows.mappings()]

    async def get(self, table: Table, row_id: str, *conditions: ColumnElement[bool]) -> dict[str, Any]:
        query = select(table).where(table.c.id == row_id, table.c.tenant_id == self._tenant_id, *conditions)
        row = (await self._session.execute(query)).mappings().one_or_none()
        if row is None:
            raise problem("not_found", noun=_NOUNS[table.name])
        return dict(row)

    async def add(self, table: Table, **values: Any) -> None:
        await self._session.execute(insert(table).values(tenant_id=self._tenant_id, version=1, **values))

    async def change(
        self, table: Table, row_id: str, *, version: int | None, **values: Any
    ) -> dict[str, Any]:
        """Write `values` and count the version up; raises `precondition_failed` where it is not `version`."""
        query = update(table).where(table.c.id == row_id, table.c.tenant_id == self._tenant_id)
        if version is not None:
            query = query.where(table.c.version == version)
        changed = query.values(**values, version=table.c.version + 1).returning(table.c.id)
        if (await self._session.execute(changed)).first() is None:
            await self.get(table, row_id)
            raise problem("precondition_failed", noun=_NOUNS[table.name])
        return await self.get(table, row_id)


_NOUNS = {"members": "member", "api_keys": "API key"}


def as_tenant(row: dict[str, Any]) -> Tenant:
    return Tenant(**{name: row[name] for name in Tenant._fields})


def as_member(row: dict[str, Any]) -> Member:
    values = {name: row[name] for name in Member._fields}
    values["role"] = Role(row["role"])
    return Member(**values)


def as_key(row: dict[str, Any]) -> ApiKey:
    values = {name: row[name] for name in ApiKey._fields}
    values["scopes"] = frozenset(map(Scope, row["scopes"]))
    values["models"] = None if row["models"] is None else frozenset(row["models"])
    return ApiKey(**values)
