"""GET /api/about: the version, where the data lies, and what everyone should know."""

from importlib.metadata import version
from typing import Annotated

from fastapi import APIRouter, Request

from jixi.core.principal import Principal
from jixi.governance.identity import allowed
from jixi.server._policy import requires
from jixi.server._scope import language_of
from jixi.server._services import TheHouse
from jixi.wire.admin import About, Notice

router = APIRouter(prefix="/about", tags=["house"])


@router.get("", summary="About this server")
async def get_about(
    caller: Annotated[Principal, requires("about.read")], house: TheHouse, request: Request
) -> About:
    language = language_of(request.scope)
    notices = [
        Notice(code=notice.code, level=notice.level, message=notice.message(language))
        for notice in house.notices()
    ]
    return About(
        version=version("jixi"),
        data_dir=str(house.settings.data_dir) if allowed(caller.role, "tenants.manage") else None,
        currency=house.settings.currency,
        starter=house.settings.starter,
        notices=notices,
    )
