"""GET /api/about: the version, where the data lies, and what everyone should know."""

from typing import Annotated

from fastapi import APIRouter

from jixi.core.principal import Principal
from jixi.server._policy import requires
from jixi.wire.admin import About

router = APIRouter(prefix="/about", tags=["house"])


@router.get("", summary="About this server")
async def get_about(caller: Annotated[Principal, requires("about.read")]) -> About:
    raise NotImplementedError
