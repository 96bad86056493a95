"""/api/invitations: joining by a one-time link, which also resets a forgotten password."""

from fastapi import APIRouter, Request, Response

from jixi.server._errors import errors
from jixi.server._inputs import OneTimeToken
from jixi.server._policy import public
from jixi.server._scope import client_of
from jixi.server._services import TheHouse, TheThrottle
from jixi.server._sessions import begin_session
from jixi.wire.admin import Invitation, InvitationAcceptance, Session

router = APIRouter(prefix="/invitations", tags=["session"], dependencies=[public()])
_ERRORS = errors("link_invalid", "rate_limited")


@router.get("/{token}", summary="Whom an invitation is for", responses=_ERRORS)
async def get_invitation(
    token: OneTimeToken, house: TheHouse, throttle: TheThrottle, request: Request
) -> Invitation:
    await throttle.attempt(address=client_of(request.scope), account=f"link:{token}")
    member, tenant = await house.identity.members.invited(token)
    return Invitation(email=member.email, organisation=tenant.name, name=member.name)


@router.post("/{token}", summary="Accept an invitation and sign in", status_code=201, responses=_ERRORS)
async def accept_invitation(
    token: OneTimeToken,
    body: InvitationAcceptance,
    house: TheHouse,
    throttle: TheThrottle,
    request: Request,
    response: Response,
) -> Session:
    await throttle.attempt(address=client_of(request.scope), account=f"link:{token}")
    member, tenant = await house.identity.members.accept(
        token, name=body.name, password=body.password, locale=body.locale
    )
    house.identity.forget()
    return begin_session(house, response, await house.identity.sessions.open(member, tenant))
