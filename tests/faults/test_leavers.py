"""F5, F7, F8: callers who leave or do not read. The engine stops, the place is free, what was made is billed."""

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest

from tests.faults.callers import MESSAGES, Callers, at_once
from tests.faults.ground import ground

WIDTH = 16
PATIENCE_S = 0.35
NOTICED_WITHIN_S = 1.0
_ON_THE_WAY = 2
"""Tokens that may be in two sockets when a caller hangs up."""
_NOISE_S = 0.05
"""What two calls may differ by on a busy machine."""
_LINE = 50
"""Callers who may wait at once."""
WINDOWS: dict[str, dict[str, Any]] = {"prefill": {"stall_headers_s": 20}, "decode": {"drip_ms": 10}}
ENDPOINTS: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": MESSAGES},
    "/v1/completions": {"prompt": "one two three"},
    "/v1/messages": {"messages": MESSAGES, "max_tokens": 2000},
    "/v1/responses": {"input": "one two three"},
    "/v1/embeddings": {"input": "one two three"},
    "/v1/rerank": {"query": "one", "documents": ["two", "three"]},
}
WHOLE_AT_ONCE = {"/v1/embeddings", "/v1/rerank"}
CALLS = [
    (path, {"model": "stub", **fields} | ({"stream": True} if stream else {}))
    for path, fields in ENDPOINTS.items()
    for stream in (False, True)
    if not (stream and path in WHOLE_AT_ONCE)
]


