"""`Programs`: those that run in rooms of this machine, and how much of their rooms they have taken by now."""

import contextlib
from collections.abc import Generator, Iterable, Mapping

from jixi.compute.inventory import Node, Program, read_program
from jixi.compute.placement import MAIN_MEMORY, Placement, Taken

Sizes = Mapping[int, Program]
"""By the number of the placement."""


class Programs:
    def __init__(self) -> None:
        self._pids: dict[int, int] = {}
        self._own: dict[int, int] = {}

    @contextlib.contextmanager
    def running(self, placement: Placement, pid: int) -> Generator[None]:
        """Around the life of the program that runs there."""
        self._pids[placement.number] = pid
        try:
            yield
        finally:
            del self._pids[placement.number]

    def read(self) -> Sizes:
        """Takes some milliseconds for each; blocks."""
        return {number: read_program(pid) for number, pid in tuple(self._pids.items())}

    def taken(
        self, nodes: Iterable[Node], placements: Iterable[Placement], before: Sizes, after: Sizes
    ) -> dict[tuple[int, str], Taken]:
        """What each has taken of the places that it holds, of those of which that is known; they were read `before` and
        `after` the nodes were asked.

        Of main memory it is the least that they had since the last time that this was asked, because the nodes may have
        been read at any moment since: what an engine that loads takes must not be counted before it is in use. Its
        weights may be mapped from files and count as used or not, so that all that it holds may have been taken. What a
        driver names is read together with what is in use, and is neither more nor less.
        """
        last, both = self._own, before.keys() & after.keys()
        self._own = {number: min(before[number].own_bytes, after[number].own_bytes) for number in both}
        held = {(node.name, each.id): each.holders for node in nodes for each in node.accelerators}
        found: dict[tuple[int, str], Taken] = {}
        for each in placements:
            if each.number not in both:
                continue
            for place, most in zip(each.places, each.held, strict=True):
                key, pids = (each.number, place), after[each.number].pids
                if place == MAIN_MEMORY:
                    found[key] = Taken(min(self._own[each.number], last.get(each.number, 0)), most)
                elif named := [one.bytes for one in held.get((each.node, place), ()) if one.pid in pids]:
                    found[key] = Taken(sum(named), sum(named))
        return found
