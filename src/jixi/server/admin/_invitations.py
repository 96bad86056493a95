"""/api/invitations: joining by a one-time link, which also resets a forgotten password."""

from fastapi import APIRouter, Response

from jixi.server._errors import errors
from jixi.server._inputs import OneTimeToken
from jixi.server._policy import public
from jixi.wire.admin import Invitation, InvitationAcceptance, Session

router = APIRouter(prefix="/invitations", tags=["session"], dependencies=[public()])


@router.get("/{token}", summary="Whom an invitation is for", responses=errors("link_invalid", "rate_limited"))
async def get_invitation(token: OneTimeToken) -> Invitation:
    raise NotImplementedError


@router.post(
    "/{token}",
    summary="Accept an invitation and sign in",
    status_code=201,
    responses=errors("link_invalid", "rate_limited"),
)
async def accept_invitation(token: OneTimeToken, body: InvitationAcceptance, response: Response) -> Session:
    raise NotImplementedError
