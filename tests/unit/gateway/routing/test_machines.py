"""The small machines of routing against models of themselves, with time in the test's hand."""

import random
from collections import Counter
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from jixi.core.errors import JixiError
from jixi.models.engines import StubEngine
from jixi.models.gateway import Limits
from jixi.models.gateway.routing import (
    Alias,
    Breaker,
    Canary,
    FairLine,
    Fallback,
    Lane,
    Pause,
    RetryBudget,
    Target,
    back_off,
)
from tests.unit.gateway.fakes import OneReplica


class BreakerMachine(RuleBasedStateMachine):
    """Calls come, succeed, fail and are abandoned in any order; a plain list of results is the model."""

    @initialize()
    def begin(self) -> None:
        self.now = 100.0
        self.breaker = Breaker(5)
        self.running: list[bool] = []
        self.probes: list[float] = []
        self.in_a_row = 0

    @rule(seconds=st.floats(0.01, 3))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.breaker.allows(self.now))
    @rule()
    def call(self) -> None:
        probe = self.breaker.enter(self.now)
        self.running.append(probe)
        if probe:
            self.probes.append(self.now)

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0, 9), well=st.sampled_from([True, False, None]))
    def end(self, which: int, well: bool | None) -> None:
        probe = self.running.pop(which % len(self.running))
        was = self.breaker.state
        if well is None:
            self.breaker.abandoned(probe=probe)
            assert self.breaker.state in (was, "open")
        elif well:
            self.breaker.succeeded(self.now, probe=probe)
            assert not probe or self.breaker.state == "closed"
            self.in_a_row = 0 if was == "closed" or probe else self.in_a_row
        else:
            self.breaker.failed(self.now, probe=probe)
            self.in_a_row += 1
            assert was != "closed" or self.in_a_row < 10 or self.breaker.state != "closed"

    @invariant()
    def one_probe_at_a_time_and_one_a_second(self) -> None:
        assert sum(self.running) <= 1
        assert all(later - earlier >= 1 for earlier, later in zip(self.probes, self.probes[1:], strict=False))
        assert (self.breaker.state == "half_open") == any(self.running)
        assert self.breaker.state == "closed" or not self.breaker.allows(self.now) or not any(self.running)


TestBreaker = pytest.mark.filterwarnings("default")(BreakerMachine.TestCase)
TestBreaker.settings = settings(max_examples=60, stateful_step_count=60)


def fail(breaker: Breaker, times: int, now: float) -> None:
    for _ in range(times):
        breaker.failed(now)


def test_a_breaker_opens_after_five_failures_in_a_row_and_closes_after_a_good_probe() -> None:
    breaker = Breaker(5)
    fail(breaker, 4, 0.0)
    breaker.succeeded(0.0)
    fail(breaker, 4, 0.1)
    assert breaker.state == "closed"
    breaker.failed(0.2)
    assert breaker.state == "open"
    assert not breaker.allows(1.1)
    assert breaker.allows(1.2)
    assert breaker.enter(1.2)
    assert breaker.state == "half_open"
    assert not breaker.allows(1.3)
    breaker.failed(1.4, probe=True)
    assert breaker.wait_s(1.4) == pytest.approx(0.8)
    assert breaker.enter(2.2)
    breaker.succeeded(2.3, probe=True)
    assert breaker.state == "closed"
    fail(breaker, 4, 2.4)
    assert breaker.state == "closed"


def test_half_of_the_answers_of_ten_seconds_open_a_breaker_and_older_ones_do_not_count() -> None:
    breaker = Breaker(5)
    for step in range(10):
        breaker.succeeded(float(step))
        breaker.failed(float(step))
    assert breaker.state == "open"
    spread = Breaker(5)
    for step in range(40):
        spread.succeeded(step * 2.0)
        spread.failed(step * 2.0)
    assert spread.state == "closed"


def test_a_tenth_of_failures_never_opens_a_breaker() -> None:
    chance = random.Random(7)
    breaker = Breaker(5)
    for call in range(600_000):
        now = call / 1000
        if chance.random() < 0.1:
            breaker.failed(now)
        else:
            breaker.succeeded(now)
        if call % 1000 == 0:
            assert breaker.state == "closed"
    assert breaker.state == "closed"


def test_a_breaker_that_is_switched_off_never_opens() -> None:
    breaker = Breaker(0)
    fail(breaker, 1000, 0.0)
    assert breaker.allows(0.0)


@given(st.lists(st.tuples(st.floats(0, 0.5), st.booleans()), max_size=400))
@settings(max_examples=60)
def test_retries_are_a_fifth_of_the_calls_of_ten_seconds_and_ten_at_most(
    steps: list[tuple[float, bool]],
) -> None:
    budget, now = RetryBudget(), 50.0
    calls: list[float] = []
    retries: list[float] = []
    for wait, is_call in steps:
        now += wait
        if is_call:
            budget.call(now)
            calls.append(now)
        elif budget.take(now):
            retries.append(now)
            recent = sum(int(now) - int(at) < 10 for at in calls)
            assert sum(int(now) - int(at) < 10 for at in retries) <= 10 + 0.2 * recent


def test_a_target_that_is_down_gets_no_more_than_a_fifth_on_top() -> None:
    budget, retries = RetryBudget(), 0
    for call in range(10_000):
        budget.call(call / 1000)
        retries += budget.take(call / 1000)
    assert 1500 < retries <= 0.2 * 10_000 + 10


