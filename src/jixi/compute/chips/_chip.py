"""A chip: what it computes, keeps, moves and draws, and who says so."""

import datetime as dt
from typing import Annotated, Final, Literal, get_args

from msgspec import Meta, Struct

Kind = Literal["gpu", "card", "tpu", "npu", "cpu", "edge"]
"""By what lies between the chips of a server: GPUs with fast links, cards on PCIe alone, Google's TPUs, NPUs of other
makers, processors of servers, and modules for the edge.
"""
Precision = Literal["fp64", "fp32", "tf32", "bf16", "fp16", "fp8", "int8", "fp4", "int4"]
PRECISIONS: Final[tuple[Precision, ...]] = get_args(Precision)
PriceKind = Literal["list", "rental"]

_Positive = Annotated[float, Meta(gt=0)]
_TERA: Final = 1e12
_GIGA: Final = 1e9
_GIB: Final = 2**30


class Peak(Struct, frozen=True, forbid_unknown_fields=True):
    """10^12 operations a second at each precision; None where the chip has none or nobody says it."""

    fp64: _Positive | None = None
    fp32: _Positive | None = None
    tf32: _Positive | None = None
    bf16: _Positive | None = None
    fp16: _Positive | None = None
    fp8: _Positive | None = None
    int8: _Positive | None = None
    fp4: _Positive | None = None
    int4: _Positive | None = None


class Memory(Struct, frozen=True, forbid_unknown_fields=True):
    """`gib` are 2^30 bytes, as drivers count them, whatever the sheet calls them; `gb_s` are 10^9 bytes a second."""

    kind: str
    gib: _Positive
    gb_s: _Positive | None = None


class Link(Struct, frozen=True, forbid_unknown_fields=True):
    """The fastest way between chips: both directions together, and how many chips it joins."""

    name: str
    gb_s: _Positive
    group: Annotated[int, Meta(ge=1)]


class Price(Struct, frozen=True, forbid_unknown_fields=True):
    """Of one chip: to buy ("list"), or for an hour ("rental"). What people pay differs by place and month."""

    kind: PriceKind
    amount: _Positive
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
    date: dt.date
    url: str


class Source(Struct, frozen=True, forbid_unknown_fields=True):
    """Who says some of the figures: "peak", or "peak.int8" where one differs from the rest of its table.

    `estimate` marks what the maker does not publish; `note` says how it came about.
    """

    figures: Annotated[list[str], Meta(min_length=1)]
    title: str
    url: str
    estimate: bool = False
    note: str | None = None


class Chip(Struct, frozen=True, forbid_unknown_fields=True):
    """`peak` is dense. `sparse` is what the sheet prints with two of four weights zero, kept to check `peak` by.

    `power_w` is of the chip alone, None where nobody says it. Of processors all is for one socket.
    """

    id: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{1,59}$")]
    name: str
    maker: str
    kind: Kind
    launched: Annotated[int, Meta(ge=2010, le=2100)]
    peak: Peak
    memory: Memory
    sources: Annotated[list[Source], Meta(min_length=1)]
    sparse: Peak = Peak()
    link: Link | None = None
    power_w: _Positive | None = None
    prices: list[Price] = []
    aliases: list[str] = []

    def flops(self, precision: Precision) -> float | None:
        """Operations a second, dense; None where there is no such figure."""
        peak: float | None = getattr(self.peak, precision)
        return None if peak is None else peak * _TERA

    @property
    def memory_bytes(self) -> float:
        return self.memory.gib * _GIB

    @property
    def bandwidth(self) -> float | None:
        """Bytes a second from memory."""
        return None if self.memory.gb_s is None else self.memory.gb_s * _GIGA

    def price(self, kind: PriceKind) -> Price | None:
        """The latest of that kind."""
        found = [price for price in self.prices if price.kind == kind]
        return max(found, key=lambda price: price.date, default=None)

    def source(self, figure: str) -> Source:
        """Who says "peak.bf16", "memory.gib", "link", "power_w"; what names a figure more closely goes before.

        A figure without one is our own defect: KeyError.
        """
        for name in (figure, figure.partition(".")[0]):
            for source in self.sources:
                if name in source.figures:
                    return source
        raise KeyError(figure)
