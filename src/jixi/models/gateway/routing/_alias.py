"""An alias: a public name behind which other models answer."""

from datetime import datetime
from itertools import accumulate
from typing import Final, Literal
from zlib import crc32

from msgspec import Struct

FailureClass = Literal["error", "timeout", "overloaded", "context_length"]
_SPREAD: Final = 1 << 32


class Target(Struct, frozen=True):
    """A deployment or a provider's model, and how many parts of the calls it gets."""

    model: str
    weight: int = 1


class Canary(Struct, frozen=True):
    model: str
    percent: int


class Fallback(Struct, frozen=True):
    """Where a call goes that failed in one of these ways."""

    model: str
    on: tuple[FailureClass, ...]


class Alias(Struct, frozen=True, kw_only=True):
    """`retries` are tries after the first among the targets; None in `cache_ttl_s` and `hedge_after_ms` is off.

    `first_token_s` is the time in which some content must have come, whoever sends it; None leaves the house's.
    """

    id: str
    name: str
    description: str = ""
    targets: tuple[Target, ...]
    canary: Canary | None = None
    fallbacks: tuple[Fallback, ...] = ()
    cache_ttl_s: int | None = None
    retries: int = 2
    hedge_after_ms: int | None = None
    first_token_s: int | None = None
    enabled: bool = True
    created_at: datetime
    version: int = 1

    @property
    def models(self) -> list[str]:
        """Every model that may answer, the likeliest first, each once."""
        shares = sorted(self.targets, key=lambda target: -target.weight)
        named = [target.model for target in shares]
        named += [self.canary.model] if self.canary is not None else []
        return list(dict.fromkeys([*named, *(each.model for each in self.fallbacks)]))

    def draw(self, request_id: str) -> list[str]:
        """The targets in the order in which a request tries them. The same request always draws the same.

        Each request draws anew, so that shares are kept however few callers there are; a canary takes its percentage
        first and is no fallback for those that did not draw it.
        """
        point = crc32(f"{self.id}/{request_id}".encode())
        order = self._by_weight(crc32(b"weight", point))
        if self.canary is not None and point * 100 < self.canary.percent * _SPREAD:
            order = [self.canary.model, *(model for model in order if model != self.canary.model)]
        return order

    def _by_weight(self, point: int) -> list[str]:
        """All targets, each place drawn by weight among those that are left."""
        left, order = [target for target in self.targets if target.weight > 0], list[str]()
        while left:
            sums = list(accumulate(target.weight for target in left))
            mark = point * sums[-1] // _SPREAD
            at = next(place for place, upto in enumerate(sums) if mark < upto)
            order.append(left.pop(at).model)
            point = crc32(b"next", point)
        return order