def test_back_off_doubles_from_half_a_second_to_eight_and_is_spread() -> None:
    for tries, longest in ((1, 0.5), (2, 1), (3, 2), (5, 8), (9, 8)):
        waits = [back_off(tries) for _ in range(2000)]
        assert longest / 2 <= min(waits) < longest * 0.55
        assert longest * 0.95 < max(waits) <= longest
    # Uniform over its range: each tenth gets a tenth, within what chance allows (chi-square, p > 0.001).
    tenths = Counter(int((back_off(1) - 0.25) / 0.025) for _ in range(5000))
    assert sum((tenths[each] - 500) ** 2 / 500 for each in range(10)) < 29.6


def test_a_pause_is_believed_for_a_minute_and_never_shortened() -> None:
    pause = Pause()
    pause.ask(100.0, 7)
    pause.ask(100.0, 3)
    assert pause.until == 107.0
    pause.ask(100.0, 3600)
    assert pause.until == 160.0


@example([*[("add", "a", False)] * 5, ("add", "b", False), *[("pop", "", False)] * 5])
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("add"), st.sampled_from("abcd"), st.booleans()),
            st.tuples(st.just("pop"), st.just(""), st.just(False)),
            st.tuples(st.just("drop"), st.integers(0, 50), st.just(False)),
        ),
        max_size=120,
    )
)
def test_a_line_is_fair_between_tenants_and_keeps_each_ones_order(
    steps: list[tuple[str, str | int, bool]],
) -> None:
    line = FairLine[int](8)
    waiting: list[tuple[int, str, bool]] = []
    passed_over: Counter[str] = Counter()
    for number, (what, who, batch) in enumerate(steps):
        if what == "add":
            tenant = str(who)
            if line.waiting(tenant) < line.share(tenant):
                line.add(tenant, number, batch=batch)
                waiting.append((number, tenant, batch))
        elif what == "pop" and waiting:
            first = line.pop()
            assert first is not None
            (taken,) = [each for each in waiting if each[0] == first]
            waiting.remove(taken)
            _, tenant, was_batch = taken
            assert not was_batch or all(batch for _, _, batch in waiting)
            assert not [n for n, who, batch in waiting if who == tenant and batch == was_batch and n < first]
            for other in {who for _, who, batch in waiting if batch == was_batch} - {tenant}:
                passed_over[other] += 1
                assert passed_over[other] <= 3
            passed_over[tenant] = 0
        elif what == "drop" and waiting:
            gone, tenant, _ = waiting.pop(int(who) % len(waiting))
            assert line.remove(tenant, gone)
            assert not line.remove(tenant, gone)
            passed_over.clear()
        assert line.count == len(waiting)


def test_a_tenant_that_is_alone_may_fill_the_line_and_another_still_gets_its_share() -> None:
    line = FairLine[int](8)
    assert line.share("a") == 8
    for number in range(8):
        line.add("a", number)
    assert line.waiting("a") >= line.share("a")
    assert line.waiting("b") < line.share("b") == 4
    for number in range(4):
        line.add("b", 100 + number)
    assert line.waiting("b") >= line.share("b")
    assert not line.is_alone("b")
    assert [line.pop() for _ in range(4)] == [0, 100, 1, 101]


def alias(**fields: object) -> Alias:
    return Alias(id="als_1", name="chat", created_at=datetime(2026, 11, 1, tzinfo=UTC), **fields)  # pyright: ignore[reportArgumentType]


def test_targets_are_drawn_by_weight_and_the_same_request_draws_the_same() -> None:
    shared = alias(targets=(Target("a", 70), Target("b", 30), Target("off", 0)))
    firsts = Counter(shared.draw(f"req_{number}")[0] for number in range(20_000))
    assert set(firsts) == {"a", "b"}
    assert firsts["a"] / 20_000 == pytest.approx(0.7, abs=0.015)
    assert shared.draw("req_1") == shared.draw("req_1")
    assert all(sorted(shared.draw(f"req_{number}")) == ["a", "b"] for number in range(100))


def test_a_canary_takes_its_percentage_of_all_and_is_nobody_elses_fallback() -> None:
    watched = alias(targets=(Target("a", 1), Target("b", 1)), canary=Canary("new", 10))
    draws = [watched.draw(f"req_{number}") for number in range(20_000)]
    assert sum(draw[0] == "new" for draw in draws) / 20_000 == pytest.approx(0.1, abs=0.01)
    assert all(draw.index("new") == 0 for draw in draws if "new" in draw)
    assert sum(draw[0] == "a" for draw in draws) / 20_000 == pytest.approx(0.45, abs=0.015)


def test_every_model_behind_an_alias_is_named_once_the_likeliest_first() -> None:
    named = alias(
        targets=(Target("small", 1), Target("big", 3)),
        canary=Canary("new", 10),
        fallbacks=(Fallback("small", ("error",)), Fallback("last", ("timeout",))),
    )
    assert named.models == ["big", "small", "new", "last"]


def test_parts_of_a_call_that_find_no_place_leave_none_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("jixi.models.gateway.routing._lane.monotonic", lambda: now)
    client: Any = None
    ticket: Any = SimpleNamespace(model="m", tenant="ten_1", batch=False, key=None, fits=lambda _: True)
    replica = OneReplica(client, StubEngine.profile)
    lane = Lane("m", lambda _: [replica], lambda _: Pause(), Limits(breaker=1), lambda _: False)
    place, failing = lane.join(ticket), lane.join(ticket)
    failing.failed(now)
    failing.leave()
    now += 1.1
    with pytest.raises(JixiError):
        lane.beside(place, 2)
    place.leave()
    assert lane.states[0].running == 0
    now += 1.1
    lane.join(ticket)
