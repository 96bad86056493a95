"""GET /api/health: whether the server answers. GET /api/ready: whether it takes new work."""

from importlib.metadata import version
from typing import Final

from fastapi import APIRouter

from jixi.core.errors import problem
from jixi.server._errors import errors
from jixi.server._policy import public
from jixi.server._services import TheEnding, TheHouse
from jixi.wire.admin import Health

router = APIRouter(tags=["house"])
_SOON_S: Final = 2


@router.get("/health", summary="Whether the server answers", dependencies=[public()])
async def get_health() -> Health:
    return Health(status="ok", version=version("jixi"))


@router.get(
    "/ready",
    summary="Whether the server takes new work",
    dependencies=[public()],
    responses=errors("database_unavailable", "server_ending"),
)
async def get_ready(ending: TheEnding, house: TheHouse) -> Health:
    """For load balancers: 503 while the database cannot be reached within two seconds, and from the moment on at which
    the server was told to end, while it finishes what runs.
    """
    if ending.begun:
        raise problem("server_ending", retry_after=_SOON_S)
    await house.database.reach()
    return Health(status="ok", version=version("jixi"))
