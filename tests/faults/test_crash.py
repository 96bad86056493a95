"""F9, F10, F20: what a sudden death leaves, at random moments under load and at every single step of one call."""

import asyncio
import contextlib
import itertools
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.faults.callers import MESSAGES, Answer, Callers
from tests.faults.checker import judge
from tests.faults.ground import EACH_CALL_ONCE, VICTIMS, Ground, ground

CALLS_BETWEEN_KILLS = 100
WIDTH = 8
MOST_BOUNDARIES = 200
MOST_OF_A_BATCH = 34
"""Steps until a batch is made and its answer kept; what comes then is its job."""
STRIDE = 4
"""Steps between two deaths in a small run: no longer than the way from a durable charge to the kept answer."""
LEDGER_STEPS = (
    "BEGIN IMMEDIATE",
    "INSERT INTO holds",
    "UPDATE gauges",
    "INSERT INTO charges",
    "DELETE FROM holds",
)
"""What a call has the ledger say; with every step taken, it dies at each of them."""
SETTINGS = f'{EACH_CALL_ONCE}ledger_writer = "thread"\n'
CHAT = "/v1/chat/completions"
CALLS: dict[str, dict[str, Any]] = {
    "whole": {},
    "stream": {"stream": True},
    "failing": {"stub": {"status": 500}},
    "cut": {"stream": True, "stub": {"cut_at": 700}},
}


