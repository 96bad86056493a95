"""/api/routes: every public name, where it leads, and how that fares."""

from typing import Annotated

import msgspec
from fastapi import APIRouter

from jixi.core.principal import Principal
from jixi.server._policy import requires
from jixi.server._services import TheHouse
from jixi.wire.admin import Route, RouteList

router = APIRouter(prefix="/routes", tags=["routing"])


@router.get("", summary="Show where calls go now")
async def list_routes(caller: Annotated[Principal, requires("routes.read")], house: TheHouse) -> RouteList:
    """The calls of all processes of this server, as of the last half second."""
    items = [Route.model_validate(msgspec.to_builtins(route)) for route in house.gateway.routes_everywhere()]
    return RouteList(items=items, next_cursor=None)
