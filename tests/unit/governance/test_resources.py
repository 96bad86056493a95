"""Accelerators, processors and storage in the ledger, on SQLite and on PostgreSQL: every moment once, at its price."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jixi.core.errors import JixiError, problem
from jixi.core.ids import new_id
from jixi.core.resources import PER_UNIT, Resource, Taken
from jixi.governance.ledger import Ledger, Limits, LimitValues, Selection, Statement, ThreadWriter
from jixi.storage import Database
from tests.clocks import FrozenClock
from tests.unit.governance.calls import a_call

HOUR_MS = 3_600_000


def _gpu(
    key: str = "rep_1", *, tenant: str | None = "ten_a", subject: str = "H100", amount: int = 1000
) -> Taken:
    return Taken(key=key, tenant_id=tenant, resource="gpu_hour", subject=subject, name="chat", amount=amount)


def _all(clock: FrozenClock, tenant: str = "ten_a", **more: Any) -> Selection:
    far = timedelta(days=400)
    return Selection(tenant, clock.now() - far, clock.now() + far, **more)


async def _price(ledger: Ledger, micros: int, subject: str = "", resource: Resource = "gpu_hour") -> int:
    set_ = ledger.resources.set_price(resource, subject, "CNY", micros, member_id="mem_a")
    return (await set_).version


async def test_what_ran_is_charged_by_the_millisecond_and_priced_by_the_hour(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    version = await _price(ledger, 12_000_000)
    end = ledger.resources.begin([_gpu(amount=500)])
    clock.advance(90)
    await ledger.resources.beat(None)
    clock.advance(90.5)
    end()
    clock.advance(1000)
    await ledger.resources.beat(None)
    (row,) = await Statement(database, clock).resources(_all(clock))
    assert row == (None, "gpu_hour", "H100", "chat", version, 12_000_000, 500 * 180_500, 300_834)
    used = (await Limits(database, clock).get("ten_a", "ten_a")).used
    assert (used.daily_micros, used.monthly_micros) == (300_834, 300_834)
    assert await Statement(database, clock).discrepancies() == []


async def test_what_nobody_has_priced_is_shown_and_costs_nothing(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    ledger.resources.begin([_gpu()])
    clock.advance(3600)
    await ledger.resources.beat(None)
    (row,) = await Statement(database, clock).resources(_all(clock))
    assert (row.quantity, row.price_version, row.cost_micros) == (PER_UNIT["gpu_hour"], 0, 0)


async def test_the_price_of_a_chip_goes_before_that_of_every_other(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    await _price(ledger, 1_000_000)
    await _price(ledger, 9_000_000, "H100")
    ledger.resources.begin([_gpu("a"), _gpu("b", subject="L4")])
    clock.advance(3600)
    await ledger.resources.beat(None)
    rows = await Statement(database, clock).resources(_all(clock))
    assert {row.subject: row.cost_micros for row in rows} == {"H100": 9_000_000, "L4": 1_000_000}


async def test_a_new_price_counts_from_its_moment_on_and_each_part_keeps_its_own(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    first = await _price(ledger, 3_600_000)
    ledger.resources.begin([_gpu()])
    clock.advance(10)
    second = await _price(ledger, 7_200_000)
    clock.advance(10)
    await ledger.resources.beat(None)
    rows = await Statement(database, clock).resources(_all(clock))
    assert [(row.price_version, row.cost_micros) for row in rows] == [(first, 10_000), (second, 20_000)]


async def test_a_day_is_charged_on_the_day_on_which_it_was_taken(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    await _price(ledger, 1_000_000)
    clock.advance(11.5 * 3600)
    ledger.resources.begin([_gpu()])
    clock.advance(3600)
    await ledger.resources.beat(None)
    rows = await Statement(database, clock).resources(_all(clock), by_day=True)
    assert [(row.day, row.cost_micros) for row in rows] == [("2026-11-23", 500_000), ("2026-11-24", 500_000)]
    assert (await Limits(database, clock).get("ten_a", "ten_a")).used.daily_micros == 500_000
    assert await Statement(database, clock).discrepancies() == []


async def test_what_compute_cost_is_gone_from_the_budget_of_calls_and_nothing_is_stopped(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    await Limits(database, clock).put("ten_a", "ten_a", LimitValues(daily_micros=400))
    await ledger.reserve(a_call())
    await _price(ledger, 3_600_000)
    ledger.resources.begin([_gpu()])
    clock.advance(2)
    await ledger.resources.beat(None)
    with pytest.raises(JixiError) as refused:
        await ledger.reserve(a_call(max_output=0))
    assert refused.value.code == "budget_exceeded"
    assert (await Limits(database, clock).get("ten_a", "ten_a")).used.daily_micros == 2000


async def test_a_foreign_tenant_sees_nothing_and_neither_does_a_single_member(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    ledger.resources.begin([_gpu()])
    clock.advance(5)
    await ledger.resources.beat(None)
    statement = Statement(database, clock)
    assert await statement.resources(_all(clock, "ten_b")) == []
    assert await statement.resources(_all(clock, member_id="mem_a")) == []
    assert len(await statement.resources(_all(clock))) == 1


async def test_what_the_house_takes_waits_for_a_tenant_that_pays(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    end = ledger.resources.begin([_gpu(tenant=None)])
    clock.advance(5)
    end()
    await ledger.resources.beat(None)
    assert await Statement(database, clock).resources(_all(clock)) == []
    await ledger.resources.beat("ten_a")
    (row,) = await Statement(database, clock).resources(_all(clock))
    assert row.quantity == 5_000_000


async def test_what_two_processes_see_is_charged_once(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    kept = Taken(
        key="ten_a:files", tenant_id="ten_a", resource="gb_day", subject="storage", name="files", amount=7
    )
    other = Ledger(database, clock)
    await other.start()
    ledger.resources.begin([kept])
    clock.advance(20)
    for _ in range(2):
        other.resources.begin([kept])
    for _ in range(4):
        clock.advance(10)
        await ledger.resources.beat(None)
        clock.advance(5)
        await other.resources.beat(None)
    await other.close()
    (row,) = await Statement(database, clock).resources(_all(clock))
    assert row.quantity == 7 * 80_000


async def test_what_was_seen_anew_does_not_go_ahead_of_what_was_seen_before(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    kept = msgspec.structs.replace(_gpu("ten_a:files", amount=7), resource="gb_day")
    end = ledger.resources.begin([kept])
    clock.advance(2 * 3600)
    end()
    ledger.resources.begin([kept])
    clock.advance(0.005)
    await ledger.resources.beat(None)
    (row,) = await Statement(database, clock).resources(_all(clock))
    assert row.quantity == 7 * 7_200_005


async def test_a_price_is_not_negative_and_not_set_over_another_that_was_not_read(ledger: Ledger) -> None:
    first = await _price(ledger, 5, "H100")
    for micros, version, code in ((-1, None, "invalid_value"), (1, first + 1, "precondition_failed")):
        with pytest.raises(JixiError) as refused:
            await ledger.resources.set_price(
                "gpu_hour", "H100", "CNY", micros, member_id="mem_a", version=version
            )
        assert refused.value.code == code
    await ledger.resources.set_price("gpu_hour", "H100", "CNY", 6, member_id="mem_a", version=first)
    assert [(each.subject, each.micros) for each in await ledger.resources.prices()] == [("H100", 6)]


async def test_of_two_who_set_a_price_over_the_same_one_only_one_succeeds(ledger: Ledger) -> None:
    first = await _price(ledger, 5)
    outcomes = await asyncio.gather(
        *(
            ledger.resources.set_price("gpu_hour", "", "CNY", 6 + n, member_id="mem_a", version=first)
            for n in range(5)
        ),
        return_exceptions=True,
    )
    refused = [each for each in outcomes if isinstance(each, BaseException)]
    assert [each.code for each in refused if isinstance(each, JixiError)] == ["precondition_failed"] * 4


async def test_a_price_that_is_set_during_a_beat_counts_from_its_moment_on(
    database: Database, clock: FrozenClock
) -> None:
    class Slow(ThreadWriter):
        """Each answer takes ten seconds, and then there is another price, and ten more."""

        def submit(self, operation: Any) -> "asyncio.Future[Any]":
            return asyncio.ensure_future(self._late(super().submit(operation)))

        async def _late(self, answer: "asyncio.Future[Any]") -> Any:
            result = await answer
            clock.advance(10)
            versions.append(await _price(ledger, 7_200_000 * len(versions)))
            clock.advance(10)
            return result

    ledger = Ledger(database, clock, Slow(database))
    await ledger.start()
    versions = [await _price(ledger, 3_600_000)]
    end = ledger.resources.begin([_gpu()])
    clock.advance(10)
    end()
    ledger.resources.begin([_gpu()])
    await ledger.resources.beat(None)
    await ledger.resources.beat(None)
    await ledger.close()
    rows = await Statement(database, clock).resources(_all(clock))
    assert [(row.price_version, row.cost_micros) for row in rows] == [
        (versions[0], 20_000),
        (versions[1], 20_000),
    ]


_ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("begin"), st.integers(1, 5000)),
        st.tuples(st.just("end"), st.integers(0, 5)),
        st.tuples(st.just("advance"), st.sampled_from([1, 999, 30_000, HOUR_MS // 3, HOUR_MS, 26 * HOUR_MS])),
        st.tuples(st.just("beat"), st.just(0)),
        st.tuples(st.just("lost"), st.integers(0, 3)),
        st.tuples(st.just("price"), st.integers(0, 10**9)),
        st.tuples(st.just("crash"), st.just(0)),
    ),
    max_size=25,
)


class _Losing(ThreadWriter):
    """A writer whose answers are lost from the `loses`-th on: what it wrote is written all the same."""

    loses: int | None = None

    def submit(self, operation: Any) -> "asyncio.Future[Any]":
        return asyncio.ensure_future(self._lose(super().submit(operation)))

    async def _lose(self, answer: "asyncio.Future[Any]") -> Any:
        result = await answer
        if self.loses is None:
            return result
        self.loses -= 1
        if self.loses < 0:
            raise problem("ledger_unavailable")
        return result


class _Story:
    """What happens to a ledger, and what it should have charged of each thing: at least, and at most, until when."""

    def __init__(self, database: Database, clock: FrozenClock) -> None:
        self.database, self.clock = database, clock
        self.ledgers: list[Ledger] = []
        self.tenant, self.subject = new_id("ten"), new_id("chip")
        self.prices: list[tuple[int, int]] = []
        self.taken: dict[str, tuple[int, int]] = {}
        self.there: dict[str, Callable[[], None]] = {}
        self.ended: dict[str, int] = {}
        self.least: dict[str, int] = {}
        self.most: dict[str, int] = {}

    @property
    def now(self) -> int:
        return _milliseconds(self.clock.now())

    async def open(self) -> None:
        """A process in the place of the one before: what that had not charged is known to nobody any more."""
        self.writer = _Losing(self.database)
        ledger = Ledger(self.database, self.clock, self.writer)
        await ledger.start()
        self.ledgers.append(ledger)
        self.there.clear()

    async def close(self) -> None:
        for each in self.ledgers:
            await each.close()

    async def act(self, what: str, number: int) -> None:
        if what == "advance":
            self.clock.advance(number / 1000)
        elif what == "begin":
            name = new_id("rep")
            taken = _gpu(name, tenant=self.tenant, subject=self.subject, amount=number)
            self.there[name] = self.ledgers[-1].resources.begin([msgspec.structs.replace(taken, name=name)])
            self.taken[name] = number, self.now
            self.least[name] = self.most[name] = self.now
        elif what == "end" and self.there:
            name = list(self.there)[number % len(self.there)]
            self.there[name]()
            self.ended.setdefault(name, self.now)
        elif what == "price":
            await _price(self.ledgers[-1], number, self.subject)
            self.prices.append((self.now, number))
        elif what == "crash":
            await self.open()
        elif what in ("beat", "lost"):
            await self.beat(number if what == "lost" else None)

    async def beat(self, loses: int | None) -> None:
        """To its end, or so far that nobody knows what of it was written."""
        until = {name: self.ended.get(name, self.now) for name in self.there}
        self.most |= until
        self.writer.loses = loses
        try:
            await self.ledgers[-1].resources.beat(None)
            self.least |= until
        except JixiError:
            assert loses is not None
        self.writer.loses = None

    def cost(self, name: str, until: int) -> int:
        """What it costs until then: each hour, and each part of one at a price, is rounded up by itself."""
        amount, began = self.taken[name]
        cuts = {began, until, *range(began - began % HOUR_MS + HOUR_MS, until, HOUR_MS)}
        cuts |= {at for at, _ in self.prices if began < at < until}
        times = sorted(cuts)
        return sum(
            -(-amount * (end - start) * self.price(start) // PER_UNIT["gpu_hour"])
            for start, end in pairwise(times)
        )

    def price(self, at: int) -> int:
        return next((micros for since, micros in reversed(self.prices) if since <= at), 0)


@given(acts=_ACTS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
async def test_whatever_beats_are_lost_and_whoever_dies_each_moment_is_charged_once_at_its_price(
    acts: list[tuple[str, int]], database: Database, clock: FrozenClock
) -> None:
    story = _Story(database, clock)
    await story.open()
    try:
        for what, number in acts:
            await story.act(what, number)
        await story.beat(None)
    finally:
        await story.close()
    quantities: Counter[str] = Counter()
    costs: Counter[str] = Counter()
    for row in await Statement(database, clock).resources(_all(clock, story.tenant)):
        quantities[row.name] += row.quantity
        costs[row.name] += row.cost_micros
    for name, (amount, began) in story.taken.items():
        ran, rest = divmod(quantities[name], amount)
        assert rest == 0
        assert story.least[name] <= began + ran <= story.most[name]
        assert costs[name] == story.cost(name, began + ran)
    gauge = await Limits(database, clock).get(story.tenant, story.tenant)
    assert gauge.used.monthly_micros <= sum(costs.values())
    assert await Statement(database, clock).discrepancies() == []


def _milliseconds(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
