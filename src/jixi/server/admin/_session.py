"""/api/session: signing in and out, and one's own name, language and password."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from jixi.assembly.house import House
from jixi.core.errors import problem
from jixi.core.principal import Principal
from jixi.server._errors import errors
from jixi.server._policy import public, requires
from jixi.server._scope import client_of
from jixi.server._services import TheHouse, TheThrottle
from jixi.server._sessions import begin_session, current_session, end_session, session_token
from jixi.wire.admin import Session, SessionChange, SignIn

router = APIRouter(prefix="/session", tags=["session"])
_Caller = Annotated[Principal, requires("session.own")]


@router.post(
    "",
    summary="Sign in",
    status_code=201,
    dependencies=[public()],
    responses=errors("login_failed", "rate_limited"),
)
async def create_session(
    body: SignIn, house: TheHouse, throttle: TheThrottle, request: Request, response: Response
) -> Session:
    """Sets the cookie `jixi_session`; the answer carries the CSRF token."""
    await throttle.attempt(address=client_of(request.scope), account=body.email.lower())
    return begin_session(house, response, await house.identity.sessions.sign_in(body.email, body.password))


@router.get("", summary="Who is signed in")
async def get_session(caller: _Caller, house: TheHouse, request: Request) -> Session:
    """For an API key: whose it is; `csrf_token` is then empty, for a key needs none."""
    return await current_session(house, request, caller)


@router.patch(
    "",
    summary="Change one's own name, language or password",
    responses=errors("login_failed", "rate_limited"),
)
async def change_session(
    body: SessionChange, caller: _Caller, house: TheHouse, throttle: TheThrottle, request: Request
) -> Session:
    if body.new_password is not None:
        await throttle.attempt(address=client_of(request.scope), account=caller.member_id)
        await _change_password(house, caller, request, body)
    changes = body.model_dump(include={"name", "locale"}, exclude_none=True)
    if changes:
        await house.identity.members.change(caller, caller.member_id, **changes)
        house.identity.forget()
    return await current_session(house, request, caller)


async def _change_password(house: House, caller: Principal, request: Request, body: SessionChange) -> None:
    sessions = house.identity.sessions
    if body.current_password is None or body.new_password is None:
        raise problem(
            "invalid_value", param="current_password", reason="a new password needs the current one"
        )
    await sessions.check_password(caller.member_id, body.current_password)
    await sessions.set_password(caller.member_id, body.new_password, keep=session_token(request))


@router.delete("", summary="Sign out", status_code=204)
async def delete_session(caller: _Caller, house: TheHouse, request: Request, response: Response) -> None:
    """Ends the session; a key has none and stays as it is."""
    token = session_token(request)
    if token is not None:
        await house.identity.sessions.sign_out(token)
        end_session(house, response)
