"""GET /api/overview: what runs, how fast, what it costs, what went wrong, what to do next."""

from typing import Annotated

from fastapi import APIRouter

from jixi.core.principal import Principal
from jixi.server._policy import requires
from jixi.wire.admin import Overview

router = APIRouter(prefix="/overview", tags=["house"])


@router.get("", summary="Read the overview")
async def get_overview(caller: Annotated[Principal, requires("overview.read")]) -> Overview:
    raise NotImplementedError
