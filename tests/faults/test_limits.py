"""F13 and F14: limits hold between real processes to the call, and what a killed one ran is free after its lease."""

import asyncio
import itertools
from collections.abc import Callable

import pytest

from jixi.core.errors import JixiError
from jixi.governance.ledger import Ledger, Limits, LimitValues, Statement
from jixi.storage import Database
from tests.clocks import FrozenClock
from tests.contenders import ROOM_FOR_FIFTY, SCOPES, Contenders, contend, priced
from tests.unit.governance.calls import a_call


@pytest.mark.timeout(1800)
async def test_room_for_fifty_admits_exactly_fifty_of_two_hundred_calls_of_four_processes(
    database: Database,
    database_url: str,
    clock: FrozenClock,
    sized: Callable[[int, int], int],
    report: Callable[[str], None],
) -> None:
    """Each kind of limit so many times, each time on another scope."""
    await priced(database)
    scopes = itertools.cycle(SCOPES)
    numbers = itertools.count()
    contenders = await asyncio.to_thread(Contenders, database_url)
    with contenders:
        for room in list(ROOM_FOR_FIFTY) * sized(1, 100):
            tenant = f"ten_{next(numbers)}"
            outcomes = await contend(database, contenders, tenant=tenant, room=room, scope=next(scopes))
            assert outcomes.total() == 200
            assert outcomes["held"] == 50, (room, outcomes)
            assert len(outcomes) == 2, (room, outcomes)
    report(f"{next(numbers)} times 200 calls for 50 places")
    assert await Statement(database, clock).discrepancies() == []


@pytest.mark.timeout(1800)
async def test_calls_of_a_killed_process_run_no_more_when_their_lease_is_over(
    database: Database,
    database_url: str,
    clock: FrozenClock,
    sized: Callable[[int, int], int],
    report: Callable[[str], None],
) -> None:
    """Processes one after the other, each killed amid as many calls as there are places for it."""
    await priced(database)
    limits, kills, width = Limits(database, clock), sized(1, 50), sized(3, 10)
    most = LimitValues(concurrency=kills * width, tokens_per_minute=1_000_000)
    await limits.put("ten_k", "ten_k", most)
    for number in range(kills):
        contenders = await asyncio.to_thread(Contenders, database_url, 1)
        with contenders:
            last = number == kills - 1
            outcomes = await asyncio.to_thread(contenders.reach, "ten_k", width + 2 * last)
            contenders.processes[0].kill()
        assert outcomes == {"held": width} | ({"concurrency_exceeded": 2} if last else {})
    survivor = Ledger(database, clock)
    await survivor.start()
    caller = a_call().principal
    call = a_call(
        type(caller)(tenant_id="ten_k", member_id="mem_k", role=caller.role), request_id="req_survivor"
    )
    with pytest.raises(JixiError, match=f"{kills * width} calls at once"):
        await survivor.reserve(call)
    clock.advance(46)
    assert await survivor.recover() == kills * width
    await survivor.reserve(call)
    used = (await limits.get("ten_k", "ten_k")).used
    report(f"{kills} processes were killed amid {kills * width} calls; {used.running} runs now")
    assert (used.running, used.daily_held_micros, used.tokens_minute) == (1, 300, 200)
    await survivor.close()
    assert await Statement(database, clock).discrepancies() == []
