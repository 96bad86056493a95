"""/api/chips: the catalogue of chips that plans are made with."""

from typing import Annotated

from fastapi import APIRouter

from jixi.core.errors import problem
from jixi.core.principal import Principal
from jixi.server._errors import errors
from jixi.server._inputs import Id
from jixi.server._policy import requires
from jixi.server._services import TheHouse
from jixi.wire import admin

router = APIRouter(prefix="/chips", tags=["plans"])
_Reader = Annotated[Principal, requires("plans.read")]


@router.get("", summary="List chips")
async def list_chips(caller: _Reader, house: TheHouse) -> admin.ChipList:
    """All of them, by id."""
    return admin.ChipList(items=[admin.Chip.model_validate(chip) for chip in house.chips], next_cursor=None)


@router.get("/{id}", summary="Read a chip and its sources", responses=errors("not_found"))
async def get_chip(chip_id: Id, caller: _Reader, house: TheHouse) -> admin.ChipDetail:
    for chip in house.chips:
        if chip.id == chip_id:
            return admin.ChipDetail.model_validate(chip)
    raise problem("not_found", noun="chip")
