"""Chips: what each computes, keeps, moves, draws and costs, and who says so."""

from datetime import date
from typing import Literal

from pydantic import Field

from jixi.wire.admin._base import Currency, Listing, Response

ChipKind = Literal["gpu", "card", "tpu", "npu", "cpu", "edge"]
Precision = Literal["fp64", "fp32", "tf32", "bf16", "fp16", "fp8", "int8", "fp4", "int4"]


class ChipPeak(Response):
    """10^12 operations a second at each precision; null where the chip has none or nobody says it."""

    fp64: float | None
    fp32: float | None
    tf32: float | None
    bf16: float | None
    fp16: float | None
    fp8: float | None
    int8: float | None
    fp4: float | None
    int4: float | None


class ChipMemory(Response):
    kind: str = Field(examples=["HBM3"])
    gib: float
    gb_s: float | None = Field(description="10^9 bytes a second.")


class ChipLink(Response):
    """The fastest way between chips."""

    name: str = Field(examples=["NVLink 4"])
    gb_s: float = Field(description="10^9 bytes a second, both directions together.")
    group: int = Field(description="How many chips it joins.")


class ChipPrice(Response):
    """A published price; what people pay differs by place and month."""

    kind: Literal["list", "rental"] = Field(description="To buy one chip, or to rent it for an hour.")
    amount: float
    currency: Currency
    date: date
    url: str


class ChipSource(Response):
    """Who says some of the figures."""

    figures: list[str] = Field(examples=[["peak", "memory.gib"]])
    title: str
    url: str
    estimate: bool = Field(description="Whether the maker does not publish them.")
    note: str | None


class Chip(Response):
    """`peak` is dense."""

    id: str = Field(examples=["nvidia-h100-sxm-80gb"])
    name: str
    maker: str
    kind: ChipKind
    launched: int
    peak: ChipPeak
    memory: ChipMemory
    link: ChipLink | None
    power_w: float | None = Field(description="Of the chip alone; null where nobody says it.")
    prices: list[ChipPrice]
    aliases: list[str] = Field(description="Other names that a plan takes.")


class ChipDetail(Chip):
    sources: list[ChipSource]


class ChipList(Listing):
    items: list[Chip]
