"""A streamed answer is kept as the whole that its caller read."""

import json
from typing import Any

from jixi.governance.audit import Keeping, Traces, TraceSelection
from jixi.storage import Database, Vault
from tests.clocks import FrozenClock
from tests.traces import call


def _chunk(index: int = 0, finish_reason: str | None = None, **delta: Any) -> dict[str, Any]:
    choice = {"index": index, "delta": delta, "finish_reason": finish_reason}
    return {"id": "c1", "model": "m", "choices": [choice]}


async def _kept(database: Database, clock: FrozenClock, vault: Vault, answer: Any) -> Any:
    store = Traces(database, clock, vault, Keeping(content="redacted"))
    store.take([call(answer=json.dumps(answer).encode())])
    await store.write()
    kept = (await store.get(TraceSelection("ten_a", request_id="req_1"))).answer
    return json.loads(kept or "null")


async def test_what_is_cut_over_chunks_is_found_and_taken_out(
    database: Database, clock: FrozenClock, vault: Vault
) -> None:
    parts = ["call 138", "1234", "5678, or lin@exa", "mple.com"]
    chunks = [_chunk(role="assistant", content=""), *(_chunk(content=part) for part in parts)]
    kept = await _kept(database, clock, vault, [*chunks, _chunk(finish_reason="stop")])
    message = {"role": "assistant", "content": "call [phone], or [e-mail]"}
    assert kept == {
        "id": "c1",
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }


async def test_choices_and_calls_of_tools_are_told_apart(
    database: Database, clock: FrozenClock, vault: Vault
) -> None:
    def tool(index: int, **fields: Any) -> dict[str, Any]:
        return {"index": index, **fields}

    kept = await _kept(
        database,
        clock,
        vault,
        [
            _chunk(1, content="second"),
            _chunk(
                0, tool_calls=[tool(0, id="a", type="function", function={"name": "f", "arguments": '{"x'})]
            ),
            _chunk(0, tool_calls=[tool(0, function={"arguments": '":1}'}), tool(1, id="b")]),
        ],
    )
    first, second = kept["choices"]
    assert second["message"] == {"content": "second"}
    assert first["message"]["tool_calls"] == [
        {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}},
        {"index": 1, "id": "b"},
    ]


async def test_completions_grow_and_strange_chunks_do_no_harm(
    database: Database, clock: FrozenClock, vault: Vault
) -> None:
    odd: list[Any] = [{"choices": [{"text": "one "}, 5]}, {"choices": None}, {"choices": [{"text": "two"}]}]
    assert (await _kept(database, clock, vault, odd))["choices"] == [{"index": 0, "text": "one two"}]


async def test_what_is_no_stream_is_kept_as_it_is(
    database: Database, clock: FrozenClock, vault: Vault
) -> None:
    assert await _kept(database, clock, vault, [1, 2]) == [1, 2]
