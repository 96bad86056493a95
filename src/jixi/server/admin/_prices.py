"""/api/prices: what models cost."""

from typing import Annotated

from fastapi import APIRouter, Response

from jixi.core.principal import Principal
from jixi.server._errors import errors
from jixi.server._inputs import IfMatch, NameInPath
from jixi.server._policy import requires
from jixi.wire.admin import Price, PriceChange, PriceList

router = APIRouter(prefix="/prices", tags=["prices"])


@router.get("", summary="List the prices of now")
async def list_prices(caller: Annotated[Principal, requires("prices.read")]) -> PriceList:
    raise NotImplementedError


@router.put("/{model}", summary="Set a model's price", responses=errors("not_found", "precondition_failed"))
async def put_price(
    model: NameInPath,
    body: PriceChange,
    caller: Annotated[Principal, requires("prices.manage")],
    response: Response,
    if_match: IfMatch = None,
) -> Price:
    """Adds a version to the price book; no version is ever edited, and past charges stay as they are."""
    raise NotImplementedError
