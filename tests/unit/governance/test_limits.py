"""Limits of requests, tokens, concurrency and money, on SQLite and on PostgreSQL, while calls run and days turn."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from jixi.core.errors import JixiError
from jixi.core.ports import Hold, Reservation, Settlement
from jixi.core.principal import Principal, Role
from jixi.core.usage import Usage
from jixi.governance.ledger import Ledger, Limits, LimitValues, Selection, Statement, Used
from jixi.storage import Database
from tests.clocks import FrozenClock
from tests.unit.governance.calls import CALLER, a_call

ENDED = Settlement(outcome="ok", usage=Usage(input_tokens=10, output_tokens=20))
COST = 50


@pytest.fixture
def limits(database: Database, clock: FrozenClock) -> Limits:
    return Limits(database, clock)


@pytest.fixture
def statement(database: Database, clock: FrozenClock) -> Statement:
    return Statement(database, clock)


async def _refused(ledger: Ledger, call: Reservation | None = None) -> JixiError:
    with pytest.raises(JixiError) as refused:
        await ledger.reserve(call or a_call())
    return refused.value


@pytest.mark.parametrize("scope_id", ["ten_a", "mem_a", "key_a", "model:m"])
async def test_requests_are_counted_a_minute_and_come_back_evenly(
    ledger: Ledger, limits: Limits, clock: FrozenClock, statement: Statement, scope_id: str
) -> None:
    await limits.put("ten_a", scope_id, LimitValues(requests_per_minute=6))
    holds = [await ledger.reserve(a_call()) for _ in range(6)]
    refused = await _refused(ledger)
    assert (refused.code, refused.retry_after) == ("request_rate_exceeded", 10)
    assert dict(holds[0].headers())[b"x-ratelimit-remaining-requests"] == b"5"
    assert dict(holds[-1].headers())[b"x-ratelimit-remaining-requests"] == b"0"
    await ledger.settle(holds[0], ENDED)
    clock.advance(9)
    assert (await _refused(ledger)).retry_after == 1
    clock.advance(1)
    await ledger.reserve(a_call())
    assert (await limits.get("ten_a", scope_id)).used.requests_minute == 6
    assert await statement.discrepancies() == []


@pytest.mark.parametrize("scope_id", ["ten_a", "mem_a", "key_a", "model:m"])
async def test_a_request_that_costs_nothing_counts_as_a_request_and_as_nothing_else(
    ledger: Ledger, limits: Limits, clock: FrozenClock, statement: Statement, scope_id: str
) -> None:
    nothing_left = LimitValues(requests_per_minute=2, tokens_per_minute=0, concurrency=0, monthly_micros=0)
    await limits.put("ten_a", scope_id, nothing_left)
    await ledger.tally(CALLER, "m")
    await ledger.tally(CALLER, "m")
    for _ in range(2):
        with pytest.raises(JixiError) as refused:
            await ledger.tally(CALLER, "m")
        assert (refused.value.code, refused.value.retry_after) == ("request_rate_exceeded", 30)
    clock.advance(30)
    await ledger.tally(CALLER, "m")
    used = (await limits.get("ten_a", scope_id)).used
    assert used == Used(requests_minute=2)
    assert await statement.discrepancies() == []


async def test_a_call_takes_all_the_tokens_that_it_may_use_and_gives_the_rest_back(
    ledger: Ledger, limits: Limits
) -> None:
    await limits.put("ten_a", "key_a", LimitValues(tokens_per_minute=600))
    holds = [await ledger.reserve(a_call()) for _ in range(3)]
    refused = await _refused(ledger)
    assert (refused.code, refused.retry_after) == ("token_rate_exceeded", 20)
    await ledger.settle(holds[0], ENDED)
    assert (await limits.get("ten_a", "key_a")).used.tokens_minute == 430
    replay = Settlement(outcome="ok", usage=ENDED.usage, replayed=True)
    await ledger.settle(holds[1], replay)
    assert (await limits.get("ten_a", "key_a")).used.tokens_minute == 230
    hold = await ledger.reserve(a_call())
    assert dict(hold.headers())[b"x-ratelimit-remaining-tokens"] == b"170"
    await ledger.settle(hold, ENDED)
    await ledger.settle(hold, ENDED)
    assert (await limits.get("ten_a", "key_a")).used.tokens_minute == 260


async def test_a_call_that_may_use_more_than_a_minute_has_is_told_so(ledger: Ledger, limits: Limits) -> None:
    await limits.put("ten_a", "ten_a", LimitValues(tokens_per_minute=199))
    refused = await _refused(ledger)
    assert (refused.code, refused.retry_after) == ("token_limit_too_low", None)
    await ledger.reserve(a_call(max_output=99))


async def test_concurrency_is_free_when_a_call_ends_however_often_it_is_settled(
    ledger: Ledger, limits: Limits, statement: Statement
) -> None:
    await limits.put("ten_a", "model:m", LimitValues(concurrency=2))
    first, _ = await ledger.reserve(a_call()), await ledger.reserve(a_call())
    refused = await _refused(ledger)
    assert (refused.code, refused.retry_after) == ("concurrency_exceeded", 1)
    await ledger.settle(first, ENDED)
    await ledger.settle(first, ENDED)
    await ledger.reserve(a_call())
    assert (await _refused(ledger)).code == "concurrency_exceeded"
    assert await statement.discrepancies() == []


async def test_a_limit_counts_what_was_spent_and_what_runs_before_it_was_set(
    ledger: Ledger, limits: Limits
) -> None:
    await ledger.settle(await ledger.reserve(a_call()), ENDED)
    await ledger.reserve(a_call())
    await limits.put("ten_a", "mem_a", LimitValues(daily_micros=COST + 300 + 299))
    assert (await _refused(ledger)).facts["left"] == "0.000299 CNY"
    await limits.put("ten_a", "mem_a", LimitValues(concurrency=1))
    assert (await _refused(ledger)).code == "concurrency_exceeded"
    await limits.put("ten_a", "mem_a", LimitValues(tokens_per_minute=399))
    assert (await _refused(ledger)).code == "token_rate_exceeded"


async def test_a_limit_may_change_under_calls_that_run(
    ledger: Ledger, limits: Limits, clock: FrozenClock, statement: Statement
) -> None:
    await limits.put("ten_a", "ten_a", LimitValues(concurrency=3, requests_per_minute=60))
    holds = [await ledger.reserve(a_call()) for _ in range(3)]
    await limits.put("ten_a", "ten_a", LimitValues(concurrency=1, requests_per_minute=2))
    refused = await _refused(ledger)
    assert (refused.code, refused.retry_after) == ("request_rate_exceeded", 30)
    clock.advance(60)
    for hold in holds:
        assert (await _refused(ledger)).code == "concurrency_exceeded"
        await ledger.settle(hold, ENDED)
    await ledger.reserve(a_call())
    await limits.put("ten_a", "ten_a", LimitValues())
    assert (await ledger.reserve(a_call())).headers() == ()
    assert await statement.discrepancies() == []


async def test_a_refused_call_takes_nothing_from_any_scope(
    ledger: Ledger, limits: Limits, statement: Statement
) -> None:
    plenty = LimitValues(10, 10_000, 10, 10_000, 10_000)
    for scope_id in ("ten_a", "mem_a", "key_a"):
        await limits.put("ten_a", scope_id, plenty)
    await limits.put("ten_a", "model:m", plenty._replace(concurrency=1))
    hold = await ledger.reserve(a_call())
    before = await limits.of_tenant("ten_a")
    for _ in range(5):
        assert (await _refused(ledger)).code == "concurrency_exceeded"
    assert await limits.of_tenant("ten_a") == before
    await ledger.settle(hold, ENDED)
    assert await statement.discrepancies() == []


async def test_a_call_lies_on_the_day_and_month_in_which_it_was_opened(
    database: Database, ledger: Ledger, limits: Limits, clock: FrozenClock, statement: Statement
) -> None:
    clock.advance((datetime(2026, 11, 30, 23, 59, 50, tzinfo=UTC) - clock.now()).total_seconds())
    await limits.put("ten_a", "ten_a", LimitValues(daily_micros=400, monthly_micros=400))
    hold = await ledger.reserve(a_call())
    assert (await _refused(ledger)).facts["period"] == "monthly"
    clock.advance(20)
    later = await ledger.reserve(a_call())
    await ledger.settle(hold, ENDED)
    used = (await limits.get("ten_a", "ten_a")).used
    assert used == Used(running=1, daily_held_micros=300, monthly_held_micros=300)
    assert await statement.discrepancies() == []
    await ledger.settle(later, ENDED)
    clock.advance(86_400)
    await ledger.reserve(a_call())
    used = (await limits.get("ten_a", "ten_a")).used
    assert used == Used(running=1, daily_held_micros=300, monthly_micros=COST, monthly_held_micros=300)
    assert await statement.discrepancies() == []


async def test_a_process_whose_clock_is_a_day_behind_meets_the_limit_of_its_day(
    database: Database, ledger: Ledger, limits: Limits, clock: FrozenClock, statement: Statement
) -> None:
    await limits.put("ten_a", "ten_a", LimitValues(daily_micros=650))
    await ledger.reserve(a_call())
    behind = FrozenClock(clock.now() - timedelta(days=1))
    laggard = Ledger(database, behind)
    await laggard.start()
    holds = [await laggard.reserve(a_call()) for _ in range(2)]
    assert (await _refused(laggard)).code == "budget_exceeded"
    await ledger.reserve(a_call())
    assert (await _refused(ledger)).code == "budget_exceeded"
    await laggard.settle(holds[0], ENDED)
    await laggard.reserve(a_call())
    yesterday = (await Limits(database, behind).get("ten_a", "ten_a")).used
    assert (yesterday.daily_micros, yesterday.daily_held_micros) == (COST, 600)
    assert (await limits.get("ten_a", "ten_a")).used.daily_held_micros == 600
    await laggard.close()
    assert await statement.discrepancies() == []


async def test_a_limit_that_is_set_while_a_scope_makes_its_first_call_is_not_overlooked(
    ledger: Ledger, limits: Limits
) -> None:
    async def first_call(caller: Principal) -> Hold | JixiError:
        try:
            return await ledger.reserve(a_call(caller))
        except JixiError as error:
            return error

    for number in range(20):
        tenant = f"ten_{number}"
        caller = Principal(tenant_id=tenant, member_id=f"mem_{number}", role=Role.DEVELOPER)
        values = LimitValues(monthly_micros=300)
        await asyncio.gather(limits.put(tenant, tenant, values), first_call(caller), first_call(caller))
        left = (await limits.get(tenant, tenant)).used.monthly_held_micros
        outcome = await first_call(caller)
        assert isinstance(outcome, Hold) == (left == 0)


async def test_the_books_are_sound_at_any_moment_of_a_busy_ledger(
    database: Database, ledger: Ledger, limits: Limits, statement: Statement, clock: FrozenClock
) -> None:
    async def calls(key: str) -> None:
        caller = Principal(tenant_id="ten_a", member_id="mem_a", role=Role.DEVELOPER, key_id=key)
        for _ in range(15):
            await ledger.settle(await ledger.reserve(a_call(caller)), ENDED)

    busy = asyncio.gather(*(calls(f"key_{number}") for number in range(20)))
    looks = 0
    while not busy.done():
        assert await statement.discrepancies() == []
        looks += 1
    await busy
    assert looks > 0
    assert (await limits.get("ten_a", "ten_a")).used.daily_micros == 300 * COST


@pytest.mark.parametrize("column", ["day_spent", "month_held", "running"])
async def test_a_sum_that_is_wrong_is_found(
    database: Database, ledger: Ledger, statement: Statement, column: str
) -> None:
    await ledger.settle(await ledger.reserve(a_call()), ENDED)
    gauges = sa.table("gauges", sa.column("scope_id"), sa.column(column))
    wrong = sa.update(gauges).where(gauges.c.scope_id == "ten_a:m").values({column: 77})
    async with database.session() as session:
        await session.execute(wrong)
    (found,) = await statement.discrepancies()
    assert found.startswith("ten_a:m ")
    assert "77 kept" in found


def _call_of(model: str, *targets: str, **more: str) -> Reservation:
    fields = {"model": model, "targets": targets, **more}
    return Reservation(**{name: getattr(a_call(), name) for name in a_call().__struct_fields__} | fields)


async def _price(ledger: Ledger, model: str, times: int, **percents: int) -> None:
    await ledger.prices.set_price(
        model,
        "CNY",
        input_micros=times * 1_000_000,
        cached_input_micros=times * 500_000,
        output_micros=times * 2_000_000,
        member_id=None,
        **percents,
    )


async def test_a_batch_costs_its_share_of_the_price_and_holds_no_more(ledger: Ledger) -> None:
    hold = await ledger.reserve(_call_of("m", tier="batch"))
    assert hold.amount_micros == 150
    assert await ledger.settle(hold, ENDED) == COST // 2
    await _price(ledger, "m", 1, batch_percent=33)
    hold = await ledger.reserve(_call_of("m", tier="batch"))
    assert (hold.amount_micros, await ledger.settle(hold, ENDED)) == (99, 17)


async def test_a_replayed_answer_costs_its_share_and_the_charge_says_so(
    ledger: Ledger, statement: Statement, clock: FrozenClock
) -> None:
    replay = Settlement(outcome="ok", usage=ENDED.usage, replayed=True)
    assert await ledger.settle(await ledger.reserve(a_call()), replay) == 0
    await _price(ledger, "m", 1, replay_percent=25)
    assert await ledger.settle(await ledger.reserve(a_call()), replay) == 13
    everything = Selection("ten_a", clock.now() - timedelta(days=1), clock.now() + timedelta(days=1))
    charges = await statement.charges(everything, limit=10)
    assert [charge.replayed for charge in charges] == [True, True]


async def test_a_name_without_a_price_costs_what_its_target_costs_and_holds_the_dearest(
    ledger: Ledger, statement: Statement, clock: FrozenClock
) -> None:
    await _price(ledger, "cheap", 2)
    await _price(ledger, "dear", 10)
    hold = await ledger.reserve(_call_of("fast", "cheap", "dear", tier="batch"))
    assert hold.amount_micros == 1_500
    served = Settlement(outcome="ok", usage=ENDED.usage, target="dear")
    assert await ledger.settle(hold, served) == 5 * COST
    everything = Selection("ten_a", clock.now() - timedelta(days=1), clock.now() + timedelta(days=1))
    (charge,) = await statement.charges(everything, limit=10)
    assert (charge.model, charge.target, charge.tier) == ("fast", "dear", "batch")
    assert charge.price_version == ledger.prices.price("dear").version
    await _price(ledger, "fast", 1)
    hold = await ledger.reserve(_call_of("fast", "cheap", "dear"))
    assert (hold.amount_micros, await ledger.settle(hold, served)) == (300, COST)


async def test_a_name_with_a_target_that_has_no_price_is_not_served(ledger: Ledger) -> None:
    refused = await _refused(ledger, _call_of("fast", "m", "unpriced"))
    assert (refused.code, refused.facts["model"]) == ("price_unknown", "unpriced")


@pytest.mark.parametrize(("noted", "cost"), [("dear", 10 * 24), (None, 2 * 24)])
async def test_recovery_charges_who_answered_by_the_last_mark_else_the_likeliest(
    database: Database, ledger: Ledger, clock: FrozenClock, noted: str | None, cost: int, statement: Statement
) -> None:
    await _price(ledger, "cheap", 2)
    await _price(ledger, "dear", 10)
    hold = await ledger.reserve(_call_of("fast", "cheap", "dear"))
    ledger.progress(hold, Usage(input_tokens=10, output_tokens=7), noted)
    await ledger.renew()
    successor = Ledger(database, clock)
    await successor.start()
    await _price(successor, "dear", 100)
    clock.advance(46)
    assert await successor.recover() == 1
    await successor.close()
    (charge,) = await statement.charges(
        Selection("ten_a", clock.now() - timedelta(days=1), clock.now() + timedelta(days=1)), limit=10
    )
    assert (charge.target, charge.cost_micros, charge.estimated) == (noted, cost, True)
    assert await statement.discrepancies() == []


async def test_another_tenants_use_of_the_model_is_not_limited(ledger: Ledger, limits: Limits) -> None:
    await limits.put("ten_a", "model:m", LimitValues(monthly_micros=0))
    other = Principal(tenant_id="ten_b", member_id="mem_b", role=Role.DEVELOPER)
    await ledger.reserve(a_call(other))
    assert (await _refused(ledger, a_call(CALLER))).facts["scope"] == "model"
