"""`Space`: what is free on the nodes and who holds what; places are chosen in it and given back."""

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from types import MappingProxyType
from typing import Final

from jixi.compute.inventory import Accelerator, Node
from jixi.compute.placement._choice import choose_many, choose_one
from jixi.compute.placement._need import MAIN_MEMORY, Need, Placement, Taken
from jixi.compute.placement._slot import Slot

_Rank = tuple[int, int, tuple[str, str]]
_Seen = Mapping[tuple[int, str], Taken]
_NOTHING_SEEN: Final[_Seen] = MappingProxyType({})


class Space:
    """`reserve_bytes` of each node's main memory are never given away."""

    def __init__(self, nodes: Iterable[Node] = (), reserve_bytes: int = 0) -> None:
        self._reserve = reserve_bytes
        self._last = 0
        self._slots: dict[tuple[str, str], Slot] = {}
        self._placements: dict[int, Placement] = {}
        self._on_node: defaultdict[str, Counter[str]] = defaultdict(Counter)
        # Main memories and accelerators, by what is free there.
        self._ranked: dict[bool, list[_Rank]] = {False: [], True: []}
        self._kinds: defaultdict[tuple[str, ...], list[Slot]] = defaultdict(list)
        self.observe(nodes)

    def observe(self, nodes: Iterable[Node], taken: _Seen = _NOTHING_SEEN) -> None:
        """Take over what the nodes have now, and what of that those have `taken` who were placed, by the number of the
        placement and the place, as far as that is known. What is not there any more has nothing free.
        """
        ours, seen = self._ours(taken), set[tuple[str, str]]()
        for node in nodes:
            usable = max(0, node.memory_bytes - self._reserve)
            self._see(node, None, usable, node.memory_used_bytes, ours)
            for each in node.accelerators:
                self._see(node, each, each.memory_bytes, each.used_bytes, ours)
            seen |= {(node.name, MAIN_MEMORY), *((node.name, each.id) for each in node.accelerators)}
        for key in self._slots.keys() - seen:
            self._change(self._slots[key], lambda slot: slot.observe(0, 0, 0, 0))

    def place(self, need: Need) -> Placement | None:
        """Choose where a replica goes and hold it; None where nothing is large enough now."""
        if need.accelerators > 1:
            chosen = choose_many(self._kinds.values(), need, self._on_node)
        else:
            one = choose_one(self._tightest_first(need), need, self._on_node)
            chosen = () if one is None else (one,)
        return self._hold(need, chosen) if chosen else None

    def place_all(self, needs: Sequence[Need]) -> list[Placement | None]:
        """Place several at once, the largest first: that packs better than the order in which they came."""
        found: list[Placement | None] = [None] * len(needs)
        for at in sorted(
            range(len(needs)), key=lambda at: (-needs[at].accelerators, -needs[at].memory_bytes, at)
        ):
            found[at] = self.place(needs[at])
        return found

    def release(self, placement: Placement) -> None:
        """Give back what it holds; a second time changes nothing."""
        if self._placements.pop(placement.number, None) is None:
            return
        for place, held in zip(placement.places, placement.held, strict=True):
            slot = self._slots[placement.node, place]
            self._change(slot, lambda slot, held=held: slot.give_back(placement.group, held))
        self._on_node[placement.node][placement.group] -= 1

    def placements(self) -> list[Placement]:
        """All that is held, in the order in which it was placed."""
        return list(self._placements.values())

    def free(self, node: str, place: str = MAIN_MEMORY) -> int:
        """Bytes that can be had there, never less than 0; raises KeyError for what is not there."""
        return max(0, self._slots[node, place].free)

    def capacity(self, node: str, place: str = MAIN_MEMORY) -> int:
        """Bytes that could be had there if it were empty; raises KeyError."""
        return self._slots[node, place].capacity

    def most_free(self, need: Need) -> int:
        """How much of what it needs could be had now: of the freest main memory, or of as many accelerators as it needs
        on one node, of each of them as much as of the fullest.
        """
        if need.accelerators == 0:
            return max((slot.free for slot in self._slots.values() if slot.accelerator is None), default=0)
        most = 0
        for slots in self._kinds.values():
            frees = sorted((slot.free for slot in slots), reverse=True)
            vendor = slots[0].kind[0]
            if len(frees) >= need.accelerators and (need.vendors is None or vendor in need.vendors):
                most = max(most, frees[need.accelerators - 1])
        return most

    def without(self, groups: Collection[str]) -> "Space":
        """A copy for trying out what would be if the replicas of these groups had ended."""
        tried = deepcopy(self)
        for each in self._placements.values():
            if each.group in groups:
                tried.release(each)
        return tried

    def _tightest_first(self, need: Need) -> Iterator[Slot]:
        """Those with as many bytes free as it needs, the fullest first."""
        ranked = self._ranked[need.accelerators > 0]
        for at in range(bisect_left(ranked, (need.memory_bytes, 0)), len(ranked)):
            yield self._slots[ranked[at][2]]

    def _hold(self, need: Need, chosen: Sequence[Slot]) -> Placement:
        self._last += 1
        made = Placement(
            number=self._last,
            group=need.group,
            node=chosen[0].node,
            places=tuple(slot.id for slot in chosen),
            held=tuple(need.of(slot.capacity) for slot in chosen),
        )
        self._placements[made.number] = made
        for slot, held in zip(chosen, made.held, strict=True):
            self._change(slot, lambda slot, held=held: slot.hold(need.group, held))
        self._on_node[made.node][made.group] += 1
        return made

    def _ours(self, taken: _Seen) -> Mapping[tuple[str, str], Taken]:
        """What has been taken at each place of all that was reserved there. What one has beyond its own is no part of
        what others have yet to take.
        """
        ours = defaultdict[tuple[str, str], Taken](lambda: Taken(0, 0))
        for each in self._placements.values():
            for place, held in zip(each.places, each.held, strict=True):
                least, most = taken.get((each.number, place), Taken(0, held))
                before = ours[each.node, place]
                ours[each.node, place] = Taken(before.least + min(least, held), before.most + min(most, held))
        return ours

    def _see(
        self,
        node: Node,
        accelerator: Accelerator | None,
        capacity: int,
        used: int,
        ours: Mapping[tuple[str, str], Taken],
    ) -> None:
        key = (node.name, MAIN_MEMORY if accelerator is None else accelerator.id)
        if key not in self._slots:
            self._slots[key] = slot = Slot(len(self._slots), node.name, accelerator)
            insort(self._ranked[accelerator is not None], self._rank(slot))
            if accelerator is not None:
                self._kinds[node.name, *slot.kind].append(slot)
        least, most = ours.get(key, Taken(0, 0))
        self._change(self._slots[key], lambda slot: slot.observe(capacity, used, least, most))

    def _change(self, slot: Slot, change: Callable[[Slot], None]) -> None:
        """Change a slot and keep its rank."""
        ranked = self._ranked[slot.accelerator is not None]
        before = self._rank(slot)
        change(slot)
        if (after := self._rank(slot)) != before:
            del ranked[bisect_left(ranked, before)]
            insort(ranked, after)
            if slot.accelerator is not None:
                self._kinds[slot.node, *slot.kind].sort(key=self._rank)

    @staticmethod
    def _rank(slot: Slot) -> "_Rank":
        return slot.free, slot.number, (slot.node, slot.id)
