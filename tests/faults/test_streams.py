"""F3, F4: streams that are cut, garbled or short end in an error that the official SDK raises, and are billed."""

import asyncio
import json
import random
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.faults.callers import MESSAGES, Callers, at_once
from tests.faults.checker import judge
from tests.faults.ground import EACH_CALL_ONCE, Ground, ground

JAVASCRIPT = Path(__file__).parent.parent / "js/cuts.mjs"
WIDTH = 16
TOKENS = 8
BODY_BYTES = 1500
"""What the stub sends for so many tokens, about."""


async def _listen(client: openai.AsyncOpenAI, fault: dict[str, Any], ends: Counter[str]) -> None:
    """Read one stream with the official SDK and count how it ended."""
    try:
        stream = await client.chat.completions.create(
            model="stub", messages=MESSAGES, max_tokens=TOKENS, stream=True, extra_body={"stub": fault}
        )
        finished = False
        async for chunk in stream:
            finished = finished or any(choice.finish_reason for choice in chunk.choices)
        ends["complete" if finished else "silently short"] += 1
    except openai.APIError as error:
        ends[type(error).__name__] += 1


async def _all(world: Ground, faults: list[dict[str, Any]]) -> Counter[str]:
    ends: Counter[str] = Counter()
    async with openai.AsyncOpenAI(
        base_url=f"{world.url}/v1", api_key=world.key, max_retries=0, timeout=60
    ) as client:
        await at_once(WIDTH, [lambda fault=fault: _listen(client, fault, ends) for fault in faults])
    return ends


@pytest.mark.timeout(1800)
async def test_a_stream_cut_anywhere_raises_in_the_official_sdk_and_is_billed_for_what_was_made(
    tmp_path: Path, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    chance = random.Random(3)
    offsets = range(400, 400 + sized(40, 260))
    faults = [{"cut_at": at} for at in offsets]
    faults += [{"end_at": chance.randint(1, TOKENS - 1)} for _ in range(sized(30, 740))]
    faults += [{"cut_at": chance.randint(0, BODY_BYTES - 200)} for _ in range(sized(30, 1000))]
    with ground(tmp_path, settings=EACH_CALL_ONCE) as world:
        ends = await _all(world, faults)
        await asyncio.to_thread(world.until_nothing_is_held, 20)
        charges, made = world.charges(), world.made()
        discrepancies = await world.discrepancies()
    report(f"{len(faults)} streams cut: {dict(ends)}")
    assert ends["complete"] == ends["silently short"] == 0
    assert ends.total() == len(faults)
    assert {charge.outcome for charge in charges.values()} == {"failed"}
    assert set(charges) == set(made)
    more = {name for name, charge in charges.items() if charge.output_tokens > made[name].tokens}
    assert more == set(), "billed for more than the engine made"
    # The token in the frame that was cut never arrived.
    assert all(made[name].tokens - charge.output_tokens <= 1 for name, charge in charges.items())
    assert discrepancies == []


@pytest.mark.timeout(1800)
async def test_a_stream_cut_anywhere_raises_in_the_official_javascript_sdks_in_every_dialect(
    tmp_path: Path, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    """The same cuts for chat, Responses and Messages; a good stream among them shows that the scripts see its end."""
    chance = random.Random(5)
    faults: list[dict[str, Any]] = [{"cut_at": at} for at in range(400, 400 + sized(20, 260))]
    faults += [{"end_at": chance.randint(1, TOKENS - 1)} for _ in range(sized(10, 400))]
    with ground(tmp_path, settings=EACH_CALL_ONCE) as world:
        ends = await asyncio.to_thread(_read_in_javascript, world, [{}, *faults])
        await asyncio.to_thread(world.until_nothing_is_held, 20)
        charges, made = world.charges(), world.made()
        discrepancies = await world.discrepancies()
    report(f"{len(faults)} streams cut in each dialect: {ends}")
    wanted = {"complete": 1, "raised": len(faults)}
    assert ends == dict.fromkeys(("chat", "responses", "messages"), wanted)
    assert Counter(charge.outcome for charge in charges.values()) == {"ok": 3, "failed": 3 * len(faults)}
    more = {name for name, charge in charges.items() if charge.output_tokens > made[name].tokens}
    assert more == set(), "billed for more than the engine made"
    assert discrepancies == []


def _read_in_javascript(world: Ground, faults: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """How the streams ended, by dialect."""
    done = subprocess.run(
        ["node", str(JAVASCRIPT), world.url, world.key, json.dumps(faults)],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.timeout(1800)
async def test_no_garbled_stream_reaches_a_caller_as_something_else_than_valid_frames_or_an_error(
    tmp_path: Path, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    """Where the engine's usage is missing or impossible, what came through is counted, and marked as estimated."""
    chance, count = random.Random(4), sized(100, 5000)
    with ground(tmp_path, settings=EACH_CALL_ONCE) as world:
        callers = Callers(world, world.key)
        async with callers.session() as session:
            calls = [_mutated(chance) for _ in range(count)]
            await at_once(
                WIDTH,
                [
                    lambda fault=fault, stream=stream: callers.call(session, stream=stream, stub=fault)
                    for fault, stream in calls
                ],
            )
        await asyncio.to_thread(world.until_nothing_is_held, 20)
        verdict = await judge(world, callers)
        charges = world.charges()
    estimated = sum(charge.estimated for charge in charges.values())
    report(f"{verdict}; {dict(callers.codes())}, {estimated} estimated")
    assert verdict.wrong() == {}
    assert verdict.charged == count
    assert set(callers.codes()) <= {"ok", "engine_error"}
    assert min(callers.codes()["ok"], callers.codes()["engine_error"], estimated) > 0, "nothing went wrong"


def _mutated(chance: random.Random) -> tuple[dict[str, Any], bool]:
    """A fault, and whether the call is a stream."""
    fault: dict[str, Any] = {"usage": chance.choice(["right", "wrong", "missing"])}
    match chance.randrange(4):
        case 0:
            fault["bad_frame"] = chance.randint(0, 8)
        case 1:
            fault["cut_at"] = chance.randint(0, BODY_BYTES)
        case 2:
            fault["end_at"] = chance.randint(1, 6)
        case _:
            fault["cached_tokens"] = chance.randint(0, 3)
    return fault, chance.random() < 0.7
