"""The rules of admission against a plain model: nothing overdrawn, nothing refused that fits, waits that are true."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from jixi.governance.ledger import Demand, Gauge, LimitValues, admit, settle

_DAY, _MONTH, _NOW = "2026-11-23", "2026-11", 1_000_000_000
_MONEY = st.integers(0, 10_000)
_LIMIT = st.none() | _MONEY
_RATE = st.integers(1, 1_000)
_MINUTE_MS = 60_000


def _gauge(values: LimitValues, scope_id: str = "ten_a", **used: int) -> Gauge:
    fields = {"day_spent": 0, "day_held": 0, "month_spent": 0, "month_held": 0} | used
    return Gauge(
        scope_id=scope_id,
        tenant_id="ten_a",
        scope="tenant" if scope_id == "ten_a" else "key",
        **values._asdict(),
        day=_DAY,
        month=_MONTH,
        running=0,
        requests_used=0,
        tokens_used=0,
        measured_ms=_NOW,
        revision=0,
        **fields,
    )


def _demand(amount: int = 0, tokens: int = 0, at_ms: int = _NOW) -> Demand:
    return Demand(_DAY, _MONTH, amount, tokens, at_ms, "CNY")


@given(st.lists(st.tuples(_LIMIT, _LIMIT, _MONEY, _MONEY), min_size=1, max_size=4), _MONEY)
def test_a_call_is_admitted_exactly_where_every_account_has_room(
    states: list[tuple[int | None, int | None, int, int]], amount: int
) -> None:
    gauges = [
        _gauge(
            LimitValues(daily_micros=daily, monthly_micros=monthly),
            day_spent=spent,
            day_held=held,
            month_spent=2 * spent,
            month_held=held,
        )
        for daily, monthly, spent, held in states
    ]
    fits = all(
        (daily is None or spent + held + amount <= daily)
        and (monthly is None or 2 * spent + held + amount <= monthly)
        for daily, monthly, spent, held in states
    )
    refused = admit(gauges, _demand(amount))
    assert (refused is None) == fits
    assert [gauge.day_held for gauge in gauges] == [held + amount * fits for *_, held in states]
    assert [gauge.running for gauge in gauges] == [fits] * len(gauges)


@given(_RATE, st.lists(st.integers(0, 90_000), min_size=1, max_size=60))
def test_in_no_stretch_of_time_are_more_requests_admitted_than_a_burst_and_the_rate(
    limit: int, pauses: list[int]
) -> None:
    gauge, now, admitted = _gauge(LimitValues(requests_per_minute=limit)), _NOW, list[int]()
    for pause in pauses:
        now += pause
        for _ in range(20):
            if admit([gauge], _demand(at_ms=now)) is None:
                admitted.append(now)
    for first, start in enumerate(admitted):
        for last in range(first, len(admitted)):
            allowed = limit + (admitted[last] - start) * limit / _MINUTE_MS
            assert last - first + 1 <= allowed


@given(_RATE, st.integers(1, 1_000), st.integers(0, 120_000))
def test_who_comes_back_after_the_wait_is_admitted_and_a_second_earlier_is_not(
    limit: int, tokens: int, pause: int
) -> None:
    tokens = min(tokens, limit)
    gauge = _gauge(LimitValues(requests_per_minute=limit, tokens_per_minute=limit))
    now = _NOW
    # Slower than the limit drains, or nobody would ever be refused.
    step = min(pause // 1_000, _MINUTE_MS // limit // 2)
    while admit([gauge], _demand(0, tokens, now)) is None:
        now += step
    refused = admit([gauge], _demand(0, tokens, now))
    assert refused is not None
    wait = refused.retry_after
    assert wait is not None
    assert 1 <= wait <= 60
    if wait > 1:
        assert admit([gauge], _demand(0, tokens, now + (wait - 1) * 1_000)) is not None
    assert admit([gauge], _demand(0, tokens, now + wait * 1_000)) is None


def test_a_call_that_no_minute_has_room_for_is_told_so_and_not_to_wait() -> None:
    refused = admit([_gauge(LimitValues(tokens_per_minute=10))], _demand(0, 11))
    assert refused is not None
    assert (refused.code, refused.retry_after) == ("token_limit_too_low", None)


def test_the_longest_wait_is_the_one_that_is_told() -> None:
    often, slow = LimitValues(requests_per_minute=60), LimitValues(requests_per_minute=2, concurrency=2)
    gauges = [_gauge(often), _gauge(slow, "key_a")]
    assert [admit(gauges, _demand()) for _ in range(2)] == [None, None]
    refused = admit(gauges, _demand())
    assert refused is not None
    assert (refused.code, refused.retry_after) == ("request_rate_exceeded", 30)
    assert refused.facts["scope"] == "key"


def test_a_clock_that_is_set_back_neither_opens_a_limit_nor_shuts_it_for_long() -> None:
    gauge = _gauge(LimitValues(requests_per_minute=60))
    for _ in range(60):
        assert admit([gauge], _demand()) is None
    hour_ago = _NOW - 3_600_000
    assert admit([gauge], _demand(at_ms=hour_ago)) is not None
    assert admit([gauge], _demand(at_ms=hour_ago + 1_000)) is None
    assert admit([gauge], _demand(at_ms=hour_ago + 1_000)) is not None


def test_a_process_whose_clock_lags_gets_no_second_helping() -> None:
    gauge = _gauge(LimitValues(requests_per_minute=60))
    for _ in range(60):
        assert admit([gauge], _demand()) is None
    for second in range(5):
        assert admit([gauge], _demand(at_ms=_NOW - 3_000)) is not None, second
        assert admit([gauge], _demand(at_ms=_NOW)) is not None, second
    refused = admit([gauge], _demand(at_ms=_NOW - 3_000))
    assert refused is not None
    assert refused.retry_after == 4


class LedgerMachine(RuleBasedStateMachine):
    """Reserve and settle in any order, over days and months, on a tenant's and two keys' gauges, against plain sums."""

    holds = Bundle("holds")

    def __init__(self) -> None:
        super().__init__()
        self.tenant = _gauge(LimitValues(daily_micros=5_000, monthly_micros=9_000, concurrency=12))
        self.keys = {
            "key_a": _gauge(LimitValues(daily_micros=2_000, tokens_per_minute=6_000), "key_a"),
            "key_b": _gauge(LimitValues(), "key_b"),
        }
        self.now = _NOW
        self.day = 23
        self.open: dict[int, tuple[str, Demand]] = {}
        self.spent: list[tuple[str, Demand, int]] = []
        self.made = 0

    def _on(self, key: str | None, period: str) -> tuple[int, int]:
        """What is spent and held on a key (None: on the tenant) in a day or month, by the plain sums."""
        spent = sum(
            cost
            for who, demand, cost in self.spent
            if key in (None, who) and period in (demand.day, demand.month)
        )
        held = sum(
            demand.amount
            for who, demand in self.open.values()
            if key in (None, who) and period in (demand.day, demand.month)
        )
        return spent, held

    @rule(
        target=holds,
        key=st.sampled_from(["key_a", "key_b"]),
        amount=st.integers(0, 800),
        tokens=st.integers(0, 3_000),
        late=st.integers(0, 2),
    )
    def reserve(self, key: str, amount: int, tokens: int, late: int) -> int:
        day = f"2026-11-{max(self.day - late, 23):02d}"
        demand = Demand(day, _MONTH, amount, tokens, self.now, "CNY")
        fits = (
            sum(self._on(None, day)) + amount <= 5_000
            and sum(self._on(None, _MONTH)) + amount <= 9_000
            and len(self.open) < 12
        )
        a = self.keys["key_a"]
        if key == "key_a":
            a.drain(self.now)
            fits = fits and sum(self._on(key, day)) + amount <= 2_000
            fits = fits and a.tokens_used + tokens * _MINUTE_MS <= 6_000 * _MINUTE_MS
        refused = admit([self.tenant, self.keys[key]], demand)
        assert (refused is None) == fits, refused
        self.made += 1
        if refused is None:
            self.open[self.made] = (key, demand)
        return self.made

    @rule(hold=consumes(holds), share=st.integers(0, 100))
    def settle(self, hold: int, share: int) -> None:
        if hold in self.open:
            key, demand = self.open.pop(hold)
            cost, tokens = demand.amount * share // 100, demand.tokens * share // 100
            settle([self.tenant, self.keys[key]], demand._replace(at_ms=self.now), cost, tokens)
            self.spent.append((key, demand, cost))

    @rule(seconds=st.integers(0, 90))
    def wait(self, seconds: int) -> None:
        self.now += seconds * 1_000

    @rule()
    def turn_of_the_day(self) -> None:
        self.day = min(self.day + 1, 29)

    @invariant()
    def the_books_agree_with_the_open_holds_and_the_costs(self) -> None:
        for key, gauge in ((None, self.tenant), *self.keys.items()):
            for period in (_MONTH, *(f"2026-11-{day}" for day in range(23, 30))):
                account = gauge.account(period)
                assert (account.spent, account.held) == self._on(key, period)
        assert self.tenant.running == len(self.open)

    @invariant()
    def nothing_is_ever_overdrawn(self) -> None:
        assert sum(self._on(None, _MONTH)) <= 9_000
        assert all(sum(self._on(None, f"2026-11-{day}")) <= 5_000 for day in range(23, 30))
        assert 0 <= self.keys["key_a"].tokens_used <= 6_000 * _MINUTE_MS


TestLedgerMachine = LedgerMachine.TestCase
