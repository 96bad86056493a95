"""/api/models: the catalogue, and what of it is on this machine."""

from typing import Annotated

from fastapi import APIRouter

from jixi.core.principal import Principal
from jixi.server._policy import requires
from jixi.wire.admin import ModelList

router = APIRouter(prefix="/models", tags=["models"])


@router.get("", summary="List the models of the store")
async def list_models(caller: Annotated[Principal, requires("models.read")]) -> ModelList:
    raise NotImplementedError
