"""Members and tenants: who belongs where, and the one-time links by which they get in."""

from datetime import timedelta
from typing import Any, Final

from jixi.core.clock import Clock
from jixi.core.errors import problem
from jixi.core.ids import new_id
from jixi.core.principal import Principal, Role
from jixi.governance.identity._records_members import MemberRecords
from jixi.governance.identity._secrets import Hasher, new_token
from jixi.governance.identity._values import KEEP, Link, Member, MemberStatus, Tenant
from jixi.storage import Database

INVITATION_LASTS: Final = timedelta(days=7)
SETUP_LASTS: Final = timedelta(days=1)


class Members:
    """The people of the platform. The methods that name a tenant reach its members alone."""

    def __init__(self, database: Database, clock: Clock, hasher: Hasher) -> None:
        self._records = MemberRecords(database)
        self._clock = clock
        self._hasher = hasher

    async def page(self, tenant_id: str, *, limit: int = 50, after: str | None = None) -> list[Member]:
        return await self._records.page(tenant_id, limit, after)

    async def get(self, tenant_id: str, member_id: str) -> Member:
        """Raises `not_found`."""
        return await self._records.get(tenant_id, member_id)

    async def principal(self, tenant_id: str, member_id: str) -> Principal:
        """The member as a caller; raises `not_authenticated` where they may not sign in any more."""
        role = await self._records.role(tenant_id, member_id)
        if role is None:
            raise problem("not_authenticated")
        return Principal(tenant_id=tenant_id, member_id=member_id, role=role)

    async def invite(
        self, by: Principal, *, email: str, name: str, role: Role, locale: str
    ) -> tuple[Member, Link]:
        """Add a member who sets their password by a one-time link; raises `conflict` where the address is taken."""
        _check_rank(by, role)
        return await self._add(by.tenant_id, email=email, name=name, role=role, locale=locale)

    async def renew_invitation(self, by: Principal, member_id: str) -> tuple[Member, Link]:
        """A new link for a member, also for a forgotten password; earlier links stop working."""
        member = await self.get(by.tenant_id, member_id)
        _check_rank(by, member.role)
        if member.status == "disabled":
            raise problem("conflict", noun="member")
        return member, await self._link("invitation", INVITATION_LASTS, member)

    async def change(
        self,
        by: Principal,
        member_id: str,
        *,
        version: int | None = None,
        name: str | Any = KEEP,
        role: Role | Any = KEEP,
        status: MemberStatus | Any = KEEP,
        locale: str | Any = KEEP,
    ) -> Member:
        """Change a member. The last platform administrator stays one: raises `last_administrator`."""
        member = await self.get(by.tenant_id, member_id)
        changes: dict[str, Any] = {"name": name, "role": role, "status": status, "locale": locale}
        changes = {field: value for field, value in changes.items() if value is not KEEP}
        if "role" in changes or "status" in changes:
            _check_rank(by, member.role)
            _check_rank(by, changes.get("role", member.role))
        if changes.get("status") == "active" and member.status == "invited":
            raise problem("conflict", noun="member")
        return await self._records.change(by.tenant_id, member_id, version, changes)

    async def setup_needed(self) -> bool:
        """Whether the platform still has no administrator."""
        return not await self._records.has_administrator()

    async def setup_link(self) -> Link | None:
        """A fresh link for the first administrator, or None where there is one. Earlier links stop working."""
        return await self._link("setup", SETUP_LASTS, None) if await self.setup_needed() else None

    async def set_up(
        self,
        token: str,
        *,
        organisation: str,
        currency: str,
        name: str,
        email: str,
        password: str,
        locale: str,
    ) -> tuple[Member, Tenant]:
        """Make the first administrator and tenant, once; raises `link_invalid`."""
        now, password_hash = self._clock.now(), await self._hasher.hash_password(password)
        tenant = Tenant(new_id("ten"), organisation, currency, "active", now, 1)
        member = self._member(tenant.id, email, name, Role.PLATFORM_ADMIN, locale)._replace(status="active")
        digest = self._hasher.digest(token)
        if not await self._records.set_up(digest, now, tenant, member, password_hash):
            raise problem("link_invalid")
        return member, tenant

    async def invited(self, token: str) -> tuple[Member, Tenant]:
        """Whom an invitation is for; raises `link_invalid`."""
        found = await self._records.invited(self._hasher.digest(token), self._clock.now())
        if found is None:
            raise problem("link_invalid")
        return found

    async def accept(self, token: str, *, name: str, password: str, locale: str) -> tuple[Member, Tenant]:
        """Use an invitation up: the member becomes active with this password; raises `link_invalid`."""
        digest, password_hash = self._hasher.digest(token), await self._hasher.hash_password(password)
        found = await self._records.accept(digest, self._clock.now(), name, password_hash, locale)
        if found is None:
            raise problem("link_invalid")
        return found

    async def tenants(self, *, limit: int = 50, after: str | None = None) -> list[Tenant]:
        return await self._records.tenants(limit, after)

    async def first_tenant(self) -> str | None:
        """The id of the organisation that the platform was set up with; None until then."""
        return await self._records.first_tenant()

    async def tenant(self, tenant_id: str) -> Tenant:
        """Raises `not_found`."""
        return await self._records.tenant(tenant_id)

    async def add_tenant(
        self, *, name: str, currency: str, administrator_email: str, administrator_name: str, locale: str
    ) -> tuple[Tenant, Member, Link]:
        """A new organisation and its first administrator, who is invited; raises `conflict`."""
        tenant = Tenant(new_id("ten"), name, currency, "active", self._clock.now(), 1)
        member = self._member(tenant.id, administrator_email, administrator_name, Role.TENANT_ADMIN, locale)
        await self._records.add(member, tenant)
        return tenant, member, await self._link("invitation", INVITATION_LASTS, member)

    async def change_tenant(self, tenant_id: str, *, version: int | None = None, **changes: Any) -> Tenant:
        """Change name or status; raises `not_found`, `precondition_failed`."""
        wanted = {field: value for field, value in changes.items() if value is not KEEP}
        return await self._records.change_tenant(tenant_id, version, wanted)

    async def _add(
        self, tenant_id: str, *, email: str, name: str, role: Role, locale: str
    ) -> tuple[Member, Link]:
        member = self._member(tenant_id, email, name, role, locale)
        await self._records.add(member)
        return member, await self._link("invitation", INVITATION_LASTS, member)

    async def _link(self, kind: str, lasts: timedelta, member: Member | None) -> Link:
        link = Link(new_token(), self._clock.now() + lasts)
        await self._records.add_link(self._hasher.digest(link.token), kind, link.expires_at, member)
        return link

    def _member(self, tenant_id: str, email: str, name: str, role: Role, locale: str) -> Member:
        return Member(
            id=new_id("mem"),
            tenant_id=tenant_id,
            email=email.strip().lower(),
            name=name,
            role=role,
            status="invited",
            locale=locale,
            created_at=self._clock.now(),
            last_login_at=None,
            version=1,
        )


def _check_rank(by: Principal, role: Role) -> None:
    """Nobody makes, unmakes or changes a platform administrator but one of them."""
    if role is Role.PLATFORM_ADMIN and by.role is not Role.PLATFORM_ADMIN:
        raise problem("role_forbidden", role=by.role.value)
