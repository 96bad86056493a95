"""Both writers keep the ledger's promises: in a thread, and in a process that may die."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import msgspec
import pytest

from jixi.compute.drivers import Command, Process, ProcessDriver
from jixi.core.errors import JixiError
from jixi.core.ports import Hold, Settlement
from jixi.core.usage import Usage
from jixi.governance.ledger import Ledger, Limits, LimitValues, ProcessWriter, SharedWriter, Statement
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
    writer = ProcessWriter(
        database, tmp_path / "ledger.sock", launcher, shared=tmp_path / "shared.sock", stuck_s=4
    )
    ledger = Ledger(database, clock, writer)
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


@pytest.fixture
async def beside(
    far_ledger: Ledger, database: Database, clock: FrozenClock, tmp_path: Path
) -> AsyncIterator[Ledger]:
    """A ledger of another process of the same server, as far as its writer can tell."""
    ledger = Ledger(database, clock, SharedWriter(tmp_path / "shared.sock"))
    await ledger.start()
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
    used = (await Limits(database, clock).get("ten_a", "ten_a")).used
    assert (used.monthly_micros, used.monthly_held_micros) == (300 * 50, 0)
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
    await Limits(database, clock).put("ten_a", "ten_a", LimitValues(monthly_micros=5 * 300))
    outcomes = await asyncio.gather(*(_outcome(far_ledger) for _ in range(20)))
    assert sum(isinstance(each, Hold) for each in outcomes) == 5
    assert outcomes.count("budget_exceeded") == 15
    with pytest.raises(JixiError, match="tenant"):
        await far_ledger.reserve(a_call())


async def test_rate_limits_and_the_wait_come_back_from_the_process(
    far_ledger: Ledger, database: Database, clock: FrozenClock
) -> None:
    values = LimitValues(requests_per_minute=2, tokens_per_minute=10_000)
    await Limits(database, clock).put("ten_a", "ten_a", values)
    holds = [await far_ledger.reserve(a_call()) for _ in range(2)]
    assert dict(holds[1].headers()) == {
        b"x-ratelimit-limit-requests": b"2",
        b"x-ratelimit-remaining-requests": b"0",
        b"x-ratelimit-reset-requests": b"1m0s",
        b"x-ratelimit-limit-tokens": b"10000",
        b"x-ratelimit-remaining-tokens": b"9600",
        b"x-ratelimit-reset-tokens": b"2.4s",
    }
    with pytest.raises(JixiError, match="2 requests a minute") as refused:
        await far_ledger.reserve(a_call())
    assert (refused.value.code, refused.value.retry_after) == ("request_rate_exceeded", 30)
    assert await far_ledger.settle(holds[0], Settlement(outcome="ok", usage=USED)) == 50


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
    async with asyncio.timeout(60):
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
    used = (await Limits(database, clock).get("ten_a", "ten_a")).used
    assert (used.monthly_micros, used.monthly_held_micros) == (100, 0)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_writer_that_hangs_is_replaced(far_ledger: Ledger, launcher: Launcher) -> None:
    os.kill(launcher.started[0].pid, signal.SIGSTOP)
    async with asyncio.timeout(60):
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
    async with asyncio.timeout(60):
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


async def test_what_shares_the_process_shares_the_limits_and_each_gets_its_own_answers(
    far_ledger: Ledger, beside: Ledger, database: Database, clock: FrozenClock, launcher: Launcher
) -> None:
    await Limits(database, clock).put("ten_a", "ten_a", LimitValues(monthly_micros=5 * 300))
    outcomes = await asyncio.gather(*(_outcome(each) for _ in range(20) for each in (far_ledger, beside)))
    held = [each for each in outcomes if isinstance(each, Hold)]
    assert len(held) == 5
    assert outcomes.count("budget_exceeded") == 35
    settled = Settlement(outcome="ok", usage=USED)
    assert {await beside.settle(hold, settled) for hold in held} == {50}
    assert len(launcher.started) == 1
    assert await Statement(database, clock).discrepancies() == []


async def test_who_shares_a_process_that_is_killed_comes_back_to_the_next_one(
    far_ledger: Ledger, beside: Ledger, launcher: Launcher
) -> None:
    hold = await beside.reserve(a_call())
    os.kill(launcher.started[0].pid, signal.SIGKILL)
    await launcher.started[0].wait()
    with pytest.raises(JixiError) as refused:
        await beside.settle(hold, Settlement(outcome="ok", usage=USED))
    assert refused.value.code == "ledger_unavailable"
    await _until_it_answers(far_ledger, launcher)
    await _until_it_answers(beside, launcher)
    await beside.settle_late()
    assert await beside.settle(hold, Settlement(outcome="ok", usage=USED)) == 50


async def test_who_takes_no_answers_is_hung_up_on_and_keeps_nobody_waiting(
    far_ledger: Ledger, beside: Ledger, clock: FrozenClock, tmp_path: Path, launcher: Launcher
) -> None:
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.connect(str(tmp_path / "shared.sock"))
        nothing = {"type": "Renew", "marks": [], "lease_until": clock.now()}
        asked = msgspec.msgpack.encode([nothing] * 100)
        with pytest.raises(ConnectionError):
            await asyncio.to_thread(_say_for_ever, deaf, len(asked).to_bytes(4) + asked)
        assert {await _call(each) for each in (far_ledger, beside)} == {50}
    assert len(launcher.started) == 1


async def test_who_talks_nonsense_is_hung_up_on_alone(
    far_ledger: Ledger, beside: Ledger, tmp_path: Path, launcher: Launcher
) -> None:
    for nonsense in (b"\0\0\0\1\xc1", b"\xff\xff\xff\xff"):
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "shared.sock"))
        writer.write(nonsense)
        async with asyncio.timeout(60):
            assert await reader.read() == b""
        writer.close()
    assert {await _call(each) for each in (far_ledger, beside)} == {50}
    assert len(launcher.started) == 1


async def test_what_could_not_be_settled_is_settled_at_the_end_at_the_latest(
    far_ledger: Ledger, database: Database, clock: FrozenClock, launcher: Launcher
) -> None:
    hold = await far_ledger.reserve(a_call())
    os.kill(launcher.started[0].pid, signal.SIGKILL)
    with pytest.raises(JixiError):
        await far_ledger.settle(hold, Settlement(outcome="ok", usage=USED))
    await _until_it_answers(far_ledger, launcher)
    await far_ledger.close()
    assert (await Limits(database, clock).get("ten_a", "ten_a")).used.monthly_micros == 50


def _say_for_ever(line: socket.socket, words: bytes) -> None:
    line.settimeout(60)
    while True:
        line.sendall(words)
