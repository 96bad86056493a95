"""Requests that kill engines: after two deaths they are refused, and those who were beside them are not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import structs

from jixi.core.errors import JixiError
from jixi.core.principal import Scope
from jixi.models.engines import EngineClient, StubEngine
from jixi.models.gateway import Alias, Call, Fallback, Limits, Target
from tests.unit.gateway.fakes import (
    PRINCIPAL,
    House,
    OneReplica,
    ScriptedEngine,
    Shelf,
    chat,
    scripted_engine,
)
from tests.unit.gateway.test_routing import BROKEN, answer

NAMES = ("a", "b", "c", "d")


class Ward:
    """Four engines, of which each dies of the word "poison"; `chat` asks all of them, one after the other."""

    def __init__(self, house: House, engines: dict[str, ScriptedEngine]) -> None:
        self.house = house
        self.engines = engines

    @property
    def dead(self) -> int:
        return sum(engine.dead for engine in self.engines.values())

    def client(self, name: str) -> EngineClient:
        return self.house.fleet.running[name][0].client

    async def ask(self, words: str, **fields: Any) -> str:
        """The name of the engine that answered, or the code of the problem."""
        try:
            body = await self.house.ask(messages=chat(words), **fields)
        except JixiError as error:
            return error.code
        return body["choices"][0]["message"]["content"]


@pytest.fixture
def limits() -> Limits:
    return Limits(retries=0, breaker=0)


@pytest.fixture
async def ward(tmp_path: Path, limits: Limits) -> AsyncIterator[Ward]:
    async with AsyncExitStack() as stack:
        engines, replicas = dict[str, ScriptedEngine](), dict[str, OneReplica]()
        for name in NAMES:
            (tmp_path / name).mkdir()
            engine = engines[name] = await stack.enter_async_context(scripted_engine(tmp_path / name))
            engine.wire, engine.dies_of = answer(name), "poison"
            client = EngineClient(engine.path)
            stack.push_async_callback(client.close)
            replicas[name] = OneReplica(client, StubEngine.profile)
        made = Alias(
            id="als_1",
            name="chat",
            targets=(Target("a"),),
            fallbacks=tuple(Fallback(name, ("error",)) for name in NAMES[1:]),
            retries=0,
            created_at=datetime(2026, 11, 1, tzinfo=UTC),
        )
        more = {name: [replicas[name]] for name in NAMES[1:]}
        house = House(replicas["a"], limits, "a", more=more, aliases=Shelf(made))
        house.model = "chat"
        yield Ward(house, engines)
        await house.gateway.close()


async def test_a_request_that_kills_two_engines_is_given_to_no_third(ward: Ward) -> None:
    assert await ward.ask("poison") == "request_quarantined"
    assert ward.dead == 2
    assert await ward.ask("poison") == "request_quarantined"
    assert ward.dead == 2
    assert await ward.ask("something else") == "c"


async def test_it_does_not_matter_whether_the_connections_were_used_before(ward: Ward) -> None:
    for name in "ab":
        response = await ward.client(name).send("/health", b"{}")
        await response.read()
    assert await ward.ask("poison") == "request_quarantined"
    assert ward.dead == 2


async def test_the_same_words_of_another_tenant_are_judged_by_themselves(ward: Ward) -> None:
    assert await ward.ask("poison") == "request_quarantined"
    ward.engines["c"].dies_of = ""
    other = structs.replace(PRINCIPAL, tenant_id="ten_2")
    body = msgspec.json.encode({"model": "chat", "messages": chat("poison")})
    reply = await ward.house.gateway.open(
        Call(principal=other, kind=Scope.CHAT, body=body, request_id="req_2")
    )
    assert reply.body is not None


async def test_a_stream_that_kills_two_engines_is_given_to_no_third(ward: Ward) -> None:
    with pytest.raises(JixiError) as raised:
        await ward.house.wire(messages=chat("poison"))
    assert raised.value.code == "request_quarantined"
    assert ward.dead == 2


async def test_those_who_were_beside_a_killer_are_answered_and_stay_welcome(ward: Ward) -> None:
    """All three are there when the first engine dies; after that they go one by one, so one alone is there then."""
    first = ward.engines["a"]
    first.until = asyncio.Event()
    calls = [asyncio.create_task(ward.ask(words)) for words in ("poison", "one", "two")]
    while len(first.bodies) < len(calls):
        await asyncio.sleep(0)
    first.until.set()
    async with asyncio.timeout(60):
        said = await asyncio.gather(*calls)
    assert said[0] == "request_quarantined"
    assert ward.dead == 2
    assert {*said[1:], await ward.ask("one"), await ward.ask("two")} <= set(NAMES) - {"a"}


async def test_copies_of_a_killer_that_wait_for_their_turn_kill_nobody(ward: Ward) -> None:
    first = ward.engines["a"]
    first.until = asyncio.Event()
    calls = [asyncio.create_task(ward.ask("poison")) for _ in range(3)]
    while len(first.bodies) < len(calls):
        await asyncio.sleep(0)
    first.until.set()
    async with asyncio.timeout(60):
        assert set(await asyncio.gather(*calls)) == {"request_quarantined"}
    assert ward.dead == 2


async def test_two_copies_of_a_killer_that_fail_at_once_are_both_counted(ward: Ward) -> None:
    """Both engines answer with an error before they end."""
    running, ward.house.model = ward.house.fleet.running, "a"
    calls, ready = list[asyncio.Task[str]](), asyncio.Event()
    for name in "ab":
        running["a"], engine = running[name], ward.engines[name]
        engine.wire, engine.dies_of, engine.until = BROKEN, "", ready
        calls.append(asyncio.create_task(ward.ask("poison")))
        while not engine.bodies:
            await asyncio.sleep(0)
    ready.set()
    async with asyncio.timeout(60):
        assert await asyncio.gather(*calls) == ["engine_error"] * 2
    for name in "ab":
        if (listening := ward.engines[name].listening) is not None:
            listening.close()
    running["a"] = running["c"]
    assert await ward.ask("poison") == "request_quarantined"


async def test_an_engine_that_was_dead_before_is_held_against_nobody(ward: Ward) -> None:
    assert await ward.ask("poison") == "request_quarantined"
    assert [await ward.ask("late") for _ in range(3)] == ["c"] * 3


async def test_an_engine_that_fails_and_lives_is_held_against_nobody(ward: Ward) -> None:
    for name in "ab":
        ward.engines[name].wire = BROKEN
    assert [await ward.ask("good") for _ in range(3)] == ["c"] * 3


@pytest.mark.parametrize("limits", [Limits(breaker=0, quarantine_s=0.05)])
async def test_a_quarantine_is_over_after_its_time(ward: Ward) -> None:
    assert await ward.ask("poison") == "request_quarantined"
    ward.engines["c"].dies_of = ""
    async with asyncio.timeout(60):
        while await ward.ask("poison") == "request_quarantined":
            await asyncio.sleep(0)


@pytest.mark.parametrize("limits", [Limits(breaker=0, first_token_s=0.2)])
async def test_a_suspect_whose_turn_does_not_come_is_told_to_come_again(ward: Ward) -> None:
    first, second = ward.engines["a"], ward.engines["b"]
    first.until, second.until = asyncio.Event(), asyncio.Event()
    calls = [asyncio.create_task(ward.ask(words)) for words in ("poison", "one", "two")]
    while len(first.bodies) < len(calls):
        await asyncio.sleep(0)
    first.until.set()
    async with asyncio.timeout(60):
        done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        assert {each.result() for each in done} == {"overloaded"}
        second.until.set()
        await asyncio.gather(*calls)


@pytest.mark.parametrize(("others", "third"), [(0, "request_quarantined"), (600, "engine_error")])
async def test_what_failed_longest_ago_is_forgotten_where_there_is_no_more_room(
    ward: Ward, others: int, third: str
) -> None:
    """One engine at a time here, so that the request is at its third where nobody remembers the first."""
    running = ward.house.fleet.running
    ward.house.model, ward.engines["c"].wire = "a", BROKEN
    assert await ward.ask("poison") == "engine_error"
    running["a"] = running["c"]
    for number in range(others):
        assert await ward.ask(f"other {number}") == "engine_error"
    running["a"] = running["b"]
    assert await ward.ask("poison") == "engine_error"
    running["a"] = running["d"]
    assert await ward.ask("poison") == third