async def _leave(session: aiohttp.ClientSession, path: str, body: dict[str, Any], left: list[float]) -> None:
    """Begin a call and hang up in the middle of it."""
    try:
        async with asyncio.timeout(PATIENCE_S), session.post(path, json=body) as answer:
            await answer.read()
    except TimeoutError:
        left.append(time.time())


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("window", WINDOWS)
async def test_a_caller_who_hangs_up_stops_the_engine_and_pays_for_what_was_made(
    tmp_path: Path, window: str, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    each, left = sized(4, 50), list[float]()
    script: dict[str, Any] = {"script": [WINDOWS[window]], "repeat": True, "request_scripts": False}
    with ground(tmp_path, tokens=2000, **script) as world:
        callers = Callers(world, world.key)
        calls = each * [call for call in CALLS if window == "prefill" or call[0] not in WHOLE_AT_ONCE]
        async with callers.session() as session:
            await at_once(
                WIDTH,
                [lambda path=path, body=body: _leave(session, path, body, left) for path, body in calls],
            )
        await asyncio.to_thread(world.until_idle, 10)
        await asyncio.to_thread(world.until_nothing_is_held, 10)
        made, charges = world.made(), world.charges()
        discrepancies = await world.discrepancies()
    late = sorted(one.at - gone for one, gone in zip(_ends(made), sorted(left), strict=True))
    differences = Counter(made[name].tokens - charges[name].output_tokens for name in made)
    report(
        f"{len(left)} callers left, the engine noticed within {late[-1]:.2f} s at most; "
        f"tokens made and not billed, by call: {dict(differences)}"
    )
    assert len(left) == len(calls)
    assert Counter(one.event for one in made.values()) == {"aborted": len(calls)}
    assert late[int(len(late) * 0.99) - 1] <= NOTICED_WITHIN_S
    assert {charge.outcome for charge in charges.values()} == {"cancelled"}
    assert set(charges) == set(made)
    assert discrepancies == []
    # What is on its way through two sockets when a caller hangs up is nobody's.
    assert all(name >= 0 for name in differences)


def _ends(made: dict[str, Any]) -> list[Any]:
    return sorted(made.values(), key=lambda one: one.at)


@pytest.mark.timeout(1800)
async def test_callers_who_hang_up_in_the_queue_cost_nothing_and_free_their_place(
    tmp_path: Path, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    waiting, left, longest_s = sized(20, 500), list[float](), sized(3, 20)
    with ground(tmp_path, parallel=2) as world:
        callers = Callers(world, world.key)
        async with callers.session() as session:
            slow = [
                asyncio.create_task(callers.call(session, stub={"stall_headers_s": longest_s}))
                for _ in range(2)
            ]
            await asyncio.to_thread(world.until_working, 2)
            leaving = [
                lambda path=path, body=body: _leave(session, path, body, left)
                for path, body in itertools.islice(itertools.cycle(CALLS), waiting)
            ]
            await at_once(_LINE, leaving)
            await asyncio.gather(*slow)
            # An engine that was silent for so long is out of the rotation until it is seen to move again.
            await asyncio.to_thread(world.ready, "stub")
            after = await callers.call(session)
        await asyncio.to_thread(world.until_idle, 10)
        await asyncio.to_thread(world.until_nothing_is_held, 10)
        made, charges = world.made(), world.charges()
    report(f"{len(left)} callers left the queue; {len(made)} requests reached the engine")
    assert len(left) == waiting
    assert after.complete, after
    assert len(made) == 3
    assert sum(charge.output_tokens for charge in charges.values()) == sum(
        one.tokens for one in made.values()
    )


@pytest.mark.timeout(1800)
async def test_streams_cut_by_their_callers_are_billed_token_for_token(
    tmp_path: Path, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    """F7: a third of the callers hangs up somewhere; none of that is free and none is billed in full."""
    count, chance = sized(60, 10_000), random.Random(7)
    with ground(tmp_path, tokens=60, drip_ms=10) as world:
        callers, cut = Callers(world, world.key), Counter[str]()
        async with callers.session() as session:
            await at_once(
                WIDTH, [lambda: _listen_for_a_while(callers, session, chance, cut) for _ in range(count)]
            )
        await asyncio.to_thread(world.until_idle, 10)
        await asyncio.to_thread(world.until_nothing_is_held, 10)
        made, charges = world.made(), world.charges()
        discrepancies = await world.discrepancies()
    billed = sum(charge.output_tokens for charge in charges.values())
    produced = sum(one.tokens for one in made.values())
    report(f"{cut['cut']} of {count} streams cut; {produced} tokens made, {billed} billed")
    assert cut["cut"] > count / 10
    assert set(charges) == set(made)
    whole = {name: one for name, one in made.items() if one.event == "finished"}
    assert all(charges[name].output_tokens <= one.tokens for name, one in made.items())
    assert sum(one.tokens for one in whole.values()) < billed <= produced
    assert produced - billed <= _ON_THE_WAY * cut["cut"]
    assert discrepancies == []


async def _listen_for_a_while(
    callers: Callers, session: aiohttp.ClientSession, chance: random.Random, cut: Counter[str]
) -> None:
    if chance.random() > 0.3:
        await callers.call(session, stream=True, max_tokens=60)
        return
    body = {"model": "stub", "messages": MESSAGES, "stream": True, "max_tokens": 60}
    frames = chance.randint(1, 40)
    async with session.post("/v1/chat/completions", json=body) as answer:
        async for line in answer.content:
            frames -= line.startswith(b"data: ")
            if not frames:
                cut["cut"] += 1
                answer.close()
                return


@pytest.mark.timeout(1800)
async def test_slow_readers_cost_little_memory_and_do_not_slow_down_others(
    tmp_path: Path, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    """F8: what a slow reader does not take stays in the engine."""
    readers = sized(20, 500)
    with ground(tmp_path, parallel=readers + 8) as world:
        callers = Callers(world, world.key)
        process = psutil.Process(world.server.process.pid)
        async with callers.session() as session:
            alone = await _p95(callers, session)
            before = process.memory_info().rss
            body = {"model": "stub", "messages": MESSAGES, "stream": True, "max_tokens": 4000}
            slow = [await session.post("/v1/chat/completions", json=body) for _ in range(readers)]
            beside = await _p95(callers, session)
            grown = process.memory_info().rss - before
            for answer in slow:
                answer.close()
        await asyncio.to_thread(world.until_idle, 20)
        await asyncio.to_thread(world.until_nothing_is_held, 20)
        discrepancies = await world.discrepancies()
    report(
        f"{readers} readers that read nothing: the server grew by {grown / 2**20:.0f} MiB; of others' calls 95 % took "
        f"{1000 * alone:.0f} ms before, {1000 * beside:.0f} ms beside"
    )
    assert grown < 150 * 2**20
    assert beside < 1.3 * alone + _NOISE_S
    assert discrepancies == []


async def _p95(callers: Callers, session: aiohttp.ClientSession) -> float:
    """Seconds in which 95 of 100 calls are answered, one after the other."""
    answers = [await callers.call(session) for _ in range(100)]
    assert all(each.complete for each in answers)
    return sorted(each.seconds for each in answers)[94]
