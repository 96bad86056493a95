"""F11: however often a call is tried, and with how many copies at once, it acts once and is charged once."""

import asyncio
import itertools
import json
import random
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.faults.callers import MESSAGES, Answer, Callers, at_once
from tests.faults.checker import judge
from tests.faults.ground import EACH_CALL_ONCE, ground

BAD: list[dict[str, Any]] = [{"status": 500}, {"cut_at": 5}, {"status": 503}]
SCRIPT = [
    each
    for number, bad in enumerate(itertools.product(BAD, repeat=3))
    for each in [*bad[: number % 4], {"drip_ms": 10}]
]
"""What the engine does in turn, again and again: a good answer after none to three bad ones."""
KEYS_A_ROUND = len(BAD) ** 3
WIDTH = 8
TRY_AGAIN_S = 0.02
LEAVES_AFTER_S = 0.03
MOST_TRIES = 500


@dataclass
class Effort:
    """All tries under one Idempotency-Key, by so many clients at once; one of them may leave his first try."""

    key: str
    copies: int
    leaves: bool
    bodies: set[bytes] = field(default_factory=set[bytes])


@pytest.mark.timeout(1800)
async def test_a_call_that_many_try_again_and_again_acts_once(
    tmp_path: Path, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    chance = random.Random(11)
    keys = KEYS_A_ROUND * sized(2, 186)
    efforts = [Effort(f"key-{at}", chance.randint(1, 5), chance.random() < 0.2) for at in range(keys)]
    options: dict[str, Any] = {"script": SCRIPT, "repeat": True, "request_scripts": False}
    with ground(tmp_path, settings=EACH_CALL_ONCE, **options) as world:
        swarm = Swarm(Callers(world, world.key))
        async with swarm.callers.session() as session:
            await at_once(WIDTH, [lambda each=each: swarm.exert(session, each) for each in efforts])
            changed = [await swarm.change(session, each) for each in efforts]
        await asyncio.to_thread(world.until_nothing_is_held, 20)
        verdict, asked = await judge(world, swarm.callers), len(world.attempts())
    report(f"{keys} keys, tries {dict(swarm.seen)}, {asked} at the engine; {verdict}")
    assert {len(each.bodies) for each in efforts} == {1}
    assert asked == len(SCRIPT) * keys // KEYS_A_ROUND, "the engine did something more than once"
    assert verdict.outcomes["ok"] == keys
    assert not verdict.wrong()
    assert set(changed) == {(422, "idempotency_mismatch")}
    assert {"first", "again", "left", "request_running", "engine_error"} <= set(swarm.seen)


class Swarm:
    """Clients that try until they have an answer. `seen` counts what their tries came to."""

    def __init__(self, callers: Callers) -> None:
        self.callers = callers
        self.seen: Counter[str] = Counter()

    async def exert(self, session: aiohttp.ClientSession, effort: Effort) -> None:
        """Let every client of this key try until it has the answer."""
        if effort.leaves:
            await self._leave(session, effort)
        await asyncio.gather(*(self._persist(session, effort) for _ in range(effort.copies)))

    async def change(self, session: aiohttp.ClientSession, effort: Effort) -> tuple[int, str]:
        """Status and code that another body gets under the same key."""
        async with self._asked(session, effort, max_tokens=5) as response:
            return response.status, json.loads(await response.read())["error"]["code"]

    async def _leave(self, session: aiohttp.ClientSession, effort: Effort) -> None:
        try:
            async with asyncio.timeout(LEAVES_AFTER_S), self._asked(session, effort) as response:
                await response.read()
        except TimeoutError:
            self.seen["left"] += 1

    async def _persist(self, session: aiohttp.ClientSession, effort: Effort) -> None:
        for _ in range(MOST_TRIES):
            async with self._asked(session, effort) as response:
                body = await response.read()
            if response.status == 200:
                effort.bodies.add(body)
                self._note(response, json.loads(body)["usage"]["completion_tokens"])
                return
            self.seen[json.loads(body)["error"]["code"]] += 1
            await asyncio.sleep(TRY_AGAIN_S)
        raise AssertionError(f"{effort.key} was never answered")

    def _note(self, response: aiohttp.ClientResponse, tokens: int) -> None:
        again = "idempotent-replayed" in response.headers
        self.seen["again" if again else "first"] += 1
        if not again:
            name = response.headers["x-request-id"]
            self.callers.answers.append(Answer(name, response.status, tokens=tokens, complete=True))

    def _asked(
        self, session: aiohttp.ClientSession, effort: Effort, **fields: Any
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        body = {"model": "stub", "messages": MESSAGES, "max_tokens": 6} | fields
        headers = {"Idempotency-Key": effort.key}
        return session.post("/v1/chat/completions", json=body, headers=headers)
