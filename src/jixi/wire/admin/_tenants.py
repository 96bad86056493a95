"""Tenants: the organisations of the platform."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from jixi.wire.admin._base import Currency, Email, Listing, Locale, Name, Request, Response
from jixi.wire.admin._members import Member


class Tenant(Response):
    """An organisation with its own members, keys, limits and charges."""

    id: str = Field(examples=["ten_01k9yq3v8m4t6n2c5b7d9f1h3j"])
    name: str
    currency: Currency
    status: Literal["active", "suspended"]
    created_at: datetime
    version: int


class TenantList(Listing):
    items: list[Tenant]


class TenantRequest(Request):
    """A new organisation and its first administrator, who is invited."""

    name: Name = Field(examples=["Example Works"])
    administrator_email: Email = Field(examples=["chen@example.com"])
    administrator_name: Name = Field(examples=["陈 Chen"])
    locale: Locale = "en"


class NewTenant(Response):
    """The organisation, its administrator, and the link to hand over; the link is not shown again."""

    tenant: Tenant
    member: Member
    invitation_url: str
    expires_at: datetime


class TenantChange(Request):
    """What is to change; fields that are left out stay. A suspended tenant's keys and sessions stop at once."""

    name: Name | None = None
    status: Literal["active", "suspended"] | None = None
