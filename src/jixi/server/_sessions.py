"""The console's session in its cookie, and the answer that tells who is signed in."""

from fastapi import Request, Response

from jixi.assembly.house import House
from jixi.core.principal import Principal
from jixi.governance.identity import Member, NewSession, Tenant, permissions
from jixi.server._authenticate import SESSION_COOKIE
from jixi.server._scope import cookie
from jixi.wire import admin as wire


def session_token(request: Request) -> str | None:
    """The session's token, where the caller came by a session."""
    return None if "authorization" in request.headers else cookie(request.scope, SESSION_COOKIE)


def begin_session(house: House, response: Response, session: NewSession) -> wire.Session:
    """Put a new session into the cookie. The browser keeps it from scripts and from other sites."""
    left = session.expires_at - house.clock.now()
    response.set_cookie(
        SESSION_COOKIE,
        session.token,
        max_age=int(left.total_seconds()),
        path="/",
        secure=house.settings.is_https,
        httponly=True,
        samesite="strict",
    )
    response.headers["Cache-Control"] = "no-store"
    signed_in = session.signed_in
    return describe(signed_in.member, signed_in.tenant, signed_in.csrf)


def end_session(house: House, response: Response) -> None:
    response.delete_cookie(
        SESSION_COOKIE, path="/", secure=house.settings.is_https, httponly=True, samesite="strict"
    )


async def current_session(house: House, request: Request, caller: Principal) -> wire.Session:
    """Who the caller is; a key has no session and needs no CSRF token."""
    token = session_token(request)
    if token is not None:
        signed_in = await house.identity.principal_for_session(token)
        return describe(signed_in.member, signed_in.tenant, signed_in.csrf)
    members = house.identity.members
    member = await members.get(caller.tenant_id, caller.member_id)
    return describe(member, await members.tenant(caller.tenant_id), "")


def describe(member: Member, tenant: Tenant, csrf: str) -> wire.Session:
    return wire.Session(
        member=wire.Member.model_validate(member),
        tenant=wire.Tenant.model_validate(tenant),
        permissions=permissions(member.role),
        csrf_token=csrf,
    )
