"""The stub does what its script says, and its journal tells the truth about it."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from jixi.compute.drivers import Process, ProcessDriver
from jixi.core.errors import JixiError
from jixi.models.engines import (
    CANARY,
    EngineClient,
    EngineConnectionError,
    EngineResponse,
    Launch,
    StubEngine,
)

_CHAT = "/v1/chat/completions"


class Stub:
    """A running stub and a client to it."""

    def __init__(self, process: Process, client: EngineClient, journal: Path) -> None:
        self.process = process
        self._client = client
        self._journal = journal

    async def ask(self, request_id: str = "", *, path: str = _CHAT, **fields: Any) -> EngineResponse:
        body = {
            "messages": [{"role": "user", "content": "one two three"}],
            "prompt": "x",
            "input": "x",
        } | fields
        return await self._client.send(path, json.dumps(body).encode(), request_id=request_id)

    async def answer(self, request_id: str = "", **fields: Any) -> Any:
        response = await self.ask(request_id, **fields)
        return json.loads(await response.read())

    async def events(self, **fields: Any) -> list[str]:
        response = await self.ask(stream=True, **fields)
        lines = (await response.read()).decode().split("\n")
        return [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]

    def journal(self) -> list[tuple[str, str, int]]:
        lines = [json.loads(line) for line in self._journal.read_text().splitlines()]
        return [(line["id"], line["event"], line["tokens"]) for line in lines]


Start = Callable[..., Any]


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="jx-") as name:
        yield Path(name)


@pytest.fixture
async def start(folder: Path) -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:

        async def begin(*script: dict[str, Any], **options: Any) -> Stub:
            options = {"journal": str(folder / "journal"), "script": script} | options
            socket = folder / f"{len(list(folder.iterdir()))}.sock"
            launch = Launch(model="m", socket=socket, context=64, options=options)
            process = await ProcessDriver().start("stub", StubEngine().command(launch))
            client = EngineClient(launch.socket)
            stack.push_async_callback(process.stop, 5)
            stack.push_async_callback(client.close)
            ended = asyncio.ensure_future(process.wait())
            while not await _healthy(client) and not ended.done():
                await asyncio.wait({ended}, timeout=0.02)
            return Stub(process, client, folder / "journal")

        yield begin


async def _healthy(client: EngineClient) -> bool:
    try:
        response = await client.send("/health", method="GET")
        await response.read()
    except EngineConnectionError:
        return False
    return response.status == 200


async def collect(response: EngineResponse, received: bytearray) -> None:
    async for block in response.blocks():
        received += block


async def test_the_same_seed_and_prompt_give_the_same_words(start: Start) -> None:
    stub = await start(seed=3)
    one, same = await stub.answer(max_tokens=5), await stub.answer(max_tokens=5)
    other = await stub.answer(max_tokens=5, messages=[{"role": "user", "content": "something else"}])
    assert one == same
    assert one["choices"] != other["choices"]
    assert len(one["choices"][0]["message"]["content"].split()) == 5


async def test_without_a_limit_it_says_sixteen_tokens_or_as_many_as_it_was_told(start: Start) -> None:
    assert (await (await start()).answer())["usage"]["completion_tokens"] == 16
    assert (await (await start(tokens=64)).answer())["usage"]["completion_tokens"] == 64


async def test_it_stops_at_a_stop_word_and_counts_every_choice(start: Start) -> None:
    stub = await start({"say": "a b c d"}, {"say": "a b c d"})
    stopped = await stub.answer(stop=["c", "d"])
    assert stopped["choices"][0]["message"]["content"] == "a b"
    assert stopped["choices"][0]["finish_reason"] == "stop"
    assert (await stub.answer(n=3))["usage"]["completion_tokens"] == 12


async def test_a_script_is_followed_in_order_and_then_all_is_well(start: Start) -> None:
    stub = await start({"status": 429, "retry_after": 7}, {"status": 503})
    first, second, third = await stub.ask(), await stub.ask(), await stub.ask()
    assert [first.status, second.status, third.status] == [429, 503, 200]
    assert first.headers["retry-after"] == "7"
    assert "retry-after" not in second.headers


async def test_a_repeated_script_never_ends(start: Start) -> None:
    stub = await start({"status": 500}, {}, repeat=True)
    assert [(await stub.ask()).status for _ in range(4)] == [500, 200, 500, 200]


async def test_the_canary_leaves_the_script_to_others(start: Start) -> None:
    stub = await start({"status": 500})
    assert [(await stub.ask(CANARY)).status, (await stub.ask()).status] == [200, 500]


async def test_a_request_may_bring_its_own_fault_where_that_is_allowed(start: Start) -> None:
    assert (await (await start(request_scripts=True)).ask(stub={"status": 418})).status == 418
    assert (await (await start()).ask(stub={"status": 418})).status == 200


async def test_it_stalls_before_and_after_the_headers(start: Start) -> None:
    stub = await start({"stall_headers_s": 60}, {"stall_s": 60})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(stub.ask("before"), 0.2)
    response = await stub.ask("after", stream=True)
    assert response.status == 200
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(response.read(), 0.2)
    response.abort()
    await stub.answer("last")
    assert stub.journal()[:2] == [("before", "started", 0), ("before", "aborted", 0)]
    assert ("after", "aborted", 0) in stub.journal()


async def test_comments_flow_while_nothing_moves(start: Start) -> None:
    stub = await start({"stall_s": 60, "comments": True, "stall_at": 2})
    response = await stub.ask(stream=True)
    seen = b""
    async for block in response.blocks():
        seen += block
        if seen.count(b": keep-alive\n\n") == 3:
            break
    response.abort()
    assert seen.count(b"data: ") == 2


@pytest.mark.parametrize("stream", [True, False])
async def test_it_cuts_an_answer_at_the_byte(start: Start, stream: bool) -> None:
    stub = await start({"cut_at": 300})
    response = await stub.ask(stream=stream)
    received = bytearray()
    with pytest.raises(EngineConnectionError):
        await collect(response, received)
    assert len(received) == (300 if not stream else 290)


async def test_a_bad_frame_stands_among_good_ones(start: Start) -> None:
    events = await (await start({"bad_frame": 2})).events()
    with pytest.raises(json.JSONDecodeError):
        json.loads(events[2])
    assert json.loads(events[3])
    assert events[-1] == "[DONE]"


async def test_a_bad_body_is_no_json(start: Start) -> None:
    with pytest.raises(json.JSONDecodeError):
        await (await start({"bad_frame": 0})).answer()


async def test_an_early_end_is_clean_on_the_wire_and_lacks_its_end(start: Start) -> None:
    events = await (await start({"end_at": 3})).events(stream_options={"include_usage": True})
    choices = [json.loads(event)["choices"][0] for event in events]
    assert [choice["delta"].get("content") for choice in choices[1:]] != []
    assert len(choices) == 1 + 3
    assert {choice["finish_reason"] for choice in choices} == {None}


async def test_usage_can_be_wrong_or_missing(start: Start) -> None:
    stub = await start({"usage": "wrong"}, {"usage": "missing"}, {"usage": "missing"})
    assert (await stub.answer(max_tokens=2))["usage"]["completion_tokens"] != 2
    assert "usage" not in await stub.answer()
    events = await stub.events(stream_options={"include_usage": True})
    assert all("usage" not in json.loads(event) for event in events[:-1])


async def test_a_slow_drip_takes_its_time_for_each_token(start: Start) -> None:
    stub = await start({"drip_ms": 20})
    began = asyncio.get_running_loop().time()
    await stub.answer(max_tokens=10)
    assert asyncio.get_running_loop().time() - began >= 0.2


async def test_the_journal_knows_what_was_made_when_a_caller_left(start: Start) -> None:
    stub = await start({"drip_ms": 10}, {"drip_ms": 10})
    response = await stub.ask("leaver", stream=True, max_tokens=1000)
    received = b""
    async for block in response.blocks():
        received += block
        if received.count(b"data: ") > 4:
            break
    response.abort()
    await stub.answer("stayer", max_tokens=3)
    left = [(event, tokens) for name, event, tokens in stub.journal() if name == "leaver"]
    assert left[0] == ("started", 0)
    assert left[1][0] == "aborted"
    assert 4 <= left[1][1] < 20
    assert ("stayer", "finished", 3) in stub.journal()


async def test_it_ends_its_process_when_the_script_says_so(start: Start) -> None:
    stub = await start({"exit_code": 9})
    with pytest.raises(EngineConnectionError):
        await stub.ask()
    assert await stub.process.wait() == 9


async def test_it_can_fail_to_start_and_says_so_in_its_log(start: Start) -> None:
    stub = await start(exit_at_start=4)
    assert await stub.process.wait() == 4
    assert "4" in stub.process.log()[-1]


async def test_it_can_take_its_time_to_get_ready(start: Start) -> None:
    began = asyncio.get_running_loop().time()
    await start(ready_after_s=0.3)
    assert asyncio.get_running_loop().time() - began >= 0.3


def test_a_script_with_a_word_that_it_does_not_know_is_refused() -> None:
    launch = Launch(model="m", socket=Path("s.sock"), options={"script": [{"explode": True}]})
    with pytest.raises(JixiError, match="explode"):
        StubEngine().command(launch)
