"""What capacity is planned from: what was asked of each model, and when most."""

from datetime import timedelta

from msgspec.structs import replace

from jixi.core.ports import Hold, Outcome, Settlement
from jixi.core.principal import Principal, Role
from jixi.core.usage import Usage
from jixi.governance.ledger import Ledger, Selection, Statement, Use
from jixi.storage import Database
from tests.clocks import FrozenClock
from tests.unit.governance.calls import CALLER, a_call

OTHER = Principal(tenant_id="ten_a", member_id="mem_b", role=Role.DEVELOPER, key_id="key_b")
STRANGER = Principal(tenant_id="ten_b", member_id="mem_c", role=Role.DEVELOPER, key_id="key_c")


def ended(tokens_in: int, tokens_out: int, cached: int = 0, outcome: Outcome = "ok") -> Settlement:
    usage = Usage(input_tokens=tokens_in, output_tokens=tokens_out, cached_input_tokens=cached)
    return Settlement(outcome=outcome, usage=usage, first_token_ms=5, duration_ms=50)


async def use_of(database: Database, clock: FrozenClock, member: str | None = None) -> list[Use]:
    now = clock.now()
    chosen = Selection("ten_a", now - timedelta(days=30), now + timedelta(seconds=1), member_id=member)
    return await Statement(database, clock).use(chosen)


async def test_use_has_the_sums_the_busiest_minute_and_the_most_calls_at_once(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    began = clock.now()
    first = await ledger.reserve(a_call())
    clock.advance(60)
    held: list[Hold] = [await ledger.reserve(a_call(each)) for each in (CALLER, OTHER)]
    clock.advance(1)
    for hold in held:
        await ledger.settle(hold, ended(10, 20, 4))
    await ledger.settle(first, ended(40, 10))
    last = await ledger.reserve(a_call())
    await ledger.settle(last, ended(0, 0, outcome="failed"))
    await ledger.settle(await ledger.reserve(a_call(STRANGER)), ended(1, 1))
    (use,) = await use_of(database, clock)
    assert use == Use(
        model="m",
        target=None,
        calls=3,
        members=2,
        input_tokens=60,
        cached_input_tokens=8,
        output_tokens=50,
        cost_micros=60 - 4 + 2 * 50,
        first_at=began,
        peak_minute=2,
        peak_running=3,
    )


async def test_a_members_own_use_has_nothing_of_the_others(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    await ledger.settle(await ledger.reserve(a_call()), ended(10, 20))
    (use,) = await use_of(database, clock, "mem_a")
    assert (use.calls, use.peak_running) == (1, 1)
    assert await use_of(database, clock, "mem_b") == []


async def test_batches_are_summed_but_make_no_peak(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    for _ in range(3):
        held = [await ledger.reserve(replace(a_call(), tier="batch")) for _ in range(2)]
        for hold in held:
            await ledger.settle(hold, ended(10, 20))
    (use,) = await use_of(database, clock)
    assert (use.calls, use.peak_minute, use.peak_running) == (6, 0, 0)
    await ledger.settle(await ledger.reserve(a_call()), ended(10, 20))
    (use,) = await use_of(database, clock)
    assert (use.calls, use.peak_minute, use.peak_running) == (7, 1, 1)


async def test_what_only_failed_is_no_use(ledger: Ledger, database: Database, clock: FrozenClock) -> None:
    await ledger.settle(await ledger.reserve(a_call()), ended(0, 0, outcome="failed"))
    assert await use_of(database, clock) == []
