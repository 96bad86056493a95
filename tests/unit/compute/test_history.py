"""What nodes did over time: each sample is there once, sums are those of the samples, and gaps are not guessed."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from jixi.compute.history import PACE_S, History, span
from jixi.compute.inventory import Accelerator, Counters, Energy, Inventory, Meter, Node, Rates
from jixi.compute.inventory import Machine as Hardware
from jixi.compute.placement import Placement
from jixi.core.errors import JixiError
from jixi.storage import Database
from tests.clocks import FrozenClock

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BEAT = timedelta(seconds=PACE_S)
GIB = 2**30
KEEP = settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Machine:
    """One node with an accelerator, whose readings a test sets."""

    def __init__(self, database: Database, days: int = 14, name: str = "one") -> None:
        self.clock = FrozenClock(START)
        self.name = name
        self.watts: float | None = None
        self.utilisation: float | None = None
        self.used = GIB
        self.placements: list[Placement] = []
        self.load = Rates()
        self.history = History(database, self.clock, self.look, self.measure, lambda: self.placements, days)

    async def measure(self) -> Rates:
        return self.load

    async def look(self) -> Sequence[Node]:
        card = Accelerator(
            id="nvidia-0",
            vendor="nvidia",
            index=0,
            model="NVIDIA H100",
            memory_bytes=80 * GIB,
            used_bytes=self.used,
            utilisation=self.utilisation,
            power_w=self.watts,
        )
        return [
            Node(name=self.name, cpus=2, memory_bytes=4 * GIB, memory_used_bytes=GIB, accelerators=(card,))
        ]

    async def beats(self, watts: Iterable[float | None]) -> None:
        for each in watts:
            self.watts = each
            await self.history.record()
            self.clock.advance(PACE_S)

    def holds(self, *groups: str) -> None:
        self.placements = [
            Placement(number=at, group=group, node=self.name, places=("nvidia-0",), held=(GIB,))
            for at, group in enumerate(groups)
        ]


async def test_energy_is_power_over_time_by_the_trapezoid_rule(database: Database) -> None:
    machine = Machine(database)
    await machine.beats([100, 300, 300])
    past = await machine.history.past("one", span(START, machine.clock.now()))
    memory, card = past.series
    assert (card.place, card.model, card.joules, card.measured_s) == (
        "nvidia-0",
        "NVIDIA H100",
        (200 + 300) * PACE_S,
        2 * PACE_S,
    )
    assert (memory.place, memory.joules, memory.measured_s) == ("memory", None, 0)
    assert (past.joules, past.measured_s, past.known_s) == (card.joules, PACE_S, 3 * PACE_S)


async def test_load_and_power_of_the_processors_are_of_the_whole_beat_however_often_others_look(
    database: Database,
) -> None:
    clock, worked = FrozenClock(START), 0.0

    def counted() -> Counters:
        return Counters(worked * 2, 2, {"package": Energy(worked * 60, 10**6)})

    inventory = Inventory(clock, machine=lambda: Hardware(2, 4, 1), counters=counted, readers=[], name="one")
    history = History(database, clock, inventory.nodes, Meter(clock, counted).read, list[Placement], 14)
    for _ in range(3):
        await history.record()
        for seconds in (PACE_S / 3, PACE_S / 3, 0):
            worked += seconds
            clock.advance(PACE_S / 3)
            await inventory.nodes()
    (memory,) = (await history.past("one", span(START, clock.now(), PACE_S))).series
    seen = [(point.utilisation, point.power_w) for point in memory.points]
    assert seen == [(None, None), *[(pytest.approx(2 / 3), pytest.approx(40))] * 2]


async def test_a_gap_and_a_silent_driver_add_nothing_and_are_told(database: Database) -> None:
    machine = Machine(database)
    await machine.beats([100, 100])
    machine.clock.advance(10 * PACE_S)
    await machine.beats([100, None, 100, 100])
    card = (await machine.history.past("one", span(START, machine.clock.now()))).series[1]
    assert (card.joules, card.measured_s) == (2 * 100 * PACE_S, 2 * PACE_S)


async def test_two_samples_with_few_between_them_are_still_side_by_side(database: Database) -> None:
    machine = Machine(database)
    await machine.beats([100])
    machine.clock.advance(3 * PACE_S)
    await machine.beats([200])
    card = (await machine.history.past("one", span(START, machine.clock.now()))).series[1]
    assert (card.joules, card.measured_s) == (150 * 4 * PACE_S, 4 * PACE_S)


WATTS = st.one_of(st.none(), st.integers(0, 2000).map(float))
WALK = st.lists(st.tuples(WATTS, st.integers(1, 6)), min_size=1, max_size=9)


def expected(walk: Sequence[tuple[float | None, int]]) -> tuple[Fraction, int]:
    """Joules and the seconds for which they are known; each sample stands so many beats before the next."""
    joules, seconds = Fraction(0), 0
    for (watts, beats), (after, _) in pairwise(walk):
        if watts is not None and after is not None and beats <= 4:
            joules += (Fraction(watts) + Fraction(after)) / 2 * beats * PACE_S
            seconds += beats * PACE_S
    return joules, seconds


async def _played(database: Database, walk: Sequence[tuple[float | None, int]]) -> Machine:
    machine = Machine(database, name=uuid4().hex)
    for watts, beats in walk:
        machine.watts, machine.utilisation = watts, None if watts is None else watts / 2000
        machine.used = int(watts or 0) * 2**20
        await machine.history.record()
        machine.clock.advance(beats * PACE_S)
    return machine


@KEEP
@given(walk=WALK, step=st.integers(1, 40))
async def test_energy_is_the_same_however_it_is_cut_into_steps(
    database: Database, walk: list[tuple[float | None, int]], step: int
) -> None:
    machine = await _played(database, walk)
    end = machine.clock.now()
    whole = span(START, end, step * PACE_S)
    _, card = (await machine.history.past(machine.name, whole)).series
    joules, seconds = expected(walk)
    assert card.measured_s == seconds
    assert (card.joules or 0) == pytest.approx(float(joules))
    assert (card.joules is None) == (seconds == 0)


@KEEP
@given(walk=WALK, step=st.integers(1, 40))
async def test_steps_hold_every_sample_once_with_its_average_and_its_most(
    database: Database, walk: list[tuple[float | None, int]], step: int
) -> None:
    machine = await _played(database, walk)
    chosen = span(START, machine.clock.now(), step * PACE_S)
    _, card = (await machine.history.past(machine.name, chosen)).series
    slots: dict[int, list[float | None]] = {}
    at = 0
    for watts, beats in walk:
        slots.setdefault(at // step, []).append(watts)
        at += beats
    assert [point.at for point in card.points] == [START + BEAT * step * slot for slot in slots]
    for point, watts in zip(card.points, slots.values(), strict=True):
        known = [each for each in watts if each is not None]
        assert point.power_w == (pytest.approx(sum(known) / len(known)) if known else None)
        assert point.utilisation == (pytest.approx(sum(known) / len(known) / 2000) if known else None)
        assert point.used_bytes == max(int(each or 0) for each in watts) * 2**20


async def test_spans_side_by_side_add_up(database: Database) -> None:
    machine = Machine(database)
    await machine.beats([100.0 + 7 * n for n in range(40)])
    ends = [START, START + BEAT * 7, START + BEAT * 8, START + BEAT * 40]
    parts = [(await machine.history.past("one", span(*pair))).joules for pair in pairwise(ends)]
    whole = (await machine.history.past("one", span(ends[0], ends[-1]))).joules
    assert sum(each or 0 for each in parts) == pytest.approx(whole)


async def test_two_processes_write_no_sample_twice(database_url: str, database: Database) -> None:
    other = Database(database_url)
    first, second = Machine(database), Machine(other)
    first.holds("chat")
    second.holds("chat")
    for _ in range(5):
        first.watts, second.watts = 100, 100
        await asyncio.gather(first.history.record(), second.history.record(), first.history.record())
        first.clock.advance(PACE_S)
        second.clock.advance(PACE_S)
    await other.close()
    past = await first.history.past("one", span(START, first.clock.now(), PACE_S))
    assert [len(each.points) for each in past.series] == [5, 5]
    assert past.joules == 4 * 100 * PACE_S
    assert [(stay.deployment, stay.held_bytes) for stay in past.stays] == [("chat", GIB)]


async def test_a_beat_that_comes_a_little_early_is_not_taken_for_the_one_before(database: Database) -> None:
    machine = Machine(database)
    await machine.beats([100])
    machine.clock.advance(-0.2)
    await machine.beats([100])
    past = await machine.history.past("one", span(START, START + BEAT * 4, PACE_S))
    assert [point.at for point in past.series[1].points] == [START, START + BEAT]


async def test_what_ran_where_is_told_from_when_to_when(database: Database) -> None:
    machine = Machine(database)
    for groups, beats in (
        (["chat"], 3),
        (["chat", "chat", "code"], 2),
        (["code"], 2),
        ([], 5),
        (["chat"], 1),
    ):
        machine.holds(*groups)
        await machine.beats([None] * beats)
    past = await machine.history.past("one", span(START, machine.clock.now()))
    seen = [
        (stay.deployment, (stay.began_at - START) // BEAT, (stay.ended_at - START) // BEAT)
        for stay in past.stays
    ]
    assert seen == [("chat", 0, 5), ("code", 3, 7), ("chat", 12, 13)]
    assert [stay.ongoing for stay in past.stays] == [False, False, True]
    assert [stay.held_bytes // GIB for stay in past.stays] == [2, 1, 1]


async def test_what_began_at_the_end_of_a_span_is_not_in_it_and_what_ran_then_was_going_on(
    database: Database,
) -> None:
    machine = Machine(database)
    for group in ("chat", "chat", "code", "code", "more"):
        machine.holds("old", group)
        await machine.beats([None])
    machine.holds()
    await machine.beats([None])

    async def stays(beats: int) -> list[tuple[str, bool]]:
        past = await machine.history.past("one", span(START, START + beats * BEAT))
        return sorted((stay.deployment, stay.ongoing) for stay in past.stays)

    assert await stays(2) == [("chat", False), ("old", True)]
    assert await stays(3) == [("chat", False), ("code", True), ("old", True)]
    assert ("old", False) in await stays(6)


async def test_nothing_goes_on_where_nobody_has_looked_for_a_while(database: Database) -> None:
    machine = Machine(database)
    machine.holds("chat")
    await machine.beats([None, None])
    machine.clock.advance(300)
    (stay,) = (await machine.history.past("one", span(START, machine.clock.now()))).stays
    assert (stay.ongoing, stay.ended_at) == (False, START + 2 * BEAT)


async def test_old_samples_are_forgotten_and_none_is_kept_where_days_are_none(database: Database) -> None:
    machine = Machine(database, days=1)
    await machine.beats([100, 100])
    machine.clock.advance(86_400)
    await machine.beats([100])
    await machine.history.sweep()
    past = await machine.history.past("one", span(START, machine.clock.now()))
    assert [len(each.points) for each in past.series] == [1, 1]
    machine = Machine(database, days=0, name="other")
    await machine.beats([100])
    assert (await machine.history.past("other", span(START, START + BEAT))).series
    await machine.history.start()
    async with asyncio.timeout(60):
        while (await machine.history.past("other", span(START, START + BEAT))).series:
            pass
    await machine.history.close()


async def test_what_is_old_goes_hour_by_hour_so_that_others_write_between(database: Database) -> None:
    machine = Machine(database, days=1)
    machine.holds("chat")
    for _ in range(3):
        await machine.beats([100])
        machine.clock.advance(3600)
    machine.clock.advance(86_400)
    commits = 0

    def count(*_: object) -> None:
        nonlocal commits
        commits += 1

    event.listen(database.engine.sync_engine, "commit", count)
    await machine.history.sweep()
    event.remove(database.engine.sync_engine, "commit", count)
    assert commits >= 2 * 3
    past = await machine.history.past("one", span(START, machine.clock.now()))
    assert (past.series, past.stays) == ([], [])


class Counted(Database):
    """Tells how many transactions were open at once."""

    now = most = 0

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[AsyncSession]:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            async with super().session() as session:
                yield session
        finally:
            self.now -= 1


async def test_many_who_ask_for_the_past_hold_one_connection(database_url: str, database: Database) -> None:
    await Machine(database).beats([100])
    counted = Counted(database_url)
    history = Machine(counted).history
    answers = await asyncio.gather(*(history.past("one", span(START, START + BEAT)) for _ in range(5)))
    await counted.close()
    assert counted.most == 1
    assert all(each.series for each in answers)


async def test_a_beat_that_fails_does_not_end_the_next(database: Database) -> None:
    machine = Machine(database)
    machine.clock.advance(PACE_S - 0.1)
    tried = asyncio.Semaphore(0)

    async def broken() -> Sequence[Node]:
        tried.release()
        raise OSError("no such device")

    history = History(database, machine.clock, broken, machine.measure, list[Placement], 14)
    await history.start()
    async with asyncio.timeout(30):
        await tried.acquire()
        await tried.acquire()
    await history.close()


async def test_the_first_sample_waits_for_its_beat(database: Database) -> None:
    machine = Machine(database)
    machine.clock.advance(PACE_S / 2)
    looked = asyncio.Event()

    async def look() -> Sequence[Node]:
        looked.set()
        return await machine.look()

    history = History(database, machine.clock, look, machine.measure, list[Placement], 14)
    await history.start()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await looked.wait()
    await history.close()


async def test_an_unknown_node_is_not_found_and_one_of_old_is(database: Database) -> None:
    machine = Machine(database)
    with pytest.raises(JixiError) as refused:
        await machine.history.past("two", span(START, START + BEAT))
    assert refused.value.code == "not_found"
    await machine.beats([1])
    machine.name = "renamed"
    assert (await machine.history.past("one", span(START, START + BEAT))).series
    assert (await machine.history.past("renamed", span(START, START + BEAT))).series == []


@pytest.mark.parametrize(
    ("seconds", "step", "param"), [(0, None, "until"), (-60, None, "until"), (86_400, 15, "step")]
)
def test_a_span_without_time_or_with_too_many_points_is_refused(
    seconds: int, step: int | None, param: str
) -> None:
    with pytest.raises(JixiError) as refused:
        span(START, START + timedelta(seconds=seconds), step)
    assert (refused.value.code, refused.value.param) == ("invalid_value", param)


@given(seconds=st.integers(PACE_S * 2, 400 * 86_400), step=st.one_of(st.none(), st.integers(1, 86_400)))
def test_a_span_is_of_whole_samples_and_has_few_enough_points(seconds: int, step: int | None) -> None:
    try:
        start, end, each = span(START, START + timedelta(seconds=seconds), step)
    except JixiError:
        assert step is not None
        return
    assert start % PACE_S == end % PACE_S == each % PACE_S == 0
    assert (end - start) / each <= 2000
    assert end - start <= seconds + PACE_S
    assert step is None or 0 <= each - step < PACE_S
