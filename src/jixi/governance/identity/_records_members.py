"""Members, tenants and one-time links in the database."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from jixi.core.errors import problem
from jixi.core.principal import Role
from jixi.governance.identity._records import (
    TenantScope,
    as_member,
    as_tenant,
    members,
    one_time_tokens,
    sessions,
    tenants,
)
from jixi.governance.identity._values import Member, Tenant
from jixi.storage import Database


class MemberRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, tenant_id: str, limit: int, after: str | None) -> list[Member]:
        async with self._database.session() as session:
            rows = await TenantScope(session, tenant_id).page(members, limit=limit, after=after)
        return [as_member(row) for row in rows]

    async def get(self, tenant_id: str, member_id: str) -> Member:
        async with self._database.session() as session:
            return as_member(await TenantScope(session, tenant_id).get(members, member_id))

    async def role(self, tenant_id: str, member_id: str) -> Role | None:
        """What the member may do; None where they may not sign in any more."""
        query = (
            select(members.c.role)
            .join(tenants, tenants.c.id == members.c.tenant_id)
            .where(members.c.id == member_id, members.c.tenant_id == tenant_id)
            .where(members.c.status == "active", tenants.c.status == "active")
        )
        async with self._database.session() as session:
            role = (await session.execute(query)).scalar_one_or_none()
        return None if role is None else Role(role)

    async def add(self, member: Member, tenant: Tenant | None = None) -> None:
        """Add a member, with their tenant where it is new; raises `conflict` where the address is taken."""
        try:
            async with self._database.session() as session:
                if tenant is not None:
                    await session.execute(insert(tenants).values(**tenant._asdict()))
                await session.execute(insert(members).values(**member._asdict()))
        except IntegrityError as error:
            raise problem("conflict", noun="email address", param="email") from error

    async def change(
        self, tenant_id: str, member_id: str, version: int | None, changes: dict[str, Any]
    ) -> Member:
        """Change a member. Who is disabled is signed out; one platform administrator must stay active."""
        async with self._database.session() as session:
            scope = TenantScope(session, tenant_id)
            changed = as_member(await scope.change(members, member_id, version=version, **changes))
            if changed.status == "disabled":
                await session.execute(delete(sessions).where(sessions.c.member_id == member_id))
            if not await _administrators(session):
                raise problem("last_administrator")
            return changed

    async def has_administrator(self) -> bool:
        async with self._database.session() as session:
            return bool(await _administrators(session))

    async def add_link(self, digest: str, kind: str, expires_at: datetime, member: Member | None) -> None:
        """Store a link in place of the earlier ones of its kind and member."""
        whose = None if member is None else member.id
        same = one_time_tokens.c.kind == kind, one_time_tokens.c.member_id.is_not_distinct_from(whose)
        async with self._database.session() as session:
            await session.execute(delete(one_time_tokens).where(*same))
            await session.execute(
                insert(one_time_tokens).values(
                    hash=digest,
                    kind=kind,
                    tenant_id=None if member is None else member.tenant_id,
                    member_id=whose,
                    expires_at=expires_at,
                )
            )

    async def set_up(
        self, digest: str, now: datetime, tenant: Tenant, member: Member, password_hash: str
    ) -> bool:
        async with self._database.session() as session:
            if not await _use(session, digest, "setup", now) or await _administrators(session):
                return False
            await session.execute(insert(tenants).values(**tenant._asdict()))
            await session.execute(insert(members).values(**member._asdict(), password_hash=password_hash))
        return True

    async def invited(self, digest: str, now: datetime) -> tuple[Member, Tenant] | None:
        query = select(one_time_tokens.c.member_id).where(*_usable(digest, "invitation", now))
        async with self._database.session() as session:
            member_id = await session.scalar(query)
            return None if member_id is None else await _with_tenant(session, member_id)

    async def accept(
        self, digest: str, now: datetime, name: str, password_hash: str, locale: str
    ) -> tuple[Member, Tenant] | None:
        async with self._database.session() as session:
            member_id = await _use(session, digest, "invitation", now)
            if not member_id:
                return None
            values = {"name": name, "password_hash": password_hash, "locale": locale, "status": "active"}
            theirs = members.c.id == member_id, members.c.status != "disabled"
            await session.execute(update(members).where(*theirs).values(**values))
            await session.execute(delete(sessions).where(sessions.c.member_id == member_id))
            found = await _with_tenant(session, member_id)
            return None if found is None or found[0].status != "active" else found

    async def tenants(self, limit: int, after: str | None) -> list[Tenant]:
        query = select(tenants).order_by(tenants.c.id.desc()).limit(limit)
        if after is not None:
            query = query.where(tenants.c.id < after)
        async with self._database.session() as session:
            return [as_tenant(dict(row)) for row in (await session.execute(query)).mappings()]

    async def first_tenant(self) -> str | None:
        async with self._database.session() as session:
            return (await session.execute(select(func.min(tenants.c.id)))).scalar_one()

    async def tenant(self, tenant_id: str) -> Tenant:
        async with self._database.session() as session:
            found = await session.execute(select(tenants).where(tenants.c.id == tenant_id))
            row = found.mappings().one_or_none()
        if row is None:
            raise problem("not_found", noun="organisation")
        return as_tenant(dict(row))

    async def change_tenant(self, tenant_id: str, version: int | None, values: dict[str, Any]) -> Tenant:
        await self.tenant(tenant_id)
        query = update(tenants).where(tenants.c.id == tenant_id)
        if version is not None:
            query = query.where(tenants.c.version == version)
        async with self._database.session() as session:
            changed = query.values(**values, version=tenants.c.version + 1).returning(tenants.c.id)
            if (await session.execute(changed)).first() is None:
                raise problem("precondition_failed", noun="organisation")
            if not await _administrators(session):
                raise problem("last_administrator")
        return await self.tenant(tenant_id)


def _usable(digest: str, kind: str, now: datetime) -> list[ColumnElement[bool]]:
    table = one_time_tokens.c
    return [table.hash == digest, table.kind == kind, table.used_at.is_(None), table.expires_at > now]


async def _use(session: AsyncSession, digest: str, kind: str, now: datetime) -> str | bool:
    """Use a link up in one conditional statement; returns its member, or whether there was one to use."""
    query = update(one_time_tokens).where(*_usable(digest, kind, now)).values(used_at=now)
    row = (await session.execute(query.returning(one_time_tokens.c.member_id))).first()
    return False if row is None else row[0] or True


async def _administrators(session: AsyncSession) -> int:
    query = (
        select(func.count())
        .select_from(members.join(tenants, tenants.c.id == members.c.tenant_id))
        .where(
            members.c.role == Role.PLATFORM_ADMIN,
            members.c.status == "active",
            tenants.c.status == "active",
        )
    )
    return await session.scalar(query) or 0


async def _with_tenant(session: AsyncSession, member_id: Any) -> tuple[Member, Tenant] | None:
    row = (await session.execute(select(members).where(members.c.id == member_id))).mappings().one_or_none()
    if row is None:
        return None
    tenant = await session.execute(select(tenants).where(tenants.c.id == row["tenant_id"]))
    return as_member(dict(row)), as_tenant(dict(tenant.mappings().one()))
