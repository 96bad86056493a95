"""/api/setup: the first administrator, by the one-time link that the server printed."""

from fastapi import APIRouter, Response

from jixi.server._errors import errors
from jixi.server._policy import public
from jixi.wire.admin import Session, SetupRequest, SetupState

router = APIRouter(prefix="/setup", tags=["session"], dependencies=[public()])


@router.get("", summary="Whether a first administrator is needed")
async def get_setup() -> SetupState:
    raise NotImplementedError


@router.post(
    "",
    summary="Make the first administrator and sign in",
    status_code=201,
    responses=errors("link_invalid", "rate_limited"),
)
async def create_setup(body: SetupRequest, response: Response) -> Session:
    raise NotImplementedError
