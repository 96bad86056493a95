"""What a replica needs, what it was given, and what of that it has taken."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from jixi.compute.inventory import Vendor

MAIN_MEMORY: Final = "memory"
"""The name of a node's main memory among the places on it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """What one replica of `group` needs: `memory_bytes` of each of so many accelerators of one kind on one node, or,
    for 0 accelerators, of main memory. `share` is a part of each accelerator's memory that it takes at least.
    Replicas of one group are kept apart where that is possible: on other nodes, else on other accelerators.
    """

    group: str
    memory_bytes: int
    accelerators: int = 0
    share: float = 0
    vendors: frozenset[Vendor] | None = None
    """Whose accelerators will do; None: anybody's."""

    def of(self, capacity: int) -> int:
        """The bytes that it takes of a place with that capacity."""
        return max(self.memory_bytes, round(self.share * capacity))


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """Bytes at places of one node, which `release` gives back. `places` are ids of accelerators, or `MAIN_MEMORY`."""

    number: int
    group: str
    node: str
    places: tuple[str, ...]
    held: tuple[int, ...]

    @property
    def memory_bytes(self) -> int:
        """Of all its places together."""
        return sum(self.held)


class Taken(NamedTuple):
    """How much of what it holds at a place a replica uses by now, in bytes: so much at least, and at most."""

    least: int
    most: int
