"""/api/session: signing in and out, and one's own name, language and password."""

from typing import Annotated

from fastapi import APIRouter, Response

from jixi.core.principal import Principal
from jixi.server._errors import errors
from jixi.server._policy import public, requires
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
async def create_session(body: SignIn, response: Response) -> Session:
    """Sets the cookie `jixi_session`; the answer carries the CSRF token."""
    raise NotImplementedError


@router.get("", summary="Who is signed in")
async def get_session(caller: _Caller) -> Session:
    """For an API key: whose it is; `csrf_token` is then empty, for a key needs none."""
    raise NotImplementedError


@router.patch(
    "",
    summary="Change one's own name, language or password",
    responses=errors("login_failed", "rate_limited"),
)
async def change_session(body: SessionChange, caller: _Caller) -> Session:
    raise NotImplementedError


@router.delete("", summary="Sign out", status_code=204)
async def delete_session(caller: _Caller, response: Response) -> None:
    raise NotImplementedError
