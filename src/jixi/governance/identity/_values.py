"""The nouns of identity."""

from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from jixi.core.principal import Principal, Role, Scope

MemberStatus = Literal["invited", "active", "disabled"]
TenantStatus = Literal["active", "suspended"]
KEEP: Final[Any] = object()


class Tenant(NamedTuple):
    id: str
    name: str
    currency: str
    status: TenantStatus
    created_at: datetime
    version: int


class Member(NamedTuple):
    id: str
    tenant_id: str
    email: str
    name: str
    role: Role
    status: MemberStatus
    locale: str
    created_at: datetime
    last_login_at: datetime | None
    version: int


class ApiKey(NamedTuple):
    """An API key without its secret."""

    id: str
    tenant_id: str
    member_id: str
    name: str
    hint: str
    scopes: frozenset[Scope]
    models: frozenset[str] | None
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime
    version: int

    def status(self, now: datetime) -> Literal["active", "expired", "revoked"]:
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"


class SignedIn(NamedTuple):
    """A console session: who it is, and the token that its changes must carry."""

    principal: Principal
    csrf: str
    member: Member
    tenant: Tenant


class NewSession(NamedTuple):
    """A session just opened. `token` goes into the cookie and is stored nowhere."""

    token: str
    expires_at: datetime
    signed_in: SignedIn


class Link(NamedTuple):
    """A one-time link just made. `token` is stored nowhere."""

    token: str
    expires_at: datetime
