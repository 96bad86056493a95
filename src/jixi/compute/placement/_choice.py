"""The choice among places: those that suit, the one with the best score first. Lower scores are better.

Replicas of one group go apart first: two on one accelerator fall together, and so do two on one node, if less often.
Then the place is taken where least is left over (best fit), so that large gaps stay for large models.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from jixi.compute.placement._need import Need
from jixi.compute.placement._slot import Slot

Score = tuple[int, int, int, int]
"""Replicas of the group on the accelerator, on the node, bytes left over, and the place's number, which breaks ties."""


def choose_one(
    tightest_first: Iterable[Slot], need: Need, on_node: Mapping[str, Counter[str]]
) -> Slot | None:
    """The best place for a need of one place. The slots come in the order of their free bytes."""
    best: tuple[Score, Slot] | None = None
    for slot in tightest_first:
        if not slot.suits(need):
            continue
        alone = score([slot], need, on_node[slot.node][need.group])
        if best is None or alone < best[0]:
            best = (alone, slot)
        if best[0][:2] == (0, 0) and not need.share:
            break  # what follows leaves more over
    return None if best is None else best[1]


def choose_many(
    kinds: Iterable[Sequence[Slot]], need: Need, on_node: Mapping[str, Counter[str]]
) -> Sequence[Slot]:
    """The best places for a need of several; none where no node has enough.

    `kinds` are the accelerators of one kind on one node each, in the order of their free bytes.
    """
    best: tuple[Score, Sequence[Slot]] | None = None
    for slots in kinds:
        if len(slots) < need.accelerators or not slots[-need.accelerators].suits(need):
            continue
        here = on_node[slots[0].node][need.group]
        chosen = tightest(slots, need, apart=here > 0)
        together = score(chosen, need, here)
        if best is None or together < best[0]:
            best = (together, chosen)
    return () if best is None else best[1]


def tightest(slots: Sequence[Slot], need: Need, *, apart: bool) -> Sequence[Slot]:
    """As many as it needs of those that suit. `apart`: some of them have a replica of its group."""
    suiting = [slot for slot in slots if slot.suits(need)]
    if apart:
        suiting.sort(key=lambda slot: score([slot], need, 0))
    return suiting[: need.accelerators]


def score(slots: Sequence[Slot], need: Need, on_node: int) -> Score:
    """Of these places together."""
    return (
        sum(slot.groups[need.group] for slot in slots),
        on_node,
        sum(slot.free - need.of(slot.capacity) for slot in slots),
        slots[0].number,
    )
