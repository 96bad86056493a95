"""`Fit`: whether a replica fits, and by what."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final, Literal

from jixi.compute.placement import Need, Placement, Space
from jixi.models.engines import Footprint

Verdict = Literal["yes", "after_unloading", "no", "unknown"]
_MOST_TRIED: Final = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """Whether one more replica fits now.

    `needed` is what it takes by part, in bytes (`needed.total`; `needed.cache` is None where the architecture is not
    known); `free_bytes` what could be had now of what it needs: main memory, or all the accelerators that it takes
    together. `node` and `places` are where it would go: ids of accelerators, or "memory". "after_unloading": only once
    the deployments `unload` have ended. "unknown": nobody knows how large its weights are, and `needed` is None.
    """

    verdict: Verdict
    needed: Footprint | None
    free_bytes: int
    node: str | None = None
    places: tuple[str, ...] = ()
    unload: tuple[str, ...] = ()


def fit(space: Space, needed: Footprint, needs: Sequence[Need]) -> Fit:
    """Try `needs` in their order; leaves the space as it is."""
    first = needs[0]
    free = max(0, space.most_free(first)) * max(1, first.accelerators)
    for unload in ((), *_fewest(space, needs[0].group)):
        placed = first_place(space.without(unload), needs)
        if placed is not None:
            verdict: Verdict = "after_unloading" if unload else "yes"
            return Fit(
                verdict=verdict,
                needed=needed,
                free_bytes=free,
                node=placed.node,
                places=placed.places,
                unload=unload,
            )
    return Fit(verdict="no", needed=needed, free_bytes=free)


def first_place(space: Space, needs: Sequence[Need]) -> Placement | None:
    """The place for the first of the alternatives that has one."""
    return next((placed for need in needs if (placed := space.place(need)) is not None), None)


def _fewest(space: Space, group: str) -> Iterator[tuple[str, ...]]:
    """Which other deployments could end, few and small ones before many and large ones."""
    held: dict[str, int] = {}
    for each in space.placements():
        held[each.group] = held.get(each.group, 0) + each.memory_bytes
    names = sorted((name for name in held if name != group), key=lambda name: (held[name], name))
    for count in (1, 2):
        yield from sorted(
            combinations(names[-_MOST_TRIED:], count), key=lambda some: sum(held[name] for name in some)
        )
    if len(names) > 2:
        yield tuple(names)
