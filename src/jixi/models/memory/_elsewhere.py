"""Rooms on a cluster, which gives them and takes them back itself: what replicas were given there is only noted."""

import contextlib
from collections import Counter
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count
from math import ceil
from typing import Any, Final

from jixi.compute.drivers import Process, Spot
from jixi.compute.inventory import Cluster, Member, Node
from jixi.compute.placement import MAIN_MEMORY, Placement

_UNNAMED: Final = "accelerator"
"""The model of an accelerator of which nobody says what it is."""


class Elsewhere:
    """What replicas hold of the machines of a cluster, the server's own among them; false where there is no cluster."""

    def __init__(self, cluster: Cluster | None) -> None:
        self._cluster = cluster
        self._numbers = count(1)
        self._held: dict[int, Placement] = {}

    def __bool__(self) -> bool:
        return self._cluster is not None

    def members(self) -> list[Member]:
        return [] if self._cluster is None else self._cluster.members()

    def counted(self) -> Mapping[str, float]:
        """The accelerators of the server's own machine, as the cluster counts them."""
        own = None if self._cluster is None else self._cluster.own
        return {} if own is None else own.counted

    def placements(self) -> list[Placement]:
        return list(self._held.values())

    @contextlib.contextmanager
    def holding(self, group: str, spot: Spot | None, memory_bytes: int) -> Generator[None]:
        """Around the life of a replica: it holds its part of each accelerator that it was given, or so many bytes of
        main memory. Of one whose memory nobody can read it holds what it is said to take.
        """
        number = next(self._numbers)
        if spot is not None:
            given = spot.accelerators
            each_bytes = -(-memory_bytes // max(1, len(given)))
            held = [
                each_bytes if each.memory_bytes is None else each.memory_bytes * each.thousandths // 1000
                for each in given
            ]
            self._held[number] = Placement(
                number=number,
                group=group,
                node=spot.node,
                places=tuple(each.id for each in given) or (MAIN_MEMORY,),
                held=tuple(held) or (memory_bytes,),
            )
        try:
            yield
        finally:
            self._held.pop(number, None)

    def free(self, own: Node | None, name: str, place: str) -> int:
        """What the cluster could give there now: of what it gives out that which no replica holds, and no more than
        what is not in use. Nothing of a node that does not answer. Raises KeyError.
        """
        node, gives = self._found(own, name)
        held = sum(
            size
            for each in self._held.values()
            if each.node == name
            for at, size in zip(each.places, each.held, strict=True)
            if at == place
        )
        if place == MAIN_MEMORY:
            return max(0, min(node.memory_bytes - node.memory_used_bytes, gives - held))
        found = {each.id: each for each in node.accelerators}[place]
        return max(0, found.memory_bytes - max(found.used_bytes, held)) if gives else 0

    def _found(self, own: Node | None, name: str) -> tuple[Node, int]:
        """The node, and the main memory that the cluster gives out there."""
        if own is not None:
            there = None if self._cluster is None else self._cluster.own
            return own, 0 if there is None else there.memory_bytes
        member = {each.node.name: each for each in self.members()}[name]
        return member.node, member.memory_bytes if member.state == "alive" else 0


@dataclass(frozen=True, kw_only=True, slots=True)
class RoomElsewhere:
    """The room of one replica of `group`: `memory_bytes` of main memory, or `thousandths` of accelerators, of whose
    memory it takes `needed` bytes.
    """

    group: str
    holds: Elsewhere
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    memory_bytes: int = 0
    needed: int = 0
    thousandths: int = 0

    @contextlib.contextmanager
    def occupied(self, process: Process) -> Generator[Mapping[str, int]]:
        spot = process.spot
        with self.holds.holding(self.group, spot, self.memory_bytes or self.needed):
            yield self._named(spot)

    def release(self) -> None:
        """There is nothing that we hold."""

    def _named(self, spot: Spot | None) -> Mapping[str, int]:
        """Thousandths of accelerators, by model."""
        if spot is None or not spot.accelerators:
            return {_UNNAMED: self.thousandths} if self.thousandths else {}
        named = Counter[str]()
        for each in spot.accelerators:
            named[each.model or _UNNAMED] += each.thousandths
        return named


def thousandths(part: Fraction | float) -> int:
    return ceil(part * 1000)
