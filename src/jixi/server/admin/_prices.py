"""/api/prices: what models cost."""

from typing import Annotated

from fastapi import APIRouter, Response

from jixi.assembly.house import House
from jixi.core.errors import problem
from jixi.core.principal import Principal
from jixi.core.resources import Resource
from jixi.governance import ledger
from jixi.governance.ledger import PriceEntry
from jixi.server._errors import errors
from jixi.server._inputs import IfMatch, NameInPath
from jixi.server._policy import requires
from jixi.server._services import TheHouse
from jixi.server._versions import tag, wanted_version
from jixi.wire.admin import (
    Price,
    PriceChange,
    PriceList,
    ResourcePrice,
    ResourcePriceChange,
    ResourcePriceList,
)

router = APIRouter(prefix="/prices", tags=["prices"])


@router.get("", summary="List the prices of now")
async def list_prices(caller: Annotated[Principal, requires("prices.read")], house: TheHouse) -> PriceList:
    return PriceList(items=[_price(entry) for entry in house.ledger.prices.entries()], next_cursor=None)


@router.put("/{model}", summary="Set a model's price", responses=errors("not_found", "precondition_failed"))
async def put_price(
    model: NameInPath,
    body: PriceChange,
    caller: Annotated[Principal, requires("prices.manage")],
    house: TheHouse,
    response: Response,
    if_match: IfMatch = None,
) -> Price:
    """Adds a version to the price book; no version is ever edited, and past charges stay as they are."""
    _check_known(house, model)
    entry = await house.ledger.prices.set_price(
        model,
        house.settings.currency,
        **body.model_dump(),
        member_id=caller.member_id,
        version=wanted_version(if_match),
    )
    tag(response, entry.price.version)
    return _price(entry)


@router.get("/resources", summary="List the prices of accelerators, CPUs and storage")
async def list_resource_prices(
    caller: Annotated[Principal, requires("prices.read")], house: TheHouse
) -> ResourcePriceList:
    prices = await house.ledger.resources.prices()
    return ResourcePriceList(items=[_resource_price(each) for each in prices], next_cursor=None)


@router.put(
    "/resources/{resource}",
    summary="Set what an accelerator-hour, CPU-hour or GB-day costs",
    responses=errors("precondition_failed"),
)
async def put_resource_price(
    resource: Resource,
    body: ResourcePriceChange,
    caller: Annotated[Principal, requires("prices.manage")],
    house: TheHouse,
    response: Response,
    if_match: IfMatch = None,
) -> ResourcePrice:
    """Adds a version to the price book, in force at once; what was taken before keeps the price of its time."""
    price = await house.ledger.resources.set_price(
        resource,
        body.subject or "",
        house.settings.currency,
        body.micros,
        member_id=caller.member_id,
        version=wanted_version(if_match),
    )
    tag(response, price.version)
    return _resource_price(price)


def _check_known(house: House, model: str) -> None:
    """A price is set for what is served or was priced before, so that a misspelt name is noticed."""
    priced = {entry.price.model for entry in house.ledger.prices.entries()}
    if model not in priced | house.fleet.names() | set(house.providers.names()) | house.aliases.names():
        raise problem("not_found", noun="model")


def _price(entry: PriceEntry) -> Price:
    price = entry.price
    return Price(
        model=price.model,
        version=price.version,
        currency=price.currency,
        input_micros=price.input_micros,
        cached_input_micros=price.cached_input_micros,
        output_micros=price.output_micros,
        batch_percent=price.batch_percent,
        replay_percent=price.replay_percent,
        unit=price.unit,
        unit_micros=price.unit_micros,
        valid_from=entry.valid_from,
        member_id=entry.member_id,
    )


def _resource_price(price: ledger.ResourcePrice) -> ResourcePrice:
    return ResourcePrice.model_validate(price._asdict() | {"subject": price.subject or None})
