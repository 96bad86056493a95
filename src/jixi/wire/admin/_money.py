"""Prices."""

from datetime import datetime

from pydantic import Field

from jixi.core.resources import Resource
from jixi.core.usage import Unit
from jixi.wire.admin._base import Currency, Listing, Micros, Name, Percent, Request, Response


class Price(Response):
    """What a model costs now: micro-units of the currency for 1 000 000 tokens of each class."""

    model: str
    version: int = Field(description="Names this price for ever; charges refer to it.")
    currency: Currency
    input_micros: int
    cached_input_micros: int
    output_micros: int
    batch_percent: int = Field(description="What a call of the batch tier costs of it.")
    replay_percent: int = Field(
        description="What an answer of the response cache costs of the call that made it."
    )
    unit: Unit | None = Field(
        description="What speech, transcripts and images are counted in; null for models of text."
    )
    unit_micros: int = Field(description="Micro-units of the currency for one unit.")
    valid_from: datetime
    member_id: str | None = Field(
        description="Who set it; null for the price that a new deployment starts with."
    )


class PriceList(Listing):
    items: list[Price]


class ResourcePrice(Response):
    """What an accelerator-hour, CPU-hour or GB-day costs now; what has no price is counted and costs nothing."""

    resource: Resource
    subject: str | None = Field(
        description="The model of accelerator that it is for; null for every other, and for CPUs and storage."
    )
    version: int = Field(description="Names this price for ever; charges refer to it.")
    currency: Currency
    micros: int = Field(description="Micro-units of the currency for one unit of the resource.")
    valid_from: datetime
    member_id: str


class ResourcePriceList(Listing):
    items: list[ResourcePrice]


class ResourcePriceChange(Request):
    """A new version of the price; what was taken before keeps the one of its time."""

    micros: Micros = Field(examples=[12_000_000])
    subject: Name | None = Field(default=None, description="A model of accelerator; left out, every other.")


class PriceChange(Request):
    """A new version of the price; calls that run keep the one they began with."""

    input_micros: Micros = Field(examples=[500_000])
    cached_input_micros: Micros = Field(examples=[50_000])
    output_micros: Micros = Field(examples=[1_000_000])
    batch_percent: Percent | None = Field(
        default=None, description="Left out, it stays as it is; 50 where it was never set."
    )
    replay_percent: Percent | None = Field(
        default=None, description="Left out, it stays as it is; 0 where it was never set."
    )
    unit: Unit | None = Field(default=None, description="Left out, it stays as it is.")
    unit_micros: Micros | None = Field(
        default=None, description="For one unit. Left out, it stays as it is; 0 where it was never set."
    )
