"""GET /api/health: whether the server answers."""

from importlib.metadata import version

from fastapi import APIRouter

from jixi.server._policy import public
from jixi.wire.admin import Health

router = APIRouter(tags=["house"])


@router.get("/health", summary="Whether the server answers", dependencies=[public()])
async def get_health() -> Health:
    return Health(status="ok", version=version("jixi"))
