"""Both writers keep the ledger's promises: in a thread, and in a process that may die."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest

from jixi.compute.drivers import Command, Process, ProcessDriver
from jixi.core.errors import JixiError
from jixi.core.ports import Hold, Settlement
from jixi.core.usage import Usage
from jixi.governance.ledger import Budgets, Ledger, ProcessWriter, Statement
from jixi.storage import Database
from tests.clocks import FrozenClock
from tests.unit.governance.calls import a_call

USED = Usage(input_tokens=10, output_tokens=20)


class Launcher:
    """Starts the writer's process and remembers it."""

    def __init__(self) -> None:
        self.started: list[Process] = []

    def __call__(self, argv: tuple[str, ...]) -> Awaitable[Process]:
        return self._start(argv)

    async def _start(self, argv: tuple[str, ...]) -> Process:
        process = await ProcessDriver().start("ledger", Command(argv=argv))
        self.started.append(process)
        return process


@pytest.fixture
def launcher() -> Launcher:
    return Launcher()


@pytest.fixture
async def far_ledger(
    database: Database, clock: FrozenClock, tmp_path: Path, launcher: Launcher
) -> AsyncIterator[Ledger]:
    """A ledger whose writer is a process."""
    ledger = Ledger(database, clock, ProcessWriter(database, tmp_path / "ledger.sock", launcher, stuck_s=1))
    await ledger.start()
    await ledger.prices.set_price(
        "m",
        "CNY",
        input_micros=1_000_000,
        cached_input_micros=500_000,
        output_micros=2_000_000,
        member_id=None,
    )
    yield ledger
    await ledger.close()


async def _outcome(ledger: Ledger) -> Hold | str:
    try:
        return await ledger.reserve(a_call())
    except JixiError as error:
        return error.code


async def _call(ledger: Ledger) -> int:
    return await ledger.settle(await ledger.reserve(a_call()), Settlement(outcome="ok", usage=USED))


