"""Placement on a fleet of accelerators: how fast it decides, and how many accelerators it needs.

Replicas have the sizes that the catalogue's models take on 80 GB cards under vLLM; small ones are deployed more often.
They arrive in waves, some leave, and nodes fail: what ran on them is placed anew on the others, and they are back,
empty, after the next wave. A fleet that best fit decreasing, the textbook's way, fills from the same waves stands
beside it. It keeps no replicas apart, so it is compared with ours once doing the same and once keeping the replicas of
a deployment on nodes of their own: accelerators in use after each wave (the mean), and beside the fractional lower
bound, all bytes over those of one card (the worst). Decisions are counted by seconds of processor time.
"""

import random
import statistics
import time
from bisect import bisect_left, insort
from dataclasses import replace

from _harness import Figures, asked, say
from jixi.compute.inventory import Accelerator, Node
from jixi.compute.placement import Need, Placement, Space
from jixi.models.catalog import Catalog
from jixi.models.engines import Load, VllmEngine, footprint_of

CARD = 80 * 2**30
CARDS = 8
SEED = 20261126
ACCELERATORS = 10_000
LOST = 5
"""Nodes that fail after each wave."""

Replica = tuple[str, Need]
"""A name, and what it needs."""


def fleet(accelerators: int) -> list[Node]:
    return [
        Node(
            name=f"node-{number:04}",
            cpus=128,
            memory_bytes=2**40,
            memory_used_bytes=0,
            accelerators=tuple(
                Accelerator(
                    id=f"nvidia-{index}",
                    vendor="nvidia",
                    index=index,
                    model="H100",
                    memory_bytes=CARD,
                    used_bytes=0,
                )
                for index in range(CARDS)
            ),
        )
        for number in range(accelerators // CARDS)
    ]


def shapes() -> list[Need]:
    """What the catalogue's chat models in every variant for vLLM take, on the fewest cards that hold them."""
    found: list[Need] = []
    for entry in Catalog.load():
        for variant in entry.variants:
            size = entry.size(variant)
            if "vllm" not in variant.engines or size is None or entry.architecture is None:
                continue
            for context, parallel in ((8192, 8), (32768, 4)):
                for cards in (1, 2, 4, 8):
                    load = Load(
                        weights=size.bytes,
                        architecture=entry.architecture,
                        context=context,
                        parallel=parallel,
                        options={"tensor_parallel": cards},
                    )
                    each = footprint_of(VllmEngine(), load).total // cards
                    if each <= CARD:
                        found.append(Need(group="", memory_bytes=each, accelerators=cards))
                        break
    return found


def arrivals(chance: random.Random, known: list[Need], accelerators: float) -> list[Replica]:
    """Deployments of one to four replicas, until they fill so many accelerators; small models come more often."""
    wanted: list[Replica] = []
    weights = [1 / (shape.memory_bytes * shape.accelerators) for shape in known]
    left = accelerators * CARD
    while left > 0:
        shape = chance.choices(known, weights)[0]
        group = f"dep-{chance.randrange(10**9)}"
        for _ in range(chance.choice((1, 1, 2, 4))):
            wanted.append((f"{group}-{len(wanted)}", replace(shape, group=group)))
            left -= shape.memory_bytes * shape.accelerators
    return wanted


class Textbook:
    """Best fit decreasing by hand: the largest of a wave first, each on the cards with the least left over."""

    def __init__(self, nodes: list[Node]) -> None:
        self.free = {(node.name, at): CARD for node in nodes for at in range(CARDS)}
        self.ranked = sorted((free, card) for card, free in self.free.items())
        self.held: dict[str, tuple[Need, list[tuple[str, int]]]] = {}
        self.down: set[str] = set()

    def lose(self, nodes: set[str]) -> None:
        """These nodes are not there for now, and those that were not are back."""
        back, self.down = self.down, nodes
        self.ranked = [each for each in self.ranked if each[1][0] not in nodes]
        for card in (card for card in self.free if card[0] in back):
            insort(self.ranked, (self.free[card], card))

    def place(self, wave: list[Replica]) -> None:
        for name, need in sorted(wave, key=lambda each: (-each[1].accelerators, -each[1].memory_bytes)):
            cards = self.one(need) if need.accelerators == 1 else self.several(need)
            self.held[name] = (need, cards)
            for card in cards:
                self.change(card, -need.memory_bytes)

    def one(self, need: Need) -> list[tuple[str, int]]:
        return [self.ranked[bisect_left(self.ranked, (need.memory_bytes, ("", 0)))][1]]

    def several(self, need: Need) -> list[tuple[str, int]]:
        best: tuple[int, list[tuple[str, int]]] | None = None
        for node in {node: None for node, _ in self.free if node not in self.down}:
            cards = sorted((self.free[node, at], (node, at)) for at in range(CARDS))
            fitting = [each for each in cards if each[0] >= need.memory_bytes][: need.accelerators]
            left = sum(free for free, _ in fitting)
            if len(fitting) == need.accelerators and (best is None or left < best[0]):
                best = (left, [card for _, card in fitting])
        if best is None:
            raise RuntimeError(f"no place for {need}")
        return best[1]

    def change(self, card: tuple[str, int], by: int) -> None:
        before = (self.free[card], card)
        self.free[card] += by
        if card[0] not in self.down:
            del self.ranked[bisect_left(self.ranked, before)]
            insort(self.ranked, (self.free[card], card))

    def remove(self, name: str) -> Need:
        need, cards = self.held.pop(name)
        for card in cards:
            self.change(card, need.memory_bytes)
        return need

    def on(self, nodes: set[str]) -> list[str]:
        return [name for name, (_, cards) in self.held.items() if cards[0][0] in nodes]

    def in_use(self) -> int:
        return sum(free < CARD for free in self.free.values())


class Ours:
    """The same with Jixi's placement, and its processor time. `apart`: replicas of a deployment are kept apart."""

    def __init__(self, nodes: list[Node], *, apart: bool) -> None:
        self.nodes = nodes
        self.space = Space(nodes)
        self.apart = apart
        self.held: dict[str, tuple[Need, Placement]] = {}
        self.seconds = 0.0

    def lose(self, nodes: set[str]) -> None:
        """These nodes are not there for now, and those that were not are back."""
        self.space.observe([node for node in self.nodes if node.name not in nodes])

    def place(self, wave: list[Replica]) -> None:
        needs = [need if self.apart else replace(need, group=name) for name, need in wave]
        began = time.process_time()
        found = self.space.place_all(needs)
        self.seconds += time.process_time() - began
        for (name, need), placed in zip(wave, found, strict=True):
            if placed is None:
                raise RuntimeError(f"no place for {need}")
            self.held[name] = (need, placed)

    def remove(self, name: str) -> Need:
        need, placed = self.held.pop(name)
        self.space.release(placed)
        return need

    def on(self, nodes: set[str]) -> list[str]:
        return [name for name, (_, placed) in self.held.items() if placed.node in nodes]

    def in_use(self) -> int:
        return len({(placed.node, place) for _, placed in self.held.values() for place in placed.places})


def fail(side: Textbook | Ours, nodes: set[str]) -> None:
    """Nodes are lost, and what ran on them is placed anew on the others."""
    side.lose(nodes)
    side.place([(name, side.remove(name)) for name in side.on(nodes)])


def main() -> None:
    quick = asked(__doc__).quick
    chance, known = random.Random(SEED), shapes()  # noqa: S311  (the same fleet each time)
    nodes = fleet(ACCELERATORS)
    ours, plain, textbook = Ours(nodes, apart=True), Ours(nodes, apart=False), Textbook(nodes)
    decisions, kept_apart, alike, to_bound = 0, list[float](), list[float](), list[float]()
    wave = arrivals(chance, known, 0.8 * ACCELERATORS)
    for number in range(3 if quick else 12):
        for side in (ours, plain, textbook):
            side.place(wave)
        decisions += len(wave)
        least = sum(need.memory_bytes * need.accelerators for need, _ in ours.held.values()) / CARD
        kept_apart.append(ours.in_use() / textbook.in_use())
        alike.append(plain.in_use() / textbook.in_use())
        to_bound.append(ours.in_use() / least)
        say(
            f"  wave {number}: {len(ours.held)} replicas on {plain.in_use()} accelerators, apart on {ours.in_use()},"
            f" best fit decreasing {textbook.in_use()}, bound {least:.0f}"
        )
        lost = {node.name for node in chance.sample(nodes, LOST)}
        leaving = [name for name in ours.held if chance.random() < 0.1]
        freed = sum(each.memory_bytes * each.accelerators for each in map(ours.remove, leaving)) / CARD
        for name in leaving:
            plain.remove(name)
            textbook.remove(name)
        decisions += len(ours.on(lost))
        for side in (ours, plain, textbook):
            fail(side, lost)
        wave = arrivals(chance, known, freed)
    figures = Figures()
    figures.add("placement_decisions_per_s", decisions / ours.seconds, ">=", 1000)
    figures.add("placement_vs_best_fit_decreasing", statistics.mean(alike), "<=", 1.0)
    figures.add("placement_apart_vs_best_fit_decreasing", statistics.mean(kept_apart), "<=", 1.001)
    figures.add("placement_vs_lower_bound", max(to_bound), "<=", 1.05)
    figures.print()


if __name__ == "__main__":
    main()
