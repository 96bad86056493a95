"""Sessions and passwords in the database."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, delete, insert, select, update

from jixi.governance.identity._records import as_member, as_tenant, members, sessions, tenants
from jixi.governance.identity._values import Member, Tenant
from jixi.storage import Database


class SessionRow(NamedTuple):
    """A session with the member and tenant that it is of."""

    hash: str
    csrf: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    member: Member
    tenant: Tenant

    @property
    def valid(self) -> bool:
        return self.member.status == "active" and self.tenant.status == "active"


class Credentialed(NamedTuple):
    member: Member
    tenant: Tenant
    password_hash: str | None


class SessionRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_email(self, email: str) -> Credentialed | None:
        query = select(members, members.c.password_hash.label("secret")).where(members.c.email == email)
        async with self._database.session() as session:
            row = (await session.execute(query)).mappings().one_or_none()
            if row is None:
                return None
            tenant = await session.execute(select(tenants).where(tenants.c.id == row["tenant_id"]))
            return Credentialed(as_member(dict(row)), as_tenant(_one(tenant.one())), row["password_hash"])

    async def get(self, digest: str) -> SessionRow | None:
        async with self._database.session() as session:
            found = await session.execute(select(sessions).where(sessions.c.hash == digest))
            row = found.mappings().one_or_none()
            if row is None:
                return None
            member = await session.execute(select(members).where(members.c.id == row["member_id"]))
            tenant = await session.execute(select(tenants).where(tenants.c.id == row["tenant_id"]))
            return SessionRow(
                hash=row["hash"],
                csrf=row["csrf"],
                created_at=row["created_at"],
                last_seen_at=row["last_seen_at"],
                expires_at=row["expires_at"],
                member=as_member(_one(member.one())),
                tenant=as_tenant(_one(tenant.one())),
            )

    async def add(self, row: SessionRow) -> None:
        values = {name: getattr(row, name) for name in SessionRow._fields[:5]}
        async with self._database.session() as session:
            stale = delete(sessions).where(sessions.c.expires_at < row.created_at)
            await session.execute(stale)
            await session.execute(
                insert(sessions).values(**values, member_id=row.member.id, tenant_id=row.tenant.id)
            )
            login = update(members).where(members.c.id == row.member.id)
            await session.execute(login.values(last_login_at=row.created_at))

    async def seen(self, digest: str, at: datetime) -> None:
        async with self._database.session() as session:
            await session.execute(update(sessions).where(sessions.c.hash == digest).values(last_seen_at=at))

    async def remove(self, digest: str) -> None:
        async with self._database.session() as session:
            await session.execute(delete(sessions).where(sessions.c.hash == digest))

    async def remove_all(self, member_id: str, *, but: str | None = None) -> None:
        query = delete(sessions).where(sessions.c.member_id == member_id)
        if but is not None:
            query = query.where(sessions.c.hash != but)
        async with self._database.session() as session:
            await session.execute(query)

    async def password_of(self, member_id: str) -> str | None:
        async with self._database.session() as session:
            return await session.scalar(select(members.c.password_hash).where(members.c.id == member_id))

    async def set_password(self, member_id: str, password_hash: str) -> None:
        async with self._database.session() as session:
            query = update(members).where(members.c.id == member_id)
            await session.execute(query.values(password_hash=password_hash))


def _one(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    return dict(row._mapping)  # pyright: ignore[reportPrivateUsage]
