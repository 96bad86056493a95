"""Calls that were let in for one engine and get their turn at another: asked as that one is, or told why not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from jixi.core.errors import JixiError
from jixi.core.principal import Scope
from jixi.models.engines import EngineClient, Profile, StubEngine
from jixi.models.gateway import Alias, Limits, Target
from tests.unit.gateway.fakes import (
    House,
    OneReplica,
    ScriptedEngine,
    Shelf,
    Spec,
    chat,
    scripted_engine,
    whole,
)

LIMITS = Limits(retries=0, breaker=0)
EMULATED = replace(StubEngine.profile, tools="emulated")
NATIVE = replace(StubEngine.profile, tools="native")
VECTORS = replace(StubEngine.profile, kinds=frozenset({Scope.EMBEDDINGS}))
TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]
CHOICE = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "yes"}}
USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
ANSWER = whole(msgspec.json.encode({"id": "x", "choices": [CHOICE], "usage": USAGE}))


class Street:
    """Engines with one place each. `old` has a call that stays until `old.until` is set."""

    def __init__(self, stack: AsyncExitStack, folder: Path) -> None:
        self._stack = stack
        self._folder = folder

    async def engine(self, name: str, profile: Profile, **more: Any) -> tuple[ScriptedEngine, OneReplica]:
        (self._folder / name).mkdir()
        engine = await self._stack.enter_async_context(scripted_engine(self._folder / name))
        engine.wire = ANSWER
        client = EngineClient(engine.path)
        self._stack.push_async_callback(client.close)
        return engine, OneReplica(client, profile, spec=Spec(parallel=1), **more)

    def house(self, replica: OneReplica, **more: Any) -> House:
        house = House(replica, LIMITS, **more)
        self._stack.push_async_callback(house.gateway.close)
        return house


@pytest.fixture
async def street(tmp_path: Path) -> AsyncIterator[Street]:
    async with AsyncExitStack() as stack, asyncio.timeout(60):
        yield Street(stack, tmp_path)


async def busy(house: House, engine: ScriptedEngine) -> "asyncio.Task[dict[str, Any]]":
    """A call that is with the engine, until it may go on."""
    engine.until = asyncio.Event()
    call = asyncio.create_task(house.ask(messages=chat("first")))
    while not engine.bodies:
        await asyncio.sleep(0)
    return call


async def waiting(house: House, count: int = 2, **fields: Any) -> "asyncio.Task[dict[str, Any]]":
    """A call that has been let in and has no place yet."""
    call = asyncio.create_task(house.ask(messages=chat("second"), **fields))
    while len(house.meter.reserved) < count:
        await asyncio.sleep(0)
    return call


async def free(engine: ScriptedEngine, call: "asyncio.Task[dict[str, Any]]") -> None:
    assert engine.until is not None
    engine.until.set()
    await call


@pytest.mark.parametrize(("before", "after"), [(EMULATED, NATIVE), (NATIVE, EMULATED)])
async def test_a_call_that_waited_is_asked_as_the_engine_is_whose_turn_it_is(
    street: Street, before: Profile, after: Profile
) -> None:
    old, replica = await street.engine("old", before, asks={"stub": {"slot": b"1"}})
    new, other = await street.engine("new", after, asks={"stub": {"slot": b"2"}})
    house = street.house(replica)
    first = await busy(house, old)
    second = await waiting(house, tools=TOOLS, tool_choice="required")
    house.fleet.running["stub"] = [other]
    house.gateway.look()
    await second
    (asked,) = new.bodies
    assert (("response_format" in asked), asked["slot"]) == (after is EMULATED, 2)
    await free(old, first)


async def test_a_call_that_waited_for_a_model_of_another_kind_is_told_and_never_sent(street: Street) -> None:
    old, replica = await street.engine("old", NATIVE)
    new, other = await street.engine("new", VECTORS)
    house = street.house(replica)
    first = await busy(house, old)
    second = await waiting(house)
    house.fleet.running["stub"] = [other]
    house.gateway.look()
    with pytest.raises(JixiError) as refused:
        await second
    assert refused.value.code == "operation_not_supported"
    assert new.bodies == []
    assert house.meter.settled["req_1"].outcome == "failed"
    await free(old, first)


async def test_behind_an_alias_it_goes_to_a_model_that_can_take_it(street: Street) -> None:
    old, replica = await street.engine("old", NATIVE)
    _, other = await street.engine("new", VECTORS)
    beside, spare = await street.engine("beside", NATIVE)
    alias = Alias(
        id="als_1",
        name="chat",
        targets=(Target("stub", 1000), Target("beside", 1)),
        fallbacks=(),
        retries=0,
        created_at=datetime(2026, 11, 1, tzinfo=UTC),
    )
    house = street.house(replica, more={"beside": [spare]}, aliases=Shelf(alias))
    first = await busy(house, old)
    house.model = "chat"
    second = await waiting(house)
    house.fleet.running["stub"] = [other]
    house.gateway.look()
    await second
    assert len(beside.bodies) == 1
    await free(old, first)


async def test_while_both_serve_a_call_goes_to_the_one_that_can_take_it(street: Street) -> None:
    old, replica = await street.engine("old", NATIVE)
    new, other = await street.engine("new", VECTORS)
    house = street.house(replica)
    house.fleet.running["stub"] = [replica, other]
    first = await busy(house, old)
    second = await waiting(house)
    await free(old, first)
    await second
    assert (len(old.bodies), new.bodies) == (2, [])


async def test_all_choices_of_a_call_are_made_by_engines_that_are_asked_alike(street: Street) -> None:
    old, replica = await street.engine("old", EMULATED)
    new, other = await street.engine("new", NATIVE)
    house = street.house(replica)
    house.fleet.running["stub"] = [replica, other]
    answer = await house.ask(messages=chat(), tools=TOOLS, n=3)
    assert len(answer["choices"]) == 3
    assert sorted((len(old.bodies), len(new.bodies))) == [0, 3]
