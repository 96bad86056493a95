"""Where a call goes: targets, replicas, fallbacks and tries, each shown by what the engines heard."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from jixi.core.errors import JixiError
from jixi.core.principal import Scope
from jixi.core.usage import Usage
from jixi.models.engines import EngineClient, StubEngine
from jixi.models.gateway import Alias, Canary, Fallback, Limits, Target
from tests.unit.gateway.fakes import (
    PRINCIPAL,
    House,
    OneReplica,
    ScriptedEngine,
    Shelf,
    Spec,
    chat,
    chunk,
    payloads,
    said,
    scripted_engine,
    sse,
    usage_chunk,
    whole,
)

QUICK = Limits(first_token_s=1, inter_token_s=1, whole_s=1)


def answer(name: str, **fields: Any) -> bytes:
    choices = [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": name}}]
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    base = {"id": "chatcmpl-e", "object": "chat.completion", "created": 7, "model": name}
    return whole(msgspec.json.encode({**base, "choices": choices, "usage": usage, **fields}))


def stream(name: str) -> bytes:
    words = chunk(name, model=name), chunk(None, "stop", model=name)
    return sse(*words, usage_chunk(3, 2).replace(b'"stub"', msgspec.json.encode(name)), b"[DONE]")


def refusal(status: bytes, code: str = "", **extra: Any) -> bytes:
    body = msgspec.json.encode({"error": {"message": "no", "type": code or None, "code": code or None}})
    wait = b"".join(b"%s: %s\r\n" % (name.encode(), value.encode()) for name, value in extra.items())
    return whole(body, status, wait)


BROKEN = refusal(b"500 No")


class Crew:
    """Engines by name and a house before them, where `chat` is an alias of them."""

    def __init__(self, stack: AsyncExitStack, folder: Path) -> None:
        self._stack = stack
        self._folder = folder
        self.engines: dict[str, ScriptedEngine] = {}
        self.replicas: dict[str, OneReplica] = {}

    async def engine(self, name: str, **fields: Any) -> OneReplica:
        folder = self._folder / name
        folder.mkdir()
        engine = self.engines[name] = await self._stack.enter_async_context(scripted_engine(folder))
        engine.wire = answer(name)
        client = EngineClient(engine.path)
        self._stack.push_async_callback(client.close)
        made = self.replicas[name] = OneReplica(client, StubEngine.profile, **fields)
        return made

    async def house(self, *names: str, limits: Limits = QUICK, **alias: Any) -> House:
        replicas = {name: [await self.engine(name)] for name in names}
        values: dict[str, Any] = {"targets": (Target(names[0]),), "retries": 0} | alias
        made = Alias(id="als_1", name="chat", created_at=datetime(2026, 11, 1, tzinfo=UTC), **values)
        first = replicas.pop(names[0])[0]
        house = House(first, limits, names[0], more=replicas, aliases=Shelf(made))
        house.model = "chat"
        self._stack.push_async_callback(house.gateway.close)
        return house

    def heard(self, name: str) -> int:
        return len(self.engines[name].bodies)


@pytest.fixture
async def crew(tmp_path: Path) -> AsyncIterator[Crew]:
    async with AsyncExitStack() as stack:
        made = Crew(stack, tmp_path)
        yield made
    assert not any(replica.in_flight for replica in made.replicas.values())


async def ask(house: House, number: int = 1, **fields: Any) -> dict[str, Any]:
    reply = await house.open(messages=chat(), request_id=f"req_{number}", **fields)
    assert reply.body is not None
    return msgspec.json.decode(reply.body)


def text(body: dict[str, Any]) -> str:
    return body["choices"][0]["message"]["content"]


async def test_an_alias_answers_under_its_own_name_and_says_who_did(crew: Crew) -> None:
    house = await crew.house("a")
    body = await ask(house)
    assert (body["model"], text(body)) == ("chat", "a")
    assert crew.engines["a"].bodies[0]["model"] == "a"
    settled, reserved = house.meter.settled["req_1"], house.meter.reserved[0]
    assert (reserved.model, reserved.targets, settled.target) == ("chat", ("a",), "a")
    trace = house.watcher.traces["req_1"]
    assert (trace.model, trace.target, trace.outcome) == ("chat", "a", "ok")
    assert list(trace.marks) == ["authorised", "reserved", "dispatched", "last_token", "settled"]
    assert [(each.target, each.status, each.error_code) for each in trace.attempts] == [("a", 200, None)]


async def test_a_stream_of_an_alias_has_its_name_in_every_chunk(crew: Crew) -> None:
    house = await crew.house("a")
    crew.engines["a"].wire = stream("a")
    chunks = await house.listen(messages=chat(), stream_options={"include_usage": True})
    assert said(chunks[:-1]) == "a"
    assert {each["model"] for each in chunks[:-1]} == {"chat"}
    assert house.watcher.traces["req_1"].marks.keys() >= {"first_token", "last_token"}


async def test_other_kinds_of_calls_reach_the_target_under_its_name(crew: Crew) -> None:
    house = await crew.house("a")
    data = [{"object": "embedding", "index": 0, "embedding": [0.5]}]
    body = {"object": "list", "model": "a", "data": data, "usage": {"prompt_tokens": 1, "total_tokens": 1}}
    crew.engines["a"].wire = whole(msgspec.json.encode(body))
    reply = await house.ask(Scope.EMBEDDINGS, input="x")
    assert reply["model"] == "chat"
    assert crew.engines["a"].bodies[0] == {"model": "a", "input": "x"}


async def test_targets_share_the_calls_by_weight_and_a_canary_gets_its_percentage(crew: Crew) -> None:
    house = await crew.house("a", "b", "new", targets=(Target("a", 3), Target("b")), canary=Canary("new", 20))
    said_by = Counter([text(await ask(house, number)) for number in range(400)])
    assert said_by["new"] == pytest.approx(80, abs=35)
    assert said_by["a"] == pytest.approx(240, abs=50)
    assert sum(said_by.values()) == 400


async def test_replicas_of_one_model_share_the_calls_and_alike_ones_stay_together(crew: Crew) -> None:
    house = await crew.house("a")
    house.fleet.running["a"] += [await crew.engine("a2", quota=None), await crew.engine("a3")]
    talks = {f"{number}": [*chat(f"Talk {number}")] for number in range(12)}
    went: dict[str, set[str]] = {}
    for turn in range(3):
        for name, messages in talks.items():
            reply = await house.open(messages=messages, request_id=f"req_{name}_{turn}")
            assert reply.body is not None
            went.setdefault(name, set()).add(text(msgspec.json.decode(reply.body)))
            messages += [{"role": "assistant", "content": f"{turn}"}, {"role": "user", "content": "And?"}]
    assert all(len(replicas) == 1 for replicas in went.values())
    assert len(set[str]().union(*went.values())) == 3


async def test_a_busy_favourite_gives_way_to_who_is_free(crew: Crew) -> None:
    house = await crew.house("a")
    house.fleet.running["a"].append(await crew.engine("b"))
    for engine in crew.engines.values():
        engine.wire, engine.hold_at = stream("a"), len(stream("a")) - 60
    opened = [
        await house.open(messages=chat(), stream=True, request_id=f"req_{number}") for number in range(8)
    ]
    assert (crew.heard("a"), crew.heard("b")) == (4, 4)
    (route,) = [route for route in house.gateway.routes() if route.name == "a"]
    assert [(each.in_flight, each.limit, each.breaker) for each in route.replicas] == [(4, 4, "closed")] * 2
    assert all(each.first_token_ms is not None for each in route.replicas)
    for reply in opened:
        assert reply.stream is not None
        await reply.stream.aclose()


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize(
    ("wire", "on"),
    [
        (BROKEN, "error"),
        (whole(b"{"), "error"),
        (refusal(b"429 Busy", **{"Retry-After": "7"}), "overloaded"),
        (refusal(b"503 Busy"), "overloaded"),
        (refusal(b"400 Long", "context_length_exceeded"), "context_length"),
    ],
)
async def test_a_failure_leads_to_the_fallback_of_its_class_and_to_no_other(
    crew: Crew, wire: bytes, on: Any, streams: bool
) -> None:
    others = tuple({"error", "timeout", "overloaded", "context_length"} - {on})
    house = await crew.house(
        "a", "wrong", "right", fallbacks=(Fallback("wrong", others), Fallback("right", (on,)))
    )
    crew.engines["a"].wire = wire
    crew.engines["right"].wire = stream("right") if streams else answer("right")
    if streams:
        assert said(await house.listen(messages=chat())) == "right"
    else:
        assert text(await ask(house)) == "right"
    assert [crew.heard(name) for name in ("a", "wrong", "right")] == [1, 0, 1]
    settled = house.meter.settled["req_1"]
    assert (settled.outcome, settled.target, settled.usage.output_tokens) == ("ok", "right", 2)
    trace = house.watcher.traces["req_1"]
    assert [each.target for each in trace.attempts] == ["a", "right"]
    assert trace.attempts[0].error_code is not None
    assert house.meter.reserved[0].targets[0] == "a"


@pytest.mark.parametrize("streams", [False, True])
async def test_silence_before_the_first_content_leads_elsewhere_within_the_time_for_it(
    crew: Crew, streams: bool
) -> None:
    house = await crew.house("a", "b", fallbacks=(Fallback("b", ("timeout",)),))
    crew.engines["a"].wire = sse(chunk(None), b"") if streams else answer("a")
    crew.engines["a"].hold_at = len(crew.engines["a"].wire) - 5
    crew.engines["b"].wire = stream("b") if streams else answer("b")
    began = asyncio.get_running_loop().time()
    if streams:
        assert said(await house.listen(messages=chat())) == "b"
    else:
        assert text(await ask(house)) == "b"
    assert asyncio.get_running_loop().time() - began < QUICK.first_token_s + 0.3
    await asyncio.wait_for(crew.engines["a"].left.wait(), 1)
    assert house.watcher.traces["req_1"].attempts[0].error_code == "engine_timeout"


async def test_silence_everywhere_is_told_once_the_time_is_up(crew: Crew) -> None:
    house = await crew.house("a", "b", fallbacks=(Fallback("b", ("timeout",)),))
    for engine in crew.engines.values():
        engine.hold_at = 10
    began = asyncio.get_running_loop().time()
    with pytest.raises(JixiError) as caught:
        await ask(house)
    assert caught.value.code == "engine_timeout"
    assert 0.3 < asyncio.get_running_loop().time() - began < QUICK.whole_s + 0.5
    assert house.meter.settled["req_1"].usage.output_tokens == 0


async def test_after_the_first_content_there_is_no_other_target(crew: Crew) -> None:
    house = await crew.house("a", "b", retries=2, fallbacks=(Fallback("b", ("error", "timeout")),))
    crew.engines["a"].wire = sse(chunk("a", model="a"), b"{")
    wire = await house.wire(messages=chat())
    assert b'"code":"engine_error"' in wire
    assert crew.heard("b") == 0
    settled = house.meter.settled["req_1"]
    assert (settled.outcome, settled.target, settled.usage.output_tokens) == ("failed", "a", 1)


async def test_another_target_is_tried_at_once_and_the_same_after_a_while(crew: Crew) -> None:
    house = await crew.house("a", "b", targets=(Target("a"), Target("b")), retries=2, limits=Limits())
    for engine in crew.engines.values():
        engine.wire = BROKEN
    began = asyncio.get_running_loop().time()
    with pytest.raises(JixiError) as caught:
        await ask(house)
    waited = asyncio.get_running_loop().time() - began
    assert caught.value.code == "engine_error"
    assert crew.heard("a") + crew.heard("b") == 3
    assert min(crew.heard("a"), crew.heard("b")) == 1
    assert 0.2 < waited < 1.2
    assert len(house.meter.settled) == len(house.watcher.traces) == 1


async def test_a_fault_of_the_caller_is_tried_once(crew: Crew) -> None:
    every = ("error", "timeout", "overloaded", "context_length")
    house = await crew.house("a", "b", retries=3, fallbacks=(Fallback("b", every),))
    crew.engines["a"].wire = refusal(b"400 Bad", "invalid_request_error")
    for number in range(20):
        with pytest.raises(JixiError) as caught:
            await ask(house, number)
        assert caught.value.code == "invalid_value"
    assert (crew.heard("a"), crew.heard("b")) == (20, 0)


async def test_a_replica_that_keeps_failing_is_left_alone_until_a_probe_succeeds(crew: Crew) -> None:
    house = await crew.house("a")
    crew.engines["a"].wire = BROKEN
    codes = Counter[str]()
    for number in range(20):
        with pytest.raises(JixiError) as caught:
            await ask(house, number)
        codes[caught.value.code] += 1
    assert codes == {"engine_error": 5, "model_unavailable": 15}
    assert caught.value.retry_after == 1
    assert crew.heard("a") == 5
    (route,) = [route for route in house.gateway.routes() if route.name == "a"]
    assert [(each.breaker, each.failures) for each in route.replicas] == [("open", 5)]
    crew.engines["a"].wire = answer("a")
    number = 100
    async with asyncio.timeout(60):
        while True:
            number += 1
            try:
                assert text(await ask(house, number)) == "a"
                break
            except JixiError:
                await asyncio.sleep(0)
    assert text(await ask(house, 99)) == "a"


async def test_who_shares_a_quota_waits_together_for_as_long_as_one_was_told(crew: Crew) -> None:
    house = await crew.house("a", "b", limits=Limits(retries=0))
    for replica in crew.replicas.values():
        replica.quota = "prv_1"
    crew.engines["a"].wire = refusal(b"429 Slow down", **{"Retry-After": "7"})
    with pytest.raises(JixiError) as first:
        await ask(house)
    assert first.value.retry_after == 7
    house.model = "b"
    with pytest.raises(JixiError) as second:
        await ask(house, 2)
    assert (second.value.code, second.value.problem.status) == ("model_unavailable", 503)
    assert second.value.retry_after is not None
    assert 0 < second.value.retry_after <= 7
    assert crew.heard("b") == 0


async def test_a_pause_leads_to_the_fallback_for_overload_and_to_no_other(crew: Crew) -> None:
    house = await crew.house(
        "a", "wrong", "right", fallbacks=(Fallback("wrong", ("error",)), Fallback("right", ("overloaded",)))
    )
    crew.engines["a"].wire = refusal(b"429 Slow down", **{"Retry-After": "60"})
    assert [text(await ask(house, number)) for number in range(3)] == ["right"] * 3
    assert [crew.heard(name) for name in ("a", "wrong", "right")] == [1, 0, 3]
    paused = {route.name: route.replicas[0].paused_s for route in house.gateway.routes() if route.replicas}
    assert 0 < paused.pop("a") <= 60
    assert set(paused.values()) == {0}


async def test_a_full_line_leads_to_the_fallback_for_overload(crew: Crew) -> None:
    house = await crew.house("a", "b", fallbacks=(Fallback("b", ("overloaded",)),), limits=Limits(waiting=1))
    crew.replicas["a"].spec = Spec(parallel=1)  # pyright: ignore[reportAttributeAccessIssue]
    crew.engines["a"].wire, crew.engines["a"].hold_at = stream("a"), len(stream("a")) - 60
    first = await house.open(messages=chat(), stream=True, request_id="req_1")
    waiting = asyncio.create_task(house.open(messages=chat(), request_id="req_2"))
    while len(house.meter.reserved) < 2:
        await asyncio.sleep(0)
    assert text(await ask(house, 3)) == "b"
    waiting.cancel()
    assert first.stream is not None
    await first.stream.aclose()


async def test_a_target_that_is_gone_is_passed_over_and_an_alias_of_nothing_is_unavailable(
    crew: Crew,
) -> None:
    house = await crew.house("a", "b", targets=(Target("a"), Target("b")))
    house.fleet.running.pop("a")
    assert {text(await ask(house, number)) for number in range(10)} == {"b"}
    house.fleet.running.pop("b")
    with pytest.raises(JixiError) as caught:
        await ask(house, 99)
    assert (caught.value.code, caught.value.facts["model"]) == ("model_unavailable", "chat")
    assert house.watcher.traces["req_99"].error_code == "model_unavailable"


async def test_an_alias_is_listed_with_what_its_models_can_do(crew: Crew) -> None:
    house = await crew.house("a", "b")
    crew.replicas["b"].context = 4096
    (listed,) = [model for model in house.gateway.models(PRINCIPAL) if model.id == "chat"]
    assert (listed.state, listed.context) == ("ready", 512)
    assert Scope.CHAT in listed.kinds


async def test_a_call_that_is_refused_is_traced_too(crew: Crew) -> None:
    house = await crew.house("a")
    with pytest.raises(JixiError):
        await house.raw(b"{", request_id="req_json")
    house.meter.refusal = RuntimeError("the ledger is broken")
    with pytest.raises(RuntimeError):
        await ask(house, 2)
    outcomes = {name: (trace.outcome, trace.error_code) for name, trace in house.watcher.traces.items()}
    assert outcomes == {"req_json": ("failed", "invalid_json"), "req_2": ("failed", "internal_error")}
    assert crew.heard("a") == 0


@pytest.mark.parametrize("streams", [False, True])
async def test_a_slow_replica_is_overtaken_by_a_second_one_where_the_alias_says_so(
    crew: Crew, streams: bool
) -> None:
    house = await crew.house("a", hedge_after_ms=50, limits=Limits())
    house.fleet.running["a"].append(await crew.engine("b"))
    for engine in crew.engines.values():
        engine.hold_at = 10
    slow = asyncio.create_task(house.open(messages=chat(), stream=streams, request_id="req_1"))
    while crew.heard("a") + crew.heard("b") == 0:
        await asyncio.sleep(0)
    asked, other = ("a", "b") if crew.heard("a") else ("b", "a")
    crew.engines[other].hold_at = None
    crew.engines[other].wire = stream("a") if streams else answer("a")
    reply = await asyncio.wait_for(slow, 60)
    if reply.stream is not None:
        assert said(payloads(b"".join([block async for block in reply.stream]))) == "a"
    await asyncio.wait_for(crew.engines[asked].left.wait(), 1)
    assert (crew.heard("a"), crew.heard("b")) == (1, 1)
    assert len(house.watcher.traces["req_1"].attempts) == 2
    assert house.meter.settled["req_1"].usage.output_tokens == 2


class Clinging:
    """A client that is slow to let go when its call is cancelled."""

    def __init__(self, inner: EngineClient) -> None:
        self._inner = inner
        self.told = asyncio.Event()

    async def send(self, path: str, body: bytes = b"", **more: str) -> Any:
        try:
            return await self._inner.send(path, body, **more)
        except asyncio.CancelledError:
            self.told.set()
            await asyncio.Event().wait()
            raise


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("first_wins", [False, True])
async def test_who_leaves_once_one_of_two_has_answered_pays_for_that_one(
    crew: Crew, streams: bool, first_wins: bool
) -> None:
    house = await crew.house("a", hedge_after_ms=50, limits=Limits())
    house.fleet.running["a"].append(await crew.engine("b"))
    clients = {name: Clinging(replica.client) for name, replica in crew.replicas.items()}
    for name, replica in crew.replicas.items():
        crew.engines[name].wire = stream("a") if streams else answer("a")
        crew.engines[name].until = asyncio.Event()
        replica.client = clients[name]  # type: ignore[assignment]
    call = asyncio.create_task(house.open(messages=chat(), stream=streams, request_id="req_1"))
    while crew.heard("a") + crew.heard("b") == 0:
        await asyncio.sleep(0)
    first = "a" if crew.heard("a") else "b"
    while crew.heard("a") + crew.heard("b") == 1:
        await asyncio.sleep(0)
    winner, loser = (first, "ab".replace(first, "")) if first_wins else ("ab".replace(first, ""), first)
    crew.engines[winner].until.set()
    await asyncio.wait_for(clients[loser].told.wait(), 5)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    settled = await asyncio.wait_for(house.meter.settlement("req_1"), 5)
    assert settled.outcome == "cancelled"
    assert settled.usage == Usage(input_tokens=3, output_tokens=2)