@pytest.mark.timeout(3600)
async def test_kills_lose_no_charge_and_charge_nothing_twice(
    tmp_path: Path, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    kills = sized(3, 100)
    with ground(tmp_path) as world:
        callers, enough = Callers(world, world.key), asyncio.Event()
        waiting = asyncio.create_task(_go_on(callers, enough))
        for strike, victim in zip(range(kills), itertools.cycle(VICTIMS), strict=False):
            await callers.until_acknowledged(CALLS_BETWEEN_KILLS * (strike + 1))
            await asyncio.to_thread(world.strike, victim)
        await callers.until_acknowledged(CALLS_BETWEEN_KILLS * (kills + 1))
        enough.set()
        await waiting
        if sized(True, False):
            let_leases_run_out(world.database)
        await asyncio.to_thread(world.until_nothing_is_held)
        verdict = await judge(world, callers)
    report(
        f"{verdict}; kills {dict(world.killed)}, up again within {world.slowest_start_s:.1f} s; "
        f"callers saw {dict(callers.codes())}"
    )
    assert world.slowest_start_s < sized(60, 10)
    assert verdict.wrong() == {}
    assert world.killed.total() == kills
    assert verdict.acknowledged >= CALLS_BETWEEN_KILLS * kills
    assert set(callers.codes()) - {"ok"}, "no caller ever noticed a kill"


async def _go_on(callers: Callers, enough: asyncio.Event) -> None:
    """WIDTH callers, half of whose calls are streams, whatever happens."""

    async def one(number: int) -> None:
        async with callers.session() as session:
            for turn in itertools.count(number):
                if enough.is_set():
                    return
                answer = await callers.call(session, stream=turn % 2 == 0)
                if not answer.complete:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(enough.wait(), 0.05)

    async with asyncio.TaskGroup() as group:
        for number in range(WIDTH):
            group.create_task(one(number))


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", CALLS)
async def test_a_call_that_dies_at_any_step_of_the_database_is_charged_once_or_not_at_all(
    tmp_path: Path, kind: str, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    died = 0
    with ground(tmp_path, module="tests.faults.crashing", settings=SETTINGS) as world:
        for step in range(1, MOST_BOUNDARIES, sized(4, 1)):
            answer = await _one_call(world, step, CALLS[kind])
            if world.alive():
                break
            died += 1
            world.killed["server"] += 1
            let_leases_run_out(world.database)
            await asyncio.to_thread(world.restart)
            await asyncio.to_thread(world.ready, "stub")
            await asyncio.to_thread(world.until_nothing_is_held, 20)
            charges = world.charges()
            assert list(charges) == list(dict.fromkeys(charges))
            if answer.complete:
                assert charges[answer.request_id].output_tokens == answer.tokens, step
            assert await world.discrepancies() == [], step
        else:
            pytest.fail(f"no run of {MOST_BOUNDARIES} came to its end")
        (world.home / "crash-at").unlink()
        charges, made = world.charges(), world.made()
    report(f"died at {died} steps, then a clean run; {len(charges)} charges for {len(made)} requests")
    assert died >= sized(2, 8), "the call has too few steps to be true"
    assert made, "no call got as far as the engine"
    assert {name for name, each in made.items() if each.tokens} <= set(charges)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", ["whole", "stream"])
async def test_a_call_with_a_key_is_paid_for_once_whatever_step_it_died_at(
    tmp_path: Path, kind: str, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    died = replayed = 0
    with ground(tmp_path, module="tests.faults.crashing", settings=SETTINGS) as world:
        for step in range(1, MOST_BOUNDARIES, sized(STRIDE, 1)):
            before, key = world.charges(), f"call-{step}"
            first = await _one_call(world, step, CALLS[kind], key)
            if outlived := world.alive():
                (world.home / "crash-at").unlink()
            else:
                died += 1
                await _come_back(world, recover=step % 2 == 0)
            second, third = [await _again(world, CALLS[kind], key) for _ in range(2)]
            assert second.complete, (step, second)
            assert third.replayed, step
            assert third.body == second.body, step
            if first.complete:
                assert (first.body, second.replayed) == (second.body, True), step
                replayed += 1
            paid = [name for name, each in world.charges().items() if name not in before and each.micros]
            assert len(paid) == 1, (step, paid)
            assert await world.discrepancies() == [], step
            if outlived:
                break
        else:
            pytest.fail(f"no run of {MOST_BOUNDARIES} came to its end")
        statements = (world.home / "died-at").read_text()
    report(f"died at {died} steps, {replayed} answers of a first try were given again, then a clean run")
    for step in LEDGER_STEPS[: sized(0, len(LEDGER_STEPS))]:
        assert step in statements, f"it never died at: {step}"
    assert died >= sized(8, 25), "the call has too few steps to be true"


@pytest.mark.timeout(1800)
async def test_a_batch_with_a_key_is_made_once_whatever_step_it_died_at(
    tmp_path: Path, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    died = 0
    line = {"custom_id": "r1", "method": "POST", "url": CHAT, "body": {"model": "stub", "messages": MESSAGES}}
    with ground(tmp_path, module="tests.faults.crashing", settings=SETTINGS) as world:
        headers = {"Authorization": f"Bearer {world.key}"}
        with httpx2.Client(base_url=world.url, headers=headers, timeout=30) as client:
            form = {"files": {"file": ("in.jsonl", json.dumps(line))}, "data": {"purpose": "batch"}}
            body = {"input_file_id": client.post("/v1/files", **form).json()["id"]}
            body |= {"endpoint": CHAT, "completion_window": "24h"}
            for number, step in enumerate(range(1, MOST_OF_A_BATCH, sized(2 * STRIDE, 1)), 1):
                (world.home / "crash-at").write_text(str(step))
                key = {"Idempotency-Key": f"batch-{step}"}
                with contextlib.suppress(httpx2.TransportError):
                    client.post("/v1/batches", json=body, headers=key)
                if world.alive():
                    (world.home / "crash-at").unlink()
                else:
                    died += 1
                    await _come_back(world, recover=False)
                again = [client.post("/v1/batches", json=body, headers=key).json()["id"] for _ in range(2)]
                assert again[0] == again[1], step
                assert _batches(world.database) == number, step
    report(f"died at {died} steps")
    assert died >= sized(3, 20), "the making of a batch has too few steps to be true"


def _batches(database: Path) -> int:
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        found: int = connection.execute("SELECT count(*) FROM batches").fetchone()[0]
    return found


async def _come_back(world: Ground, *, recover: bool) -> None:
    """Start the server again, a while after it died: with what it held still held, or with all of that settled."""
    world.killed["server"] += 1
    with closing(sqlite3.connect(world.database, timeout=30)) as connection, connection:
        connection.execute("UPDATE call_answers SET seen_at = '2000-01-01 00:00:00.000000'")
    if recover:
        let_leases_run_out(world.database)
    await asyncio.to_thread(world.restart)
    await asyncio.to_thread(world.ready, "stub")
    if recover:
        await asyncio.to_thread(world.until_nothing_is_held, 20)


async def _one_call(world: Ground, step: int, fields: dict[str, Any], key: str | None = None) -> Answer:
    """One call on a server that is to die at `step`; the engine's journal says what became of it."""
    (world.home / "crash-at").write_text(str(step))
    return await _again(world, fields, key)


async def _again(world: Ground, fields: dict[str, Any], key: str | None) -> Answer:
    callers = Callers(world, world.key)
    async with callers.session() as session:
        return await callers.call(session, key, **fields)


def let_leases_run_out(database: Path) -> None:
    """As if the time of a lease had passed since the server died."""
    with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        connection.execute("UPDATE holds SET lease_until = '2000-01-01 00:00:00.000000'")
