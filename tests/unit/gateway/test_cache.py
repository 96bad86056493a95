"""The response cache: the same tenant gets the same answer to the same request, charged as a replay."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from jixi.core.errors import JixiError
from jixi.core.principal import Scope
from jixi.models.engines import EngineClient, StubEngine
from jixi.models.gateway import Alias, Call, Reply, Target, Teller
from tests.unit.gateway.fakes import (
    PRINCIPAL,
    House,
    OneReplica,
    ScriptedEngine,
    Shelf,
    chat,
    chunk,
    scripted_engine,
    sse,
    usage_chunk,
    whole,
)

NEIGHBOUR = msgspec.structs.replace(PRINCIPAL, tenant_id="ten_2", key_id="key_2")
ALIAS = Alias(
    id="als_1",
    name="chat",
    targets=(Target("stub"),),
    cache_ttl_s=60,
    created_at=datetime(2026, 11, 1, tzinfo=UTC),
)
STREAM = sse(chunk("a"), chunk("b"), chunk(None, "stop"), usage_chunk(3, 2), b"[DONE]")


def answer(said: str, status: bytes = b"200 OK") -> bytes:
    choices = [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}]
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    base = {"id": "chatcmpl-e", "object": "chat.completion", "created": 7, "model": "stub"}
    return whole(msgspec.json.encode({**base, "choices": choices, "usage": usage}), status)


class Cached:
    """A house whose alias `chat` keeps answers. Every call has a number of its own."""

    def __init__(self, engine: ScriptedEngine, client: EngineClient) -> None:
        self.engine = engine
        self.shelf = Shelf(ALIAS)
        self.house = House(OneReplica(client, StubEngine.profile), aliases=self.shelf)
        self.number = 0

    async def ask(self, principal: Any = PRINCIPAL, teller: Teller | None = None, **fields: Any) -> Reply:
        self.number += 1
        body = msgspec.json.encode({"model": "chat", "messages": chat(), **fields})
        name = f"req_{self.number}"
        return await self.house.gateway.open(
            Call(principal=principal, kind=Scope.CHAT, body=body, request_id=name, teller=teller)
        )

    @property
    def asked(self) -> int:
        return len(self.engine.bodies)


class Listener:
    """A teller that remembers what it was asked to tell, and cannot tell anything where `mute`."""

    def __init__(self, *, mute: bool = False) -> None:
        self.mute = mute
        self.heard: list[bytes] = []

    def whole(self, body: bytes) -> None:
        self.end(body)

    def end(self, block: bytes) -> None:
        self.heard.append(block)
        if self.mute:
            raise ValueError("it has no words for that")


@pytest.fixture
async def cached(tmp_path: Path) -> AsyncIterator[Cached]:
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(scripted_engine(tmp_path))
        engine.wire = answer("first")
        client = EngineClient(engine.path)
        stack.push_async_callback(client.close)
        yield Cached(engine, client)


async def test_the_same_request_gets_the_same_answer_charged_as_a_replay(cached: Cached) -> None:
    first = await cached.ask()
    cached.engine.wire = answer("second")
    again = await cached.ask()
    assert again.body == first.body
    assert cached.asked == 1
    assert dict(first.headers) == {b"x-jixi-target": b"stub", b"x-jixi-cache": b"miss"}
    assert dict(again.headers) == {b"x-jixi-target": b"stub", b"x-jixi-cache": b"hit"}
    made, replayed = cached.house.meter.settled["req_1"], cached.house.meter.settled["req_2"]
    assert (made.replayed, replayed.replayed) == (False, True)
    assert (made.usage, made.target) == (replayed.usage, replayed.target)
    reserved = cached.house.meter.reserved[1]
    assert (reserved.max_input_tokens, reserved.max_output_tokens, reserved.targets) == (3, 2, ("stub",))
    trace = cached.house.watcher.traces["req_2"]
    assert (trace.replayed, trace.outcome, trace.attempts) == (True, "ok", [])


async def test_a_stream_is_replayed_as_the_stream_that_it_was(cached: Cached) -> None:
    cached.engine.wire, cached.engine.size = STREAM, 40
    wires: list[bytes] = []
    for _ in range(2):
        reply = await cached.ask(stream=True)
        assert reply.stream is not None
        wires.append(b"".join([block async for block in reply.stream]))
        await reply.stream.aclose()
    assert wires[0] == wires[1]
    assert wires[0].endswith(b"data: [DONE]\n\n")
    assert cached.asked == 1
    cached.engine.wire = answer("whole")
    assert dict((await cached.ask()).headers)[b"x-jixi-cache"] == b"miss"


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_that_cannot_be_told_again_in_another_form_is_not_charged(
    cached: Cached, stream: bool
) -> None:
    cached.engine.wire = STREAM if stream else answer("first")
    reply = await cached.ask(stream=stream)
    if reply.stream is not None:
        assert [block async for block in reply.stream]
    with pytest.raises(JixiError) as raised:
        await cached.ask(stream=stream, teller=Listener(mute=True))
    assert raised.value.code == "engine_error"
    assert [each.request_id for each in cached.house.meter.reserved] == ["req_1"]
    assert (cached.house.watcher.traces["req_2"].outcome, cached.asked) == ("failed", 1)


async def test_a_stream_that_is_told_again_in_another_form_is_judged_whole_and_then_given(
    cached: Cached,
) -> None:
    cached.engine.wire, cached.engine.size = STREAM, 40
    first, listener = await cached.ask(stream=True), Listener()
    assert first.stream is not None
    wire = b"".join([block async for block in first.stream])
    again = await cached.ask(stream=True, teller=listener)
    assert again.stream is not None
    assert [block async for block in again.stream] == listener.heard == [wire]
    assert cached.asked == 1


async def test_order_and_spacing_make_no_other_request_but_any_field_does(cached: Cached) -> None:
    await cached.ask(temperature=0.5, seed=1)
    await cached.ask(seed=1, temperature=0.5)
    assert cached.asked == 1
    for fields in (
        {"seed": 1},
        {"seed": 2, "temperature": 0.5},
        {"seed": 1, "temperature": 0.5, "user": "x"},
    ):
        await cached.ask(**fields)
    assert cached.asked == 4


async def test_another_tenant_a_changed_alias_and_an_old_answer_are_asked_anew(cached: Cached) -> None:
    await cached.ask()
    await cached.ask(NEIGHBOUR)
    assert cached.asked == 2
    cached.shelf.aliases = (msgspec.structs.replace(ALIAS, version=2, cache_ttl_s=0),)
    await cached.ask()
    await cached.ask()
    assert cached.asked == 4


async def test_only_complete_answers_are_kept(cached: Cached) -> None:
    cached.engine.wire = answer("no", b"500 No")
    with pytest.raises(JixiError):
        await cached.ask()
    cached.engine.wire = sse(chunk("a"), b"{")
    reply = await cached.ask(stream=True)
    assert reply.stream is not None
    assert b"engine_error" in b"".join([block async for block in reply.stream])
    cached.engine.wire = STREAM
    left = await cached.ask(stream=True)
    assert left.stream is not None
    await anext(aiter(left.stream))
    await left.stream.aclose()
    again = await cached.ask(stream=True)
    assert dict(again.headers)[b"x-jixi-cache"] == b"miss"
    assert again.stream is not None
    await again.stream.aclose()
    await cached.house.gateway.close()


async def test_an_answer_that_is_too_large_is_given_and_not_kept(cached: Cached) -> None:
    cached.engine.wire = answer("x" * 1_100_000)
    assert len((await cached.ask()).body or b"") > 1_100_000
    assert dict((await cached.ask()).headers)[b"x-jixi-cache"] == b"miss"


async def test_a_replay_that_the_ledger_refuses_is_not_given(cached: Cached) -> None:
    await cached.ask()
    cached.house.meter.failure = RuntimeError("no disk")
    with pytest.raises(RuntimeError):
        await cached.ask()
    assert cached.asked == 1
