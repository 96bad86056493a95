"""Places before an engine: so many calls run, so many wait, the rest are told when to come back."""

import asyncio
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from jixi.core.errors import JixiError, problem
from jixi.core.principal import Scope
from jixi.models.engines import EngineClient, StubEngine
from jixi.models.gateway import Call, Count, Limits, Reply
from tests.unit.gateway.fakes import (
    ONCE,
    PRINCIPAL,
    House,
    OneReplica,
    ScriptedEngine,
    Spec,
    chat,
    chunk,
    sse,
    usage_chunk,
    whole,
)


def narrow(engine: ScriptedEngine, limits: Limits) -> House:
    return House(OneReplica(EngineClient(engine.path), StubEngine.profile, spec=Spec(parallel=1)), limits)


async def stay(house: House, engine: ScriptedEngine) -> Reply:
    """A stream that keeps its place."""
    engine.wire = sse(chunk("a"), chunk(None, "stop"), usage_chunk(1, 1), b"[DONE]")
    engine.hold_at = len(sse(chunk("a"))) - 5
    reply = await house.open(messages=chat(), stream=True, request_id="req_stays")
    engine.hold_at = None
    return reply


async def test_calls_beyond_the_places_wait_in_order(engine: ScriptedEngine) -> None:
    house = narrow(engine, ONCE)
    first = await stay(house, engine)
    waiting = [
        asyncio.create_task(house.listen(messages=chat(f"{number}"), request_id=f"req_{number}"))
        for number in range(3)
    ]
    while len(house.meter.reserved) < 4:
        await asyncio.sleep(0)
    assert len(engine.bodies) == 1
    assert first.stream is not None
    await first.stream.aclose()
    for answer in await asyncio.gather(*waiting):
        assert answer[-1] == "[DONE]"
    assert [body["messages"][0]["content"] for body in engine.bodies[1:]] == ["0", "1", "2"]
    assert house.replica.in_flight == 0


async def test_a_full_line_refuses_at_once_and_holds_no_money(engine: ScriptedEngine) -> None:
    house = narrow(engine, Limits(retries=0, breaker=0, waiting=1))
    first = await stay(house, engine)
    waiting = asyncio.create_task(house.listen(messages=chat(), request_id="req_2"))
    while len(house.meter.reserved) < 2:
        await asyncio.sleep(0)
    with pytest.raises(JixiError) as caught:
        await house.open(messages=chat(), request_id="req_3")
    assert caught.value.code == "overloaded"
    assert caught.value.problem.status == 503
    assert caught.value.retry_after is not None
    assert 1 <= caught.value.retry_after <= 60
    assert len(house.meter.reserved) == 2
    assert first.stream is not None
    await first.stream.aclose()
    await waiting


async def test_a_caller_who_leaves_the_line_makes_room_and_pays_nothing(engine: ScriptedEngine) -> None:
    house = narrow(engine, Limits(retries=0, breaker=0, waiting=1))
    first = await stay(house, engine)
    for turn in range(3):
        name = f"req_{turn}"
        waiting = asyncio.create_task(house.open(messages=chat(), stream=turn == 1, request_id=name))
        while len(house.meter.reserved) < turn + 2:
            await asyncio.sleep(0)
        waiting.cancel()
        settled = await house.meter.settlement(name)
        assert settled.outcome == "cancelled"
        assert (settled.usage.input_tokens, settled.usage.output_tokens) == (0, 0)
    assert first.stream is not None
    await first.stream.aclose()
    assert (await house.listen(messages=chat(), request_id="req_last"))[-1] == "[DONE]"


async def test_a_call_that_waits_too_long_is_told_to_come_back(engine: ScriptedEngine) -> None:
    house = narrow(engine, Limits(retries=0, breaker=0, first_token_s=0.1))
    first = await stay(house, engine)
    with pytest.raises(JixiError) as caught:
        await house.open(messages=chat(), request_id="req_2")
    assert caught.value.code == "overloaded"
    assert house.meter.settled["req_2"].outcome == "failed"
    assert first.stream is not None
    await first.stream.aclose()


