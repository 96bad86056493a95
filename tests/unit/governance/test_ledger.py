"""The ledger's promises, on SQLite and on PostgreSQL: hold, then charge; exact; nothing twice, nothing lost."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from jixi.core.errors import JixiError
from jixi.core.ports import Hold, Outcome, Reservation, Settlement
from jixi.core.principal import Principal, Role
from jixi.core.usage import Usage
from jixi.governance.ledger import Ledger, Limits, LimitValues, Selection, Statement, Totals, Used
from jixi.storage import Database
from tests.clocks import FrozenClock
from tests.unit.governance.calls import CALLER, a_call

USED = Usage(input_tokens=10, cached_input_tokens=4, output_tokens=20)
COST = 6 + 2 + 40


def _ended(outcome: Outcome = "ok", usage: Usage = USED) -> Settlement:
    return Settlement(outcome=outcome, usage=usage, first_token_ms=5, duration_ms=50)


def _all(clock: FrozenClock, **more: str) -> Selection:
    return Selection("ten_a", clock.now() - timedelta(days=400), clock.now() + timedelta(days=400), **more)


async def _outcome(ledger: Ledger, call: Reservation) -> Hold | str:
    try:
        return await ledger.reserve(call)
    except JixiError as error:
        return error.code


async def test_a_settled_call_is_a_charge_of_exactly_what_it_used(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    hold = await ledger.reserve(a_call())
    assert hold.amount_micros == 300
    assert await ledger.settle(hold, _ended()) == COST
    (charge,) = await Statement(database, clock).charges(_all(clock), limit=10)
    assert (charge.cost_micros, charge.input_tokens, charge.output_tokens) == (COST, 10, 20)
    assert (charge.outcome, charge.currency, charge.price_version) == ("ok", "CNY", hold.price.version)


async def test_a_caller_that_leaves_while_it_is_admitted_leaves_nothing_held(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    leaving = asyncio.create_task(ledger.reserve(a_call(request_id="req_left")))
    await asyncio.sleep(0)
    leaving.cancel()
    assert isinstance((await asyncio.gather(leaving, return_exceptions=True))[0], asyncio.CancelledError)
    await ledger.settle(await ledger.reserve(a_call()), _ended())
    await ledger.settle_late()
    assert (await Limits(database, clock).get("ten_a", "ten_a")).used == Used(
        daily_micros=COST, monthly_micros=COST
    )
    left = [
        each
        for each in await Statement(database, clock).charges(_all(clock), limit=10)
        if not each.cost_micros
    ]
    assert [(each.request_id, each.outcome) for each in left] == [("req_left", "cancelled")]


async def test_a_hold_and_its_end_in_one_commit_are_both_written(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    limits = Limits(database, clock)
    await ledger.settle(await ledger.reserve(a_call()), _ended())
    async with database.session() as session:
        # The writer waits for this with what it has in hand, so that all that comes now is its next commit.
        await session.execute(text("UPDATE gauges SET revision = revision"))
        first = asyncio.create_task(ledger.reserve(a_call()))
        await limits.get("ten_a", "ten_a")
        leaving = asyncio.create_task(ledger.reserve(a_call(request_id="req_left")))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        late = asyncio.create_task(ledger.settle_late())
        await asyncio.sleep(0)
    await ledger.settle(await first, _ended())
    await late
    assert (await limits.get("ten_a", "ten_a")).used == Used(daily_micros=2 * COST, monthly_micros=2 * COST)
    charges = await Statement(database, clock).charges(_all(clock), limit=10)
    assert ("req_left", "cancelled") in [(each.request_id, each.outcome) for each in charges]
    assert await Statement(database, clock).discrepancies() == []


async def test_a_running_call_is_held_and_a_settled_one_is_spent_on_every_scope(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    limits = Limits(database, clock)
    hold = await ledger.reserve(a_call())
    held = [(row.scope_id, row.scope, row.used) for row in await limits.of_tenant("ten_a")]
    used = Used(running=1, daily_held_micros=300, monthly_held_micros=300)
    scopes = [("ten_a", "tenant"), ("mem_a", "member"), ("key_a", "key"), ("model:m", "model")]
    assert held == [(*scope, used) for scope in scopes]
    await ledger.settle(hold, _ended())
    spent = [row.used for row in await limits.of_tenant("ten_a")]
    assert spent == [Used(daily_micros=COST, monthly_micros=COST)] * 4


async def test_settling_twice_charges_once(ledger: Ledger, database: Database, clock: FrozenClock) -> None:
    hold = await ledger.reserve(a_call())
    told = await asyncio.gather(*(ledger.settle(hold, _ended()) for _ in range(5)))
    told.append(await ledger.settle(hold, _ended()))
    assert len(set(told)) == 1, "who settles again is told what was charged"
    assert len(await Statement(database, clock).charges(_all(clock), limit=10)) == 1
    assert await Statement(database, clock).discrepancies() == []


async def test_a_request_id_is_held_only_once(ledger: Ledger, database: Database, clock: FrozenClock) -> None:
    calls = [a_call(request_id="req_same"), *(a_call() for _ in range(5)), a_call(request_id="req_same")]
    outcomes = await asyncio.gather(*(_outcome(ledger, call) for call in calls))
    assert [each for each in outcomes if isinstance(each, str)] == ["duplicate_request"]
    assert await Statement(database, clock).discrepancies() == []


async def test_money_for_fifty_admits_exactly_fifty_of_two_hundred_calls_at_once(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    await Limits(database, clock).put("ten_a", "ten_a", LimitValues(monthly_micros=50 * 300 + 299))
    outcomes = await asyncio.gather(*(_outcome(ledger, a_call()) for _ in range(200)))
    admitted = [each for each in outcomes if isinstance(each, Hold)]
    assert len(admitted) == 50
    assert {each for each in outcomes if isinstance(each, str)} == {"budget_exceeded"}
    assert await Statement(database, clock).discrepancies() == []


async def test_money_given_back_admits_the_next_call(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    await Limits(database, clock).put("ten_a", "key_a", LimitValues(monthly_micros=300))
    first = await ledger.reserve(a_call())
    assert await _outcome(ledger, a_call()) == "budget_exceeded"
    await ledger.settle(first, _ended("failed", Usage()))
    assert isinstance(await _outcome(ledger, a_call()), Hold)


@pytest.mark.parametrize("period", ["daily", "monthly"])
@pytest.mark.parametrize(
    ("short", "scope"), [("ten_a", "tenant"), ("mem_a", "member"), ("key_a", "key"), ("model:m", "model")]
)
async def test_a_call_needs_money_in_every_scope_for_the_day_and_the_month(
    ledger: Ledger, database: Database, clock: FrozenClock, short: str, scope: str, period: str
) -> None:
    limits = Limits(database, clock)
    for each in ("ten_a", "mem_a", "key_a", "model:m"):
        values = LimitValues(daily_micros=1_000_000, monthly_micros=1_000_000)
        if each == short:
            values = values._replace(**{f"{period}_micros": 299})
        await limits.put("ten_a", each, values)
    with pytest.raises(JixiError) as refused:
        await ledger.reserve(a_call())
    assert refused.value.code == "budget_exceeded"
    assert (refused.value.facts["scope"], refused.value.facts["period"]) == (scope, period)
    assert all(row.used == Used() for row in await limits.of_tenant("ten_a"))
    assert await Statement(database, clock).discrepancies() == []


async def test_a_budget_of_exactly_the_worst_case_admits_the_call(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    await Limits(database, clock).put("ten_a", "ten_a", LimitValues(monthly_micros=300))
    assert isinstance(await _outcome(ledger, a_call()), Hold)


async def test_another_tenants_budget_is_not_touched(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    await Limits(database, clock).put("ten_a", "ten_a", LimitValues(monthly_micros=0))
    other = Principal(tenant_id="ten_b", member_id="mem_b", role=Role.DEVELOPER)
    assert isinstance(await _outcome(ledger, a_call(other)), Hold)
    assert await _outcome(ledger, a_call()) == "budget_exceeded"
    assert (await Statement(database, clock).usage(_all(clock), ("day",)))[0] == []


async def test_a_new_month_begins_with_the_standing_limit_and_nothing_spent(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    await Limits(database, clock).put("ten_a", "ten_a", LimitValues(monthly_micros=300))
    hold = await ledger.reserve(a_call())
    clock.advance(30 * 86_400)
    later = await ledger.reserve(a_call())
    await ledger.settle(hold, _ended())
    tenant = await Limits(database, clock).get("ten_a", "ten_a")
    assert later.month == "2026-12"
    assert (tenant.used.monthly_held_micros, tenant.used.monthly_micros) == (300, 0)
    assert await Statement(database, clock).discrepancies() == []


async def test_a_price_change_counts_for_later_calls_only(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    hold = await ledger.reserve(a_call())
    await ledger.prices.set_price(
        "m", "CNY", input_micros=0, cached_input_micros=0, output_micros=0, member_id="mem_a"
    )
    assert await ledger.settle(hold, _ended()) == COST
    assert await ledger.settle(await ledger.reserve(a_call()), _ended()) == 0


async def test_a_model_without_a_price_is_not_served(ledger: Ledger) -> None:
    call = Reservation(
        request_id="req_unpriced",
        principal=CALLER,
        model="unpriced",
        kind=a_call().kind,
        max_input_tokens=1,
        max_output_tokens=1,
        stream=False,
    )
    assert await _outcome(ledger, call) == "price_unknown"


async def test_a_hold_that_nobody_renews_is_settled_with_what_was_produced(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    hold = await ledger.reserve(a_call())
    ledger.progress(hold, Usage(input_tokens=10, output_tokens=7))
    await ledger.renew()
    successor = Ledger(database, clock)
    await successor.start()
    clock.advance(46)
    assert await successor.recover() == 1
    await successor.close()
    (charge,) = await Statement(database, clock).charges(_all(clock), limit=10)
    assert (charge.outcome, charge.estimated, charge.output_tokens) == ("interrupted", True, 7)
    assert await ledger.settle(hold, _ended()) is None, "another settlement stands"
    assert await Statement(database, clock).charges(_all(clock), limit=10) == [charge]
    assert await Statement(database, clock).discrepancies() == []


async def test_a_call_that_runs_longer_than_its_lease_keeps_its_hold(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    hold = await ledger.reserve(a_call())
    neighbour = Ledger(database, clock)
    await neighbour.start()
    for _ in range(10):
        clock.advance(30)
        await ledger.renew()
        assert await ledger.recover() == await neighbour.recover() == 0
    await neighbour.close()
    assert await ledger.settle(hold, _ended()) == COST


async def test_a_statement_is_a_tenants_own(ledger: Ledger, database: Database, clock: FrozenClock) -> None:
    stranger = Principal(tenant_id="ten_b", member_id="mem_b", role=Role.DEVELOPER)
    for principal in (CALLER, stranger):
        await ledger.settle(await ledger.reserve(a_call(principal)), _ended())
    statement = Statement(database, clock)
    _, totals = await statement.usage(_all(clock), ())
    assert totals.calls == 1
    assert [each.member_id for each in await statement.charges(_all(clock), limit=10)] == [CALLER.member_id]


async def test_statements_add_up_by_every_grouping(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    other_key = Principal(tenant_id="ten_a", member_id="mem_b", role=Role.DEVELOPER)
    for principal in (CALLER, CALLER, other_key):
        await ledger.settle(await ledger.reserve(a_call(principal)), _ended())
        clock.advance(86_400)
    await ledger.settle(await ledger.reserve(a_call()), _ended("failed", Usage(input_tokens=1)))
    statement = Statement(database, clock)
    expected = Totals(4, 1, 31, 12, 60, cost_micros=3 * COST + 1)
    for groups, rows in ((("day",), 4), (("model",), 1), (("key", "member"), 2), (("day", "key"), 4)):
        found, totals = await statement.usage(_all(clock), groups)
        assert (len(found), totals) == (rows, expected)
    found, totals = await statement.usage(_all(clock, key_id="key_a"), ("member",))
    assert [(row.member_id, row.totals.calls) for row in found] == [("mem_a", 3)]


async def test_charges_are_listed_newest_first_and_in_pages_without_gaps(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    made = []
    for _ in range(7):
        hold = await ledger.reserve(a_call())
        await ledger.settle(hold, _ended())
        made.append(hold.reservation.request_id)
        clock.advance(1)
    statement, seen, before = Statement(database, clock), [], None
    while page := await statement.charges(_all(clock), limit=3, before=before):
        seen += [charge.request_id for charge in page]
        before = page[-1].charged_at, page[-1].request_id
    assert seen == made[::-1]


async def test_the_last_hour_is_shown_by_minutes_the_quiet_ones_included(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    await ledger.settle(await ledger.reserve(a_call()), _ended())
    clock.advance(120)
    await ledger.settle(await ledger.reserve(a_call()), _ended("failed"))
    minutes = await Statement(database, clock).minutes("ten_a")
    assert len(minutes) == 60
    assert [(each.requests, each.errors, each.output_tokens) for each in minutes[-3:]] == [
        (1, 0, 20),
        (0, 0, 0),
        (1, 1, 20),
    ]


async def test_a_ledger_that_cannot_be_written_admits_nothing_and_recovers(
    database: Database, clock: FrozenClock
) -> None:
    closed = Ledger(database, clock)
    await closed.prices.set_price(
        "m", "CNY", input_micros=1, cached_input_micros=1, output_micros=1, member_id=None
    )
    assert await _outcome(closed, a_call()) == "ledger_unavailable"
    await closed.start()
    assert isinstance(await _outcome(closed, a_call()), Hold)
    await closed.close()


async def test_a_stale_version_of_a_limit_is_refused(database: Database, clock: FrozenClock) -> None:
    limits = Limits(database, clock)
    first = await limits.put("ten_a", "ten_a", LimitValues(concurrency=1), version=0)
    await limits.put("ten_a", "ten_a", LimitValues(concurrency=2), version=first.version)
    with pytest.raises(JixiError) as refused:
        await limits.put("ten_a", "ten_a", LimitValues(concurrency=3), version=first.version)
    assert refused.value.code == "precondition_failed"
    assert (await limits.get("ten_a", "ten_a")).values.concurrency == 2


async def test_several_ledgers_on_one_database_share_one_limit(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    """As several gateway processes do."""
    await Limits(database, clock).put("ten_a", "ten_a", LimitValues(monthly_micros=20 * 300))
    second = Ledger(database, clock)
    await second.start()
    outcomes = await asyncio.gather(
        *(_outcome(each, a_call()) for each in (ledger, second) for _ in range(40))
    )
    await second.close()
    assert sum(isinstance(each, Hold) for each in outcomes) == 20
    assert await Statement(database, clock).discrepancies() == []
