"""F7 with vendors who charge for what they generate whoever hears it: `on_disconnect` = drain bills what they bill."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.faults.callers import MESSAGES, Callers, at_once
from tests.faults.ground import OUTSIDE, Ground, free_port, ground

WIDTH = 16
MOST_TOKENS = 60
DRIP_MS = 5
_ON_THE_WAY = 2
"""Tokens that may be in two sockets when an answer is stopped."""


@asynccontextmanager
async def vendor(
    home: Path, settings: str = ""
) -> AsyncIterator[tuple[Ground, Callers, aiohttp.ClientSession]]:
    """The stub as an outside provider whose answers are read to their end."""
    port = free_port()
    with ground(home, settings=OUTSIDE + settings, parallel=64, port=port, drip_ms=DRIP_MS) as world:
        world.add_provider(port, "paid", on_disconnect="drain")
        world.set_price("paid")
        callers = Callers(world, world.key)
        async with callers.session() as session:
            yield world, callers, session


async def _leave(session: aiohttp.ClientSession, frames: int, tokens: int, *, stream: bool = True) -> bool:
    """Begin a call and hang up after so many frames, or after their time; whether it was not over by then."""
    body = {"model": "paid", "messages": MESSAGES, "max_tokens": tokens, "stream": stream}
    try:
        async with (
            asyncio.timeout(None if stream else frames * DRIP_MS / 1000),
            session.post("/v1/chat/completions", json=body) as answer,
        ):
            async for line in answer.content:
                frames -= line.startswith(b"data: ")
                if stream and not frames:
                    answer.close()
                    return True
    except TimeoutError:
        return True
    return False


@pytest.mark.timeout(1800)
async def test_what_a_vendor_generates_for_callers_who_left_is_billed_to_the_token(
    tmp_path: Path, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    count, chance, left = sized(80, 10_000), random.Random(7), Counter[bool]()
    async with vendor(tmp_path) as (world, callers, session):

        async def one() -> None:
            tokens = chance.randint(10, MOST_TOKENS)
            if chance.random() > 0.3:
                await callers.call(session, model="paid", stream=chance.random() < 0.8, max_tokens=tokens)
            else:
                stream = chance.random() < 0.8
                left[await _leave(session, chance.randint(1, tokens), tokens, stream=stream)] += 1

        await at_once(WIDTH, [one] * count)
        await asyncio.to_thread(world.until_nothing_is_held, 40)
        made, charges = world.nameless(), world.charges().values()
        discrepancies = await world.discrepancies()
    # Who left before anything was sent has used nothing, and may not even have been admitted.
    sent = [each for each in charges if each.input_tokens]
    cancelled = [each for each in sent if each.outcome == "cancelled"]
    report(
        f"{left[True]} of {count} callers left, {len(cancelled)} answers were read without them; "
        f"{sum(one.tokens for one in made)} tokens made, {sum(each.output_tokens for each in charges)} billed"
    )
    assert left[True] >= len(cancelled) > count / 10
    assert {each.outcome for each in charges} == {"ok", "cancelled"}
    assert len(made) >= count - left[True]
    assert {one.event for one in made} == {"finished"}
    assert Counter(each.output_tokens for each in sent) == Counter(one.tokens for one in made)
    assert not any(each.estimated for each in charges)
    assert discrepancies == []


@pytest.mark.timeout(600)
async def test_no_more_answers_are_read_for_nobody_than_the_settings_say(
    tmp_path: Path, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    # So long that none of them has ended before the last caller has left.
    cap, count, tokens = 4, sized(12, 40), sized(400, 2000)
    async with vendor(tmp_path, f"provider_drains = {cap}\n") as (world, _, session):
        await asyncio.gather(*(_leave(session, 1, tokens) for _ in range(count)))
        await asyncio.to_thread(world.until_nothing_is_held, 40)
        made, charges = world.nameless(), world.charges().values()
        discrepancies = await world.discrepancies()
    ends = Counter(one.event for one in made)
    produced, billed = sum(one.tokens for one in made), sum(each.output_tokens for each in charges)
    report(f"{count} callers left at once, {dict(ends)}; {produced} tokens made, {billed} billed")
    assert ends == {"finished": cap, "aborted": count - cap}
    assert Counter(each.outcome for each in charges) == {"cancelled": count}
    assert sum(each.output_tokens == tokens for each in charges) == cap
    assert produced - _ON_THE_WAY * (count - cap) <= billed <= produced
    assert discrepancies == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize("drain_s", [20, 0.3])
async def test_a_server_that_ends_reads_on_for_as_long_as_it_drains_and_settles_the_rest(
    tmp_path: Path,
    drain_s: float,
    sized: Callable[[int, int], int],
    report: Callable[[str], None],
) -> None:
    count = sized(8, 48)
    async with vendor(tmp_path, f"drain_s = {drain_s}\n") as (world, _, session):
        await asyncio.gather(*(_leave(session, 2, 300) for _ in range(count)))
        world.server.process.terminate()
        await asyncio.to_thread(world.server.process.wait, 15)
        made, charges = world.nameless(), world.charges().values()
        world.until_nothing_is_held(0.2)
        discrepancies = await world.discrepancies()
    billed, ends = [each.output_tokens for each in charges], Counter(one.event for one in made)
    report(
        f"{count} left, then the server was ended: {dict(ends)}; {sum(billed)} of {300 * count} tokens billed"
    )
    # Where the server's end cut them, it was not their callers who ended them.
    assert Counter(each.outcome for each in charges) == {"cancelled" if drain_s > 1 else "interrupted": count}
    if drain_s > 1:
        assert ends == {"finished": count}
        assert set(billed) == {300}
    else:
        # The engine ends with its server, mostly before it notes that it was stopped.
        assert set(ends) <= {"aborted"}
        assert 0 < min(billed) <= max(billed) < 300
    assert discrepancies == []