def counting(engine: ScriptedEngine, limits: Limits, *, counts: bool = True) -> House:
    """An engine with one place, that counts tokens or does not."""
    profile = replace(StubEngine.profile, counts=counts)
    return House(OneReplica(EngineClient(engine.path), profile, spec=Spec(parallel=1)), limits)


def to_count(house: House) -> Call:
    body = msgspec.json.encode({"model": house.model, "messages": chat()})
    return Call(principal=PRINCIPAL, kind=Scope.CHAT, body=body, request_id="req_count")


async def test_a_count_waits_for_a_place_as_a_call_does(engine: ScriptedEngine) -> None:
    house = counting(engine, ONCE)
    first = await stay(house, engine)
    count = asyncio.create_task(house.gateway.count(to_count(house)))
    while house.gateway.waiting(PRINCIPAL.tenant_id) == 0:
        await asyncio.sleep(0)
    assert engine.paths == ["/v1/chat/completions"]
    engine.wire = whole(b'{"prompt": "a b", "tokens": [1, 2]}')
    assert first.stream is not None
    await first.stream.aclose()
    assert await count == Count(2, True)
    assert engine.paths[1:] == ["/apply-template", "/tokenize"]
    assert house.meter.tallied == 1
    assert len(house.meter.reserved) == 1


async def test_a_count_that_finds_the_line_full_is_refused_and_is_no_request(engine: ScriptedEngine) -> None:
    house = counting(engine, Limits(retries=0, breaker=0, waiting=1))
    first = await stay(house, engine)
    waiting = asyncio.create_task(house.gateway.count(to_count(house)))
    while house.gateway.waiting(PRINCIPAL.tenant_id) == 0:
        await asyncio.sleep(0)
    with pytest.raises(JixiError) as caught:
        await house.gateway.count(to_count(house))
    assert caught.value.code == "overloaded"
    assert caught.value.retry_after is not None
    assert 1 <= caught.value.retry_after <= 60
    assert house.meter.tallied == 1
    waiting.cancel()
    await asyncio.wait([waiting])
    assert house.gateway.waiting(PRINCIPAL.tenant_id) == 0
    assert first.stream is not None
    await first.stream.aclose()


async def test_a_count_that_waits_too_long_or_may_not_be_made_leaves_its_place(
    engine: ScriptedEngine,
) -> None:
    house = counting(engine, Limits(retries=0, breaker=0, first_token_s=0.1))
    first = await stay(house, engine)
    with pytest.raises(JixiError) as late:
        await house.gateway.count(to_count(house))
    assert late.value.code == "overloaded"
    house.meter.refusal = problem("request_rate_exceeded", scope="key", limit=1, seconds=9, retry_after=9)
    with pytest.raises(JixiError) as often:
        await house.gateway.count(to_count(house))
    assert often.value.code == "request_rate_exceeded"
    assert house.gateway.waiting(PRINCIPAL.tenant_id) == 0
    assert first.stream is not None
    await first.stream.aclose()


async def test_an_engine_that_does_not_count_is_not_waited_for(engine: ScriptedEngine) -> None:
    house = counting(engine, ONCE, counts=False)
    first = await stay(house, engine)
    counted = await house.gateway.count(to_count(house))
    assert not counted.exact
    assert house.replica.in_flight == 1, "it waited until the place was free"
    assert house.meter.tallied == 1
    assert first.stream is not None
    await first.stream.aclose()


async def test_many_calls_never_run_more_than_the_places(house: House, tmp_path: Path) -> None:
    most = 0

    async def call(number: int) -> None:
        nonlocal most
        answer = asyncio.create_task(
            house.listen(messages=chat(), max_tokens=3, request_id=f"req_{number}", stub={"drip_ms": 1})
        )
        while not answer.done():
            most = max(most, house.replica.in_flight)
            await asyncio.sleep(0)
        assert (await answer)[-1] == "[DONE]"

    await asyncio.gather(*map(call, range(40)))
    assert most == 4
    assert len(house.meter.settled) == 40
