"""F1, F2: upstreams that accept and say nothing, or send only signs of life. Nobody waits longer than the budget."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.callers import Callers, Lateness, at_once
from tests.faults.checker import judge
from tests.faults.ground import Ground, ground, stub

BUDGET_S = 2
SLACK_S = 0.5
"""And what the machine itself was late, for it works on the callers and on both engines as well."""
WIDTH = 24
SILENCES: dict[str, list[dict[str, Any]]] = {
    "says nothing": [{"stall_headers_s": 30}, {"stall_s": 30}, *[{}] * 3],
    "sends comments alone": [
        {"stall_s": 30, "comments": True},
        {"stall_s": 30, "stall_at": 1, "comments": True},
        {},
    ],
}
"""Some answer, for an engine that makes nothing for twelve seconds is out of the rotation."""


def _alias(world: Ground, **more: Any) -> None:
    alias = {"name": "chat", "targets": [{"model": "mute", "weight": 1}], "first_token_s": BUDGET_S}
    answer = world.admin.post("/api/aliases", json=alias | more)
    assert answer.status_code == 201, answer.text
    world.set_price("chat")


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", SILENCES)
@pytest.mark.parametrize("fallback", [True, False], ids=["with a fallback", "alone"])
async def test_a_silent_upstream_is_left_for_another_within_the_budget_or_told_as_a_timeout(
    tmp_path: Path,
    kind: str,
    fallback: bool,
    sized: Callable[[int, int], int],
    report: Callable[[str], None],
) -> None:
    count = sized(40, 1000)
    mute = stub("mute", tmp_path, {"script": SILENCES[kind], "repeat": True}, 64)
    with ground(tmp_path, settings=f"breaker_failures = 0\n{mute}", parallel=64) as world:
        world.ready("mute")
        world.set_price("mute")
        _alias(world, fallbacks=[{"model": "stub", "on": ["timeout"]}] if fallback else [])
        callers = Callers(world, world.key)
        async with callers.session() as session, Lateness() as late:
            await at_once(
                WIDTH, [lambda: callers.call(session, model="chat", stream=True) for _ in range(count)]
            )
        await asyncio.to_thread(world.until_nothing_is_held, 20)
        made = world.made("mute") | world.made()
        verdict = await judge(world, callers, made=made)
        aborted = sum(each.event == "aborted" for each in world.made("mute").values())
    slowest = max(answer.seconds for answer in callers.answers)
    report(
        f"{verdict}; {dict(callers.codes())}, {aborted} given up, the slowest took {slowest:.2f} s, "
        f"the machine was {late.seconds:.2f} s late at most"
    )
    assert verdict.wrong() == {}
    assert len(callers.answers) == count
    assert aborted >= count * (0.6 if kind == "sends comments alone" else 0.3), (
        "too few upstreams were silent"
    )
    assert slowest <= BUDGET_S + SLACK_S + late.seconds
    if fallback:
        assert callers.codes() == {"ok": count}
    else:
        assert set(callers.codes()) <= {"ok", "engine_timeout"}
        assert callers.codes()["engine_timeout"] == aborted
