"""/api/setup: the first administrator, by the one-time link that the server printed."""

from fastapi import APIRouter, Request, Response

from jixi.server._errors import errors
from jixi.server._policy import public
from jixi.server._scope import client_of
from jixi.server._services import TheHouse, TheThrottle
from jixi.server._sessions import begin_session
from jixi.wire.admin import Session, SetupRequest, SetupState

router = APIRouter(prefix="/setup", tags=["session"], dependencies=[public()])


@router.get("", summary="Whether a first administrator is needed")
async def get_setup(house: TheHouse) -> SetupState:
    return SetupState(needed=await house.identity.members.setup_needed())


@router.post(
    "",
    summary="Make the first administrator and sign in",
    status_code=201,
    responses=errors("link_invalid", "rate_limited"),
)
async def create_setup(
    body: SetupRequest, house: TheHouse, throttle: TheThrottle, request: Request, response: Response
) -> Session:
    await throttle.attempt(address=client_of(request.scope), account="setup")
    member, tenant = await house.identity.members.set_up(
        body.token,
        organisation=body.organisation,
        currency=house.settings.currency,
        name=body.name,
        email=body.email,
        password=body.password,
        locale=body.locale,
    )
    return begin_session(house, response, await house.identity.sessions.open(member, tenant))
