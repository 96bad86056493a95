"""F6, F17, F20: engines that freeze or die, and engines that go on working for a caller who has left."""

import asyncio
import contextlib
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest

from jixi.models.engines import CANARY
from tests.faults.callers import Callers, at_once
from tests.faults.checker import judge
from tests.faults.ground import EACH_CALL_ONCE, Ground, ground
from tests.processes import words_of

OUT_WITHIN_S = 15
HUNG_AFTER_S = 10
LLAMA = """
[[deployments]]
name = "smollm2"
engine = "llamacpp"
model = "smollm2-135m-instruct"
context = 2048
parallel = 2
threads = 1
"""
IDLE_AGAIN_WITHIN_S = 20


@pytest.mark.timeout(3600)
async def test_a_frozen_engine_is_out_of_rotation_in_time_and_comes_back_when_it_moves(
    tmp_path: Path, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    """Several at a time, idle ones in one turn and busy ones in the next; one engine is never frozen."""
    turns, names = sized(1, 20), [f"frozen-{number}" for number in range(sized(1, 5))]
    out, back = list[float](), list[float]()
    with ground(tmp_path, "stub", *names) as world:
        callers = Callers(world, world.key)
        engines = [each for each in world.processes("engine") if not _serves(each, "stub")]
        assert len(engines) == len(names)
        async with callers.session() as session:
            for turn in range(turns):
                with ExitStack() as ice:
                    for each in engines:
                        ice.enter_context(world.frozen(each))
                    began = time.monotonic()
                    busy = names if turn % 2 else ()
                    calls = [asyncio.create_task(callers.call(session, model=name)) for name in busy]
                    out += await _all_become(world, names, "degraded", began)
                    refused = [await callers.call(session, model=name) for name in names]
                    assert (await callers.call(session)).complete
                back += await _all_become(world, names, "ready", time.monotonic())
                again = (callers.call(session, model=name) for name in names)
                answers = await asyncio.gather(*calls, *again)
                assert {answer.code for answer in refused} == {"model_unavailable"}
                assert all(answer.complete for answer in answers)
        assert all(each.is_running() for each in engines)
    report(f"{len(out)} times frozen: out after {max(out):.1f} s at most, back after {max(back):.1f} s")
    assert len(out) == len(back) == turns * len(names)
    assert max(out + back) <= OUT_WITHIN_S


async def _all_become(world: Ground, names: list[str], state: str, began: float) -> list[float]:
    """Seconds since `began` after which each of them was in that state."""

    def become(name: str) -> float:
        world.until_state(name, state, OUT_WITHIN_S + 5)
        return time.monotonic() - began

    return await asyncio.gather(*(asyncio.to_thread(become, name) for name in names))


def _serves(process: psutil.Process, name: str) -> bool:
    """Whether this is the engine of that deployment: a launch is among its arguments or its first words."""
    return any(f'"{name}"' in word for word in words_of(process))


@pytest.mark.timeout(1200)
async def test_an_idle_engine_is_left_alone_by_every_timer_that_watches_it(
    tmp_path: Path, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    """F17 asks for an hour. Its timers belong to real processes and sockets, whose clocks nobody can turn on, so it is
    longer than every one of them: the canary's 6 s, 12 s of doubt, 60 s until failures are forgotten, 120 s until a
    silent engine is ended, and those that keep connections. In full each of them has run out several times.
    """
    seconds, states = sized(15, 600), Counter[str]()
    with ground(tmp_path) as world:
        (engine,) = world.processes("engine")
        callers, end = Callers(world, world.key), time.monotonic() + seconds
        while time.monotonic() < end:
            states.update(each["state"] for each in world.admin.get("/api/deployments").json()["items"])
            await asyncio.to_thread(threading.Event().wait, 0.25)
        async with callers.session() as session:
            answers = [await callers.call(session, stream=stream) for stream in (False, True)]
        lines = (tmp_path / "stub.jsonl").read_text().splitlines()
        canaries = sum(json.loads(line)["id"] == CANARY for line in lines) // 2
        restarts, same = _restarts(world), engine.is_running()
    report(f"{seconds} s without a call: {canaries} canaries, states {dict(states)}, {restarts} restarts")
    assert canaries >= seconds // 10
    assert (states.keys(), restarts, same) == ({"ready"}, 0, True)
    assert all(each.complete for each in answers)


@pytest.mark.timeout(1800)
async def test_llama_cpp_is_free_again_soon_after_callers_left_in_the_middle_of_a_long_prompt(
    tmp_path: Path, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    count, words = sized(6, 200), "once upon a time there was a model " * 180
    with ground(tmp_path, settings=LLAMA) as world:
        world.ready("smollm2")
        callers = Callers(world, world.key)
        async with callers.session() as session:

            async def leave(number: int) -> None:
                body: dict[str, Any] = {"model": "smollm2", "stream": number % 2 == 0}
                body["messages"] = [{"role": "user", "content": f"{number} {words}"}]
                try:
                    async with (
                        asyncio.timeout(0.4),
                        session.post("/v1/chat/completions", json=body) as answer,
                    ):
                        await answer.read()
                except TimeoutError:
                    return
                raise AssertionError("the prompt was too short to leave in the middle of it")

            await at_once(2, [lambda number=number: leave(number) for number in range(count)])
            began = time.monotonic()
            after = await callers.call(session, model="smollm2")
            idle_s = time.monotonic() - began
        await asyncio.to_thread(world.until_nothing_is_held, 20)
        charges = world.charges()
        deployments = world.admin.get("/api/deployments").json()["items"]
        discrepancies = await world.discrepancies()
    (status,) = [each for each in deployments if each["name"] == "smollm2"]
    report(f"{count} callers left during the prompt; the next call was answered after {idle_s:.1f} s")
    assert after.complete
    assert idle_s < IDLE_AGAIN_WITHIN_S
    assert (status["restarts"], status["in_flight"]) == (0, 0), json.dumps(status)
    outcomes = [charge.outcome for charge in charges.values()]
    assert outcomes.count("cancelled") == count
    assert discrepancies == []


@pytest.mark.timeout(3600)
async def test_engines_killed_amid_their_calls_come_back_and_disturb_no_other(
    tmp_path: Path, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    """F20: one engine after the other dies, so that none of them counts as one that always dies."""
    names = [f"mortal-{number}" for number in range(sized(2, 25))]
    kills, least = sized(2, 100), sized(100, 5000)
    with ground(tmp_path, "stub", *names, settings=EACH_CALL_ONCE) as world:
        swarms, enough = {name: Callers(world, world.key) for name in ("stub", *names)}, asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for name, callers in swarms.items():
                group.create_task(_go_on(callers, name, enough))
            for strike in range(kills):
                name = names[strike % len(names)]
                await asyncio.to_thread(_kill, world, name)
            while sum(len(each.acknowledged) for each in swarms.values()) < least:
                await swarms["stub"].until_acknowledged(len(swarms["stub"].acknowledged) + 10)
            enough.set()
        await asyncio.to_thread(world.until_nothing_is_held, 20)
        made = {name: world.made(name) for name in swarms}
        everything = {request_id: each for one in made.values() for request_id, each in one.items()}
        verdict = await judge(world, *swarms.values(), made=everything)
    codes = sum((callers.codes() for name, callers in swarms.items() if name != "stub"), Counter[str]())
    slowest = max(answer.seconds for callers in swarms.values() for answer in callers.answers)
    report(
        f"{verdict}; kills {dict(world.killed)}; callers of the killed saw {dict(codes)}, the slowest answer took "
        f"{slowest:.1f} s"
    )
    assert world.killed["engine"] == kills
    # A call may end in the instant between the look at the engine's work and its death.
    assert codes["engine_error"] >= 0.8 * kills, "kills hit no calls"
    assert verdict.wrong() == {}
    assert swarms["stub"].codes().keys() == {"ok"}
    assert all(set(callers.acknowledged) <= set(made[name]) for name, callers in swarms.items())
    assert slowest < HUNG_AFTER_S


@pytest.mark.timeout(1800)
async def test_a_request_that_kills_its_engines_is_refused_after_the_second_and_harms_no_other(
    tmp_path: Path, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    """F20: of one alias over all engines; who was beside a killer is answered by another of them."""
    names = [f"mortal-{number}" for number in range(sized(3, 10))]
    killers, copies, width = sized(2, 20), 3, sized(2, 6)
    with ground(tmp_path, *names, settings="breaker_failures = 0\n") as world:
        targets = [{"model": name, "weight": 1} for name in names]
        alias = {"name": "chat", "targets": targets, "retries": 3}
        assert world.admin.post("/api/aliases", json=alias).status_code == 201
        world.set_price("chat")
        killing, others, enough = Callers(world, world.key), Callers(world, world.key), asyncio.Event()
        async with killing.session() as session, asyncio.TaskGroup() as group:
            for number in range(width):
                group.create_task(_ask_on(others, f"caller {number}", enough))
            for number in range(killers):
                await others.until_acknowledged(len(others.acknowledged) + width)
                messages = [{"role": "user", "content": f"killer {number}"}]
                for _ in range(1 + copies):
                    script = {"stall_headers_s": 0.2, "exit_code": 9}
                    await killing.call(session, model="chat", messages=messages, stub=script)
                await asyncio.to_thread(_until_restarts, world, 2 * (number + 1))
                await asyncio.to_thread(world.ready, *names)
            enough.set()
        await asyncio.to_thread(world.until_nothing_is_held, 20)
        deaths = _restarts(world)
        made = {request_id: each for name in names for request_id, each in world.made(name).items()}
        verdict = await judge(world, killing, others, made=made)
    report(
        f"{verdict}; {deaths} engines died of {killers} requests; their callers saw {dict(killing.codes())}, "
        f"others {dict(others.codes())}"
    )
    assert deaths == 2 * killers
    assert killing.codes() == {"request_quarantined": killers * (1 + copies)}
    assert others.codes().keys() == {"ok"}
    assert verdict.wrong() == {}


def _until_restarts(world: Ground, count: int) -> None:
    world.until(lambda: _restarts(world) >= count, 60, "nothing takes the place of the dead")


def _restarts(world: Ground) -> int:
    """How many engines have taken the place of one that died."""
    return sum(each["restarts"] for each in world.admin.get("/api/deployments").json()["items"])


async def _ask_on(callers: Callers, name: str, enough: asyncio.Event) -> None:
    """One whole answer after the other."""
    async with callers.session() as session:
        for turn in itertools.count():
            if enough.is_set():
                return
            messages = [{"role": "user", "content": f"{name} {turn}"}]
            await callers.call(session, model="chat", messages=messages, stub={"drip_ms": 20})


def _kill(world: Ground, name: str) -> None:
    """Kill the engine of that deployment amid its work, and return once the next one answers.

    Looking for it takes as long as a call may last, so it is looked for first.
    """
    (engine,) = [each for each in world.processes("engine") if _serves(each, name)]
    world.until(lambda: world.running(name), 60, "the engine got no work")
    engine.kill()
    world.killed["engine"] += 1
    others = "no engine came in its place"
    world.until(
        lambda: any(_serves(each, name) for each in world.processes("engine") if each != engine), 60, others
    )
    world.until_state(name, "ready", 60)


async def _go_on(callers: Callers, name: str, enough: asyncio.Event) -> None:
    """Call after call, half of them streams; after a refusal a moment's rest."""
    async with callers.session() as session:
        for turn in itertools.count():
            fields = {"model": name, "stream": turn % 2 == 0, "stub": {"drip_ms": 50}}
            answer = await callers.call(session, **fields)
            if enough.is_set():
                return
            if not answer.complete:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(enough.wait(), 0.1)
