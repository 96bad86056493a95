"""Several names at one engine: each says what is its own, and together they have its places."""

import asyncio

import msgspec
import pytest

from jixi.models.engines import EngineClient, StubEngine
from jixi.models.gateway import Reply
from tests.unit.gateway.fakes import (
    ONCE,
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

ANSWER = msgspec.json.encode(
    {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "whatever the engine calls it",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
)
ASKS = {"stub": {"lora": b'[{"id":0,"scale":0}]'}, "tuned": {"model": b'"stub:tuned"', "lora": b'[{"id":0}]'}}


@pytest.fixture
def house(engine: ScriptedEngine) -> House:
    replica = OneReplica(EngineClient(engine.path), StubEngine.profile, spec=Spec(parallel=1), asks=ASKS)
    return House(replica, ONCE, more={"tuned": [replica]})


def call(house: House, name: str, words: str) -> "asyncio.Task[Reply]":
    body = msgspec.json.encode({"model": name, "messages": chat(words), "max_tokens": 4})
    return asyncio.create_task(house.raw(body, request_id=f"req_{words}"))


async def test_every_request_says_what_its_name_asks_of_the_engine(
    house: House, engine: ScriptedEngine
) -> None:
    engine.wire = whole(ANSWER)
    for name in ("tuned", "stub"):
        reply = await call(house, name, name)
        assert reply.body is not None
        assert msgspec.json.decode(reply.body)["model"] == name
    assert [(body["model"], body["lora"]) for body in engine.bodies] == [
        ("stub:tuned", [{"id": 0}]),
        ("stub", [{"id": 0, "scale": 0}]),
    ]
    assert [each.model for each in house.meter.reserved] == ["tuned", "stub"]


async def test_names_share_the_places_of_their_engine_and_take_turns(
    house: House, engine: ScriptedEngine
) -> None:
    engine.wire = sse(chunk("a"), chunk(None, "stop"), usage_chunk(1, 1), b"[DONE]")
    engine.hold_at = len(sse(chunk("a"))) - 5
    first = await house.open(messages=chat("first"), stream=True, request_id="req_first")
    engine.hold_at = None
    engine.wire = whole(ANSWER)
    waiting = [call(house, name, f"{name}{at}") for at in range(2) for name in ("stub", "tuned")]
    while len(house.meter.reserved) < 5:
        await asyncio.sleep(0)
    assert len(engine.bodies) == 1
    now = {route.name: route.replicas for route in house.gateway.routes()}
    assert [(name, now[name][0].in_flight, now[name][0].waiting) for name in now] == [
        ("stub", 1, 2),
        ("tuned", 0, 2),
    ]
    assert first.stream is not None
    await first.stream.aclose()
    await asyncio.gather(*waiting)
    order = [body["model"] for body in engine.bodies[1:]]
    assert sorted(order) == ["stub", "stub", "stub:tuned", "stub:tuned"]
    assert order[:2] != ["stub", "stub"]
    assert house.replica.in_flight == 0
