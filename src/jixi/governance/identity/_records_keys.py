"""API keys in the database."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, select, update

from jixi.core.principal import Principal, Role
from jixi.governance.identity._records import TenantScope, api_keys, as_key, members, tenants
from jixi.governance.identity._values import ApiKey
from jixi.storage import Database


class Found(NamedTuple):
    """A key, and who calls with it; `barred` is the code of the problem that keeps it from being used, if any."""

    key: ApiKey
    principal: Principal
    barred: str | None


class KeyRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, digest: str) -> Found | None:
        """The key stored under `digest`. Its tenant and member must be active, or it is barred for as long."""
        return await self._find(api_keys.c.hash == digest)

    async def by_id(self, key_id: str) -> Found | None:
        return await self._find(api_keys.c.id == key_id)

    async def _find(self, which: ColumnElement[bool]) -> Found | None:
        query = (
            select(api_keys, members.c.role, members.c.status, tenants.c.status.label("tenant_status"))
            .join(members, members.c.id == api_keys.c.member_id)
            .join(tenants, tenants.c.id == api_keys.c.tenant_id)
            .where(which)
        )
        async with self._database.session() as session:
            row = (await session.execute(query)).mappings().one_or_none()
        if row is None:
            return None
        key = as_key(dict(row))
        principal = Principal(
            tenant_id=key.tenant_id,
            member_id=key.member_id,
            role=Role(row["role"]),
            key_id=key.id,
            scopes=key.scopes,
            models=key.models,
        )
        barred: str | None = None
        if key.revoked_at is not None:
            barred = "api_key_revoked"
        elif row["tenant_status"] != "active":
            barred = "tenant_suspended"
        elif row["status"] != "active":
            barred = "member_disabled"
        return Found(key, principal, barred)

    async def page(self, tenant_id: str, owner: str | None, limit: int, after: str | None) -> list[ApiKey]:
        async with self._database.session() as session:
            rows = await TenantScope(session, tenant_id).page(
                api_keys, *_owned(owner), limit=limit, after=after
            )
        return [as_key(row) for row in rows]

    async def get(self, tenant_id: str, key_id: str, owner: str | None) -> ApiKey:
        async with self._database.session() as session:
            return as_key(await TenantScope(session, tenant_id).get(api_keys, key_id, *_owned(owner)))

    async def add(self, key: ApiKey, digest: str) -> None:
        values = key._asdict() | {"scopes": sorted(key.scopes), "hash": digest}
        values["models"] = None if key.models is None else sorted(key.models)
        del values["tenant_id"], values["version"]
        async with self._database.session() as session:
            await TenantScope(session, key.tenant_id).add(api_keys, **values)

    async def change(
        self, tenant_id: str, key_id: str, version: int | None, values: dict[str, Any]
    ) -> ApiKey:
        async with self._database.session() as session:
            scope = TenantScope(session, tenant_id)
            return as_key(await scope.change(api_keys, key_id, version=version, **values))

    async def note_use(self, used: dict[str, datetime]) -> None:
        query = update(api_keys).where(api_keys.c.id == bindparam("of")).values(last_used_at=bindparam("at"))
        async with self._database.session() as session:
            connection = await session.connection()
            await connection.execute(query, [{"of": key_id, "at": at} for key_id, at in used.items()])


def _owned(owner: str | None) -> list[ColumnElement[bool]]:
    return [] if owner is None else [api_keys.c.member_id == owner]
