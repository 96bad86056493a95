"""The session of a person at the console, and the two ways to a first one: set-up and invitation."""

from typing import Literal

from pydantic import Field

from jixi.wire.admin._base import Email, Locale, Name, NewPassword, Password, Request, Response
from jixi.wire.admin._members import Member
from jixi.wire.admin._tenants import Tenant

Permission = Literal[
    "session.own",
    "overview.read",
    "models.read",
    "models.manage",
    "models.register",
    "deployments.read",
    "deployments.restart",
    "deployments.manage",
    "engines.manage",
    "providers.read",
    "providers.manage",
    "inference.use",
    "keys.own",
    "keys.manage",
    "members.read",
    "members.manage",
    "tenants.manage",
    "usage.read",
    "usage.own",
    "prices.read",
    "prices.manage",
    "limits.read",
    "limits.manage",
    "routes.read",
    "routes.manage",
    "plans.read",
    "about.read",
    "metrics.read",
    "traces.read",
    "traces.tenant",
    "traces.content",
    "traffic.read",
    "jobs.own",
    "jobs.manage",
]


class Session(Response):
    """Who is signed in and what they may do. Send `csrf_token` as X-CSRF-Token with every change."""

    member: Member
    tenant: Tenant
    permissions: list[Permission]
    csrf_token: str


class SignIn(Request):
    email: Email = Field(examples=["lin@example.com"])
    password: Password


class SessionChange(Request):
    """One's own name, language and password; a new password needs the current one and ends all other sessions."""

    name: Name | None = None
    locale: Locale | None = None
    current_password: Password | None = None
    new_password: NewPassword | None = None


class SetupState(Response):
    """Whether the platform still waits for its first administrator."""

    needed: bool


class SetupRequest(Request):
    """The first administrator and organisation, with the token of the one-time link that the server printed."""

    token: Password
    organisation: Name = Field(examples=["Example Works"])
    name: Name = Field(examples=["林 Lin"])
    email: Email = Field(examples=["lin@example.com"])
    password: NewPassword
    locale: Locale = "en"


class Invitation(Response):
    """Whom an invitation link is for."""

    email: str
    organisation: str
    name: str


class InvitationAcceptance(Request):
    name: Name = Field(examples=["林 Lin"])
    password: NewPassword
    locale: Locale = "en"