async def test_many_calls_at_once_are_each_held_and_charged_by_the_process(
    far_ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    costs = await asyncio.gather(*(_call(far_ledger) for _ in range(300)))
    assert set(costs) == {50}
    (tenant, _) = await Budgets(database, clock).of_tenant("ten_a")
    assert (tenant.spent_micros, tenant.held_micros) == (300 * 50, 0)
    assert await Statement(database, clock).discrepancies() == []


async def test_a_burst_larger_than_a_statement_is_written_whole_by_the_process(
    far_ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    await _burst(far_ledger, database, clock)


async def test_a_burst_larger_than_a_statement_is_written_whole_by_the_thread(
    ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    await _burst(ledger, database, clock)


async def _burst(ledger: Ledger, database: Database, clock: FrozenClock) -> None:
    holds = await asyncio.gather(*(ledger.reserve(a_call()) for _ in range(3_000)))
    settled = Settlement(outcome="ok", usage=USED)
    assert set(await asyncio.gather(*(ledger.settle(hold, settled) for hold in holds))) == {50}
    assert await Statement(database, clock).discrepancies() == []


async def test_a_limit_holds_across_the_process_and_the_refusal_says_why(
    far_ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    await Budgets(database, clock).set_limit("ten_a", "ten_a", 5 * 300)
    outcomes = await asyncio.gather(*(_outcome(far_ledger) for _ in range(20)))
    assert sum(isinstance(each, Hold) for each in outcomes) == 5
    assert outcomes.count("budget_exceeded") == 15
    with pytest.raises(JixiError, match="tenant"):
        await far_ledger.reserve(a_call())


async def test_one_repeated_request_fails_alone(far_ledger: Ledger) -> None:
    hold = await far_ledger.reserve(a_call())
    outcomes = await asyncio.gather(
        _call(far_ledger), far_ledger.reserve(hold.reservation), _call(far_ledger), return_exceptions=True
    )
    refused = [each for each in outcomes if isinstance(each, JixiError)]
    assert [each.code for each in refused] == ["duplicate_request"]


async def test_a_writer_that_is_killed_refuses_then_comes_back_and_nothing_is_charged_twice(
    far_ledger: Ledger, database: Database, clock: FrozenClock, launcher: Launcher
) -> None:
    hold = await far_ledger.reserve(a_call())
    os.kill(launcher.started[0].pid, signal.SIGKILL)
    await launcher.started[0].wait()
    assert await _outcome(far_ledger) == "ledger_unavailable"
    await _until_it_answers(far_ledger, launcher)
    assert len(launcher.started) == 2
    settled = Settlement(outcome="ok", usage=USED)
    assert await far_ledger.settle(hold, settled) == await far_ledger.settle(hold, settled) == 50
    assert await Statement(database, clock).discrepancies() == []


async def _until_it_answers(ledger: Ledger, launcher: Launcher) -> Hold:
    async with asyncio.timeout(30):
        while isinstance(outcome := await _outcome(ledger), str):
            await asyncio.wait({asyncio.create_task(launcher.started[-1].wait())}, timeout=0.05)
    return outcome


async def test_what_could_not_be_settled_is_settled_when_the_writer_is_back(
    far_ledger: Ledger, database: Database, clock: FrozenClock, launcher: Launcher
) -> None:
    hold = await far_ledger.reserve(a_call())
    os.kill(launcher.started[0].pid, signal.SIGKILL)
    with pytest.raises(JixiError) as refused:
        await far_ledger.settle(hold, Settlement(outcome="ok", usage=USED))
    assert refused.value.code == "ledger_unavailable"
    await far_ledger.settle(
        await _until_it_answers(far_ledger, launcher), Settlement(outcome="ok", usage=USED)
    )
    await far_ledger.settle_late()
    await far_ledger.settle_late()
    (tenant, _) = await Budgets(database, clock).of_tenant("ten_a")
    assert (tenant.spent_micros, tenant.held_micros) == (100, 0)


async def test_a_writer_that_hangs_is_replaced(far_ledger: Ledger, launcher: Launcher) -> None:
    os.kill(launcher.started[0].pid, signal.SIGSTOP)
    async with asyncio.timeout(30):
        assert await _outcome(far_ledger) == "ledger_unavailable"
    await _until_it_answers(far_ledger, launcher)
    assert len(launcher.started) == 2


async def test_a_sum_that_no_database_can_keep_fails_alone(far_ledger: Ledger, ledger: Ledger) -> None:
    for each in (far_ledger, ledger):
        huge = each.reserve(a_call(max_output=2**62))
        outcomes = await asyncio.gather(_call(each), huge, _call(each), return_exceptions=True)
        assert [one.code for one in outcomes if isinstance(one, JixiError)] == ["ledger_unavailable"]
        assert await _call(each) == 50


async def test_the_process_ends_with_the_ledger(
    database: Database, clock: FrozenClock, tmp_path: Path, launcher: Launcher
) -> None:
    ledger = Ledger(database, clock, ProcessWriter(database, tmp_path / "ledger.sock", launcher))
    await ledger.start()
    await ledger.close()
    assert await launcher.started[0].wait() == 0
    assert not (tmp_path / "ledger.sock").exists()


async def test_a_second_caller_at_its_socket_is_turned_away(far_ledger: Ledger, tmp_path: Path) -> None:
    reader, writer = await asyncio.open_unix_connection(str(tmp_path / "ledger.sock"))
    async with asyncio.timeout(10):
        assert await reader.read() == b""
    writer.close()
    assert await _call(far_ledger) == 50


async def test_a_process_that_cannot_start_is_an_error_of_the_start(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    async def refuse(_argv: tuple[str, ...]) -> Process:
        return await ProcessDriver().start("ledger", Command(argv=("/nonexistent",)))

    writer = ProcessWriter(database, tmp_path / "ledger.sock", refuse, up_within_s=0.5)
    with pytest.raises(JixiError) as refused:
        await Ledger(database, clock, writer).start()
    assert refused.value.code == "ledger_unavailable"
