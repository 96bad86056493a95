"""Prices and budgets."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from jixi.wire.admin._base import Currency, Listing, Micros, Request, Response


class Price(Response):
    """What a model costs now: micro-units of the currency for 1 000 000 tokens of each class."""

    model: str
    version: int = Field(description="Names this price for ever; charges refer to it.")
    currency: Currency
    input_micros: int
    cached_input_micros: int
    output_micros: int
    valid_from: datetime
    member_id: str | None = Field(
        description="Who set it; null for the price that a new deployment starts with."
    )


class PriceList(Listing):
    items: list[Price]


class PriceChange(Request):
    """A new version of the price; calls that run keep the one they began with."""

    input_micros: Micros = Field(examples=[500_000])
    cached_input_micros: Micros = Field(examples=[50_000])
    output_micros: Micros = Field(examples=[1_000_000])


class Budget(Response):
    """A monthly limit of a tenant or a key, and how much of this month's is gone."""

    scope_id: str
    scope: Literal["tenant", "key"]
    name: str
    limit_micros: int | None = Field(description="Null means no limit.")
    spent_micros: int
    held_micros: int = Field(description="Set aside for calls that run.")
    month: str = Field(examples=["2026-11"])
    currency: Currency
    version: int


class BudgetList(Listing):
    items: list[Budget]


class BudgetChange(Request):
    limit_micros: Micros | None = Field(description="Null lifts the limit.", examples=[100_000_000])
