"""Members: the people of a tenant."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from jixi.core.principal import Role
from jixi.wire.admin._base import Email, Listing, Locale, Name, Request, Response


class Member(Response):
    """A person of a tenant. `version` is the ETag that If-Match takes."""

    id: str = Field(examples=["mem_01k9yq3v8m4t6n2c5b7d9f1h3j"])
    tenant_id: str
    email: str
    name: str
    role: Role
    status: Literal["invited", "active", "disabled"]
    locale: Locale
    created_at: datetime
    last_login_at: datetime | None
    version: int


class MemberList(Listing):
    items: list[Member]


class MemberInvitation(Request):
    """Who is invited. Nobody can be made platform administrator by one who is none."""

    email: Email = Field(examples=["lin@example.com"])
    name: Name = Field(examples=["林 Lin"])
    role: Role = Field(examples=["developer"])
    locale: Locale = "en"


class InvitedMember(Response):
    """The member and the link to hand over; the link works once, until `expires_at`, and is not shown again."""

    member: Member
    invitation_url: str
    expires_at: datetime


class MemberChange(Request):
    """What is to change; fields that are left out stay."""

    name: Name | None = None
    role: Role | None = None
    status: Literal["active", "disabled"] | None = None
