"""Replicas go where they fit, apart where that is possible, as tightly as may be, and leave nothing behind."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jixi.compute.inventory import Accelerator, Node
from jixi.compute.placement import MAIN_MEMORY, Need, Placement, Space, Taken, visible
from tests.unit.compute.machines import GIB, node

SIZES = st.sampled_from([16, 24, 80])
NODES = st.lists(st.lists(SIZES, max_size=4), min_size=1, max_size=4).map(
    lambda sizes: [node(f"n{at}", gib) for at, gib in enumerate(sizes)]
)
NEEDS = st.builds(
    Need,
    group=st.sampled_from("abc"),
    memory_bytes=st.integers(0, 90 * GIB),
    accelerators=st.integers(0, 3),
    share=st.sampled_from([0, 0, 0.25, 1]),
)
STEPS = st.lists(st.tuples(NEEDS, st.booleans()), max_size=30)


class Card:
    """One accelerator of 80 GiB, and what is free there once so much of it is used."""

    def __init__(self) -> None:
        self.node = node("n", [80])
        self.space = Space([self.node])

    def free_where_used(self, gib: float) -> int:
        accelerator = replace(self.node.accelerators[0], used_bytes=round(gib * GIB))
        self.space.observe([replace(self.node, accelerators=(accelerator,))])
        return self.space.free("n", "nvidia-0") // GIB

    def place(self, group: str, gib: int) -> Placement:
        placed = self.space.place(Need(group=group, memory_bytes=gib * GIB, accelerators=1))
        assert placed is not None
        return placed


def frees(space: Space, nodes: list[Node]) -> dict[tuple[str, str], int]:
    places = [
        (each.name, place) for each in nodes for place in (MAIN_MEMORY, *(a.id for a in each.accelerators))
    ]
    return {key: space.free(*key) for key in places}


@given(NODES, STEPS)
def test_nothing_is_ever_given_that_is_not_there_and_all_comes_back(
    nodes: list[Node], steps: list[tuple[Need, bool]]
) -> None:
    space = Space(nodes)
    empty = frees(space, nodes)
    held: list[Placement] = []
    for need, leave in steps:
        if leave and held:
            space.release(held.pop(0))
            continue
        placed = space.place(need)
        if placed is not None:
            held.append(placed)
            assert len(set(placed.places)) == max(1, need.accelerators)
            assert all(bytes_ >= need.memory_bytes for bytes_ in placed.held)
        taken = Counter[tuple[str, str]]()
        for each in held:
            for place, bytes_ in zip(each.places, each.held, strict=True):
                taken[each.node, place] += bytes_
        assert all(taken[key] <= empty[key] for key in taken)
        assert frees(space, nodes) == {key: empty[key] - taken[key] for key in empty}
    for each in held:
        space.release(each)
        space.release(each)
    assert frees(space, nodes) == empty
    assert space.placements() == []


@given(NODES, STEPS, NEEDS)
def test_a_need_is_placed_when_and_only_when_enough_accelerators_of_one_node_are_free_for_it(
    nodes: list[Node], steps: list[tuple[Need, bool]], last: Need
) -> None:
    space = Space(nodes)
    for need, _ in steps:
        space.place(need)
    free = frees(space, nodes)
    fits = False
    for each in nodes:
        if last.accelerators == 0:
            fits |= free[each.name, MAIN_MEMORY] >= last.of(each.memory_bytes)
        else:
            enough = sum(free[each.name, a.id] >= last.of(a.memory_bytes) for a in each.accelerators)
            fits |= enough >= last.accelerators
    assert (space.place(last) is not None) == fits


@given(NODES, STEPS)
def test_the_same_needs_in_the_same_order_go_to_the_same_places(
    nodes: list[Node], steps: list[tuple[Need, bool]]
) -> None:
    first, second = Space(nodes), Space(nodes)
    assert [first.place(need) for need, _ in steps] == [second.place(need) for need, _ in steps]


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 16))
def test_replicas_of_one_deployment_are_spread_evenly_over_nodes_and_accelerators(
    nodes: int, cards: int, replicas: int
) -> None:
    space = Space([node(f"n{at}", [80] * cards) for at in range(nodes)])
    need = Need(group="a", memory_bytes=5 * GIB, accelerators=1)
    placed = [each for each in space.place_all([need] * replicas) if each is not None]
    assert len(placed) == replicas
    on_card = Counter((each.node, each.places) for each in placed)
    on_node = Counter(each.node for each in placed)
    assert max(on_card.values()) == -(-replicas // (nodes * cards))
    assert len(on_node) == min(nodes, replicas)


def test_a_replica_goes_to_the_other_node_though_it_packs_worse() -> None:
    space = Space([node("one", [80]), node("two", [24])])
    small = Need(group="a", memory_bytes=10 * GIB, accelerators=1)
    assert [each.node for each in space.place_all([small, small]) if each] == ["two", "one"]


def test_of_places_without_such_a_replica_the_tightest_is_taken() -> None:
    space = Space([node("n", [80, 24, 40])])
    placed = space.place(Need(group="a", memory_bytes=20 * GIB, accelerators=1))
    assert placed is not None
    assert placed.places == ("nvidia-1",)


def test_a_model_over_several_accelerators_gets_such_of_one_kind_on_one_node() -> None:
    mixed = replace(
        node("mixed", [80, 80]),
        accelerators=(
            node("", [80]).accelerators[0],
            node("", [80, 80], model="A100").accelerators[1],
        ),
    )
    space = Space([mixed, node("even", [80, 80, 80])])
    placed = space.place(Need(group="a", memory_bytes=70 * GIB, accelerators=2))
    assert placed is not None
    assert (placed.node, placed.memory_bytes) == ("even", 140 * GIB)
    assert space.place(Need(group="a", memory_bytes=70 * GIB, accelerators=2)) is None


def test_whose_accelerators_will_do_is_respected() -> None:
    space = Space([node("n", [80])])
    need = Need(group="a", memory_bytes=1, accelerators=1, vendors=frozenset({"ascend"}))
    assert space.place(need) is None
    assert space.most_free(need) == 0


@pytest.fixture
def card() -> Card:
    return Card()


def test_what_others_use_is_not_free_and_what_was_reserved_but_not_yet_taken_is_not_either(
    card: Card,
) -> None:
    assert card.free_where_used(10) == 70
    placed = card.place("a", 30)
    assert card.free_where_used(10) == 40, "the replica has taken nothing yet"
    assert card.free_where_used(40) == 40, "now it has"
    assert card.free_where_used(55) == 25, "somebody else has taken more"
    assert card.free_where_used(75) == 5
    card.space.release(placed)
    assert card.free_where_used(0) == 80


def test_what_others_give_back_is_free_but_for_what_replicas_may_have_given_back(card: Card) -> None:
    assert card.free_where_used(50) == 30
    first = card.place("a", 30)
    assert card.free_where_used(80) == 0, "full: others have 50, the replica 30"
    assert card.free_where_used(45) == 5, "of the 35 that fell the replica may have given 30"
    assert card.free_where_used(30) == 20, "and as much as it reserves may still be of others"
    assert card.free_where_used(40) == 20
    card.space.release(first)
    card.place("b", 20)
    assert card.free_where_used(10) == 50, (
        "what fell was the replica's, and the next one has taken nothing yet"
    )
    assert card.free_where_used(30) == 50


def test_what_an_engine_frees_after_loading_is_not_taken_for_what_others_gave_back(card: Card) -> None:
    assert card.free_where_used(20) == 60
    card.place("a", 40)
    for used in (60, 50, 55, 50):
        assert card.free_where_used(used) == 20


def test_others_whose_use_goes_up_and_down_still_hold_it_while_a_replica_has_taken_nothing(
    card: Card,
) -> None:
    assert card.free_where_used(50) == 30
    card.place("a", 30)
    for used in (48, 50, 48, 50, 48):
        assert card.free_where_used(used) <= 2


class Truth:
    """What others really use of an accelerator of 80 GiB, and what replicas really have of what they hold."""

    def __init__(self, others: int) -> None:
        self.card = node("n", [80])
        self.others = others
        self.used_of: dict[Placement, int] = {}
        self.space = Space()
        self.look({})

    @property
    def free(self) -> int:
        """What could be given so that all who hold something could still have all of it."""
        held = sum(each.memory_bytes for each in self.used_of)
        return 80 * GIB - self.others - held

    def look(self, taken: dict[tuple[int, str], Taken]) -> int:
        """What is said to be free at the next look."""
        used = self.others + sum(self.used_of.values())
        self.space.observe(
            [replace(self.card, accelerators=(replace(self.card.accelerators[0], used_bytes=used),))], taken
        )
        return self.space.free("n", "nvidia-0")

    def step(self, what: str, gib: int, at: int) -> None:
        """Others use another part of what is left, a replica comes, one goes, or one takes or frees of its own."""
        each = (
            sorted(self.used_of, key=lambda one: one.number)[at % len(self.used_of)] if self.used_of else None
        )
        if what == "others":
            self.others = min(gib * GIB, self.others + max(0, self.free))
        elif what == "comes":
            placed = self.space.place(Need(group="a", memory_bytes=gib * GIB, accelerators=1))
            if placed is not None:
                self.used_of[placed] = 0
        elif each is not None and what == "goes":
            self.space.release(each)
            del self.used_of[each]
        elif each is not None:
            self.used_of[each] = min(gib * GIB, each.memory_bytes)


WHATS = st.tuples(st.sampled_from(["others", "comes", "goes", "uses"]), st.integers(0, 80), st.integers(0, 5))


@given(st.integers(0, 80), st.lists(WHATS, max_size=30))
def test_where_it_is_known_who_has_what_all_is_free_that_is_and_nothing_is_given_twice(
    others: int, steps: list[tuple[str, int, int]]
) -> None:
    truth = Truth(others * GIB)
    for step in steps:
        truth.step(*step)
        taken = {(each.number, "nvidia-0"): Taken(has, has) for each, has in truth.used_of.items()}
        assert truth.look(taken) == truth.free >= 0


@given(st.integers(0, 80), st.lists(st.tuples(WHATS, st.floats(0, 1), st.booleans()), max_size=30))
def test_where_it_is_known_what_replicas_have_at_least_no_more_is_free_than_is_and_all_but_what_is_unknown(
    others: int, steps: list[tuple[tuple[str, int, int], float, bool]]
) -> None:
    truth = Truth(others * GIB)
    for (what, gib, at), part, known in steps:
        truth.step(what, min(gib, truth.others // GIB) if what == "others" else gib, at)
        taken = {
            (each.number, "nvidia-0"): Taken(int(part * has), each.memory_bytes)
            for each, has in truth.used_of.items()
            if known
        }
        unknown = sum(truth.used_of.values()) - sum(least for least, _ in taken.values())
        assert max(0, truth.free - unknown) <= truth.look(taken) <= truth.free


def test_what_a_replica_has_beyond_its_own_is_not_what_another_has_yet_to_take(card: Card) -> None:
    greedy, late = card.place("a", 20), card.place("b", 30)
    full = replace(card.node.accelerators[0], used_bytes=25 * GIB)
    taken = {(greedy.number, "nvidia-0"): Taken(25 * GIB, 25 * GIB), (late.number, "nvidia-0"): Taken(0, 0)}
    card.space.observe([replace(card.node, accelerators=(full,))], taken)
    assert card.space.free("n", "nvidia-0") == 25 * GIB


def test_main_memory_that_mapped_weights_will_take_is_not_hidden_by_the_unrest_of_others() -> None:
    space = Space([node("n", memory=64, used=10)])
    assert space.place(Need(group="a", memory_bytes=20 * GIB)) is not None
    for used in (12, 10, 12, 10):
        space.observe([node("n", memory=64, used=used)])
        assert space.free("n") == 34 * GIB


def test_what_has_gone_has_nothing_free_and_what_comes_back_has() -> None:
    space = Space([node("n", [80])])
    placed = space.place(Need(group="a", memory_bytes=GIB, accelerators=1))
    space.observe([node("n")])
    assert space.place(Need(group="b", memory_bytes=GIB, accelerators=1)) is None
    assert placed is not None
    space.release(placed)
    space.observe([node("n", [80])])
    assert space.free("n", "nvidia-0") == 80 * GIB


def test_the_reserve_of_main_memory_is_never_given_away() -> None:
    space = Space([node("n", memory=8, used=2)], reserve_bytes=GIB)
    assert space.place(Need(group="a", memory_bytes=6 * GIB)) is None
    assert space.place(Need(group="a", memory_bytes=5 * GIB)) is not None


def test_a_copy_is_for_trying_out_what_would_be_if_some_had_ended() -> None:
    space = Space([node("n", [80])])
    for group in "ab":
        space.place(Need(group=group, memory_bytes=40 * GIB, accelerators=1))
    twin = space.without("a")
    assert (space.free("n", "nvidia-0"), twin.free("n", "nvidia-0")) == (0, 40 * GIB)


@pytest.mark.parametrize(
    ("vendor", "variable"),
    [
        ("nvidia", "CUDA_VISIBLE_DEVICES"),
        ("amd", "HIP_VISIBLE_DEVICES"),
        ("ascend", "ASCEND_RT_VISIBLE_DEVICES"),
    ],
)
def test_programs_see_the_accelerators_that_they_were_given(vendor, variable: str) -> None:
    cards = [
        Accelerator(id=f"x-{at}", vendor=vendor, index=at, model="m", memory_bytes=1, used_bytes=0)
        for at in (1, 3)
    ]
    assert visible(cards)[variable] == "1,3"
    assert set(visible([]).values()) == {""}
