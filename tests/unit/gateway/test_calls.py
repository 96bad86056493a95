"""Whole answers and streams of one choice: what goes to the engine, what comes out, what is charged."""

import asyncio
import gc
import weakref
from typing import Any

import msgspec
import pytest

from jixi.core.errors import JixiError, problem
from jixi.core.principal import Scope
from jixi.core.usage import Usage
from tests.unit.gateway.fakes import (
    ONCE,
    House,
    ScriptedEngine,
    chat,
    chunk,
    payloads,
    said,
    sse,
    usage_chunk,
    whole,
)


async def test_a_chat_is_answered_and_charged_before_the_answer_is_given(house: House) -> None:
    answer = await house.ask(messages=chat("one two three"), max_tokens=5)
    settled = house.meter.settled["req_1"]
    assert answer["model"] == "stub"
    assert answer["usage"]["completion_tokens"] == 5
    assert settled.outcome == "ok"
    assert settled.usage == Usage(input_tokens=3, output_tokens=5)
    assert house.replica.tokens == 5


async def test_a_stream_says_what_the_whole_answer_says_and_costs_the_same(house: House) -> None:
    answer = await house.ask(messages=chat(), max_tokens=9, seed=7)
    chunks = await house.listen(messages=chat(), max_tokens=9, seed=7, request_id="req_2")
    assert said(chunks) == answer["choices"][0]["message"]["content"]
    assert chunks[-1] == "[DONE]"
    assert house.meter.settled["req_1"].usage == house.meter.settled["req_2"].usage
    assert all({"id", "object", "created", "model", "choices"} <= set(one) for one in chunks[:-1])


async def test_usage_is_streamed_to_those_alone_who_ask_for_it(house: House) -> None:
    plain = await house.listen(messages=chat(), max_tokens=3)
    assert not any("usage" in one for one in plain if one != "[DONE]")
    asked = await house.listen(messages=chat(), max_tokens=3, stream_options={"include_usage": True})
    assert asked[-1] == "[DONE]"
    assert asked[-2]["choices"] == []
    assert asked[-2]["usage"]["completion_tokens"] == 3
    assert asked[-2]["id"] == asked[0]["id"]


async def test_the_end_of_a_stream_waits_for_the_charge(house: House) -> None:
    house.meter.gate.clear()
    reply = await house.open(messages=chat(), max_tokens=3, stream=True)
    assert reply.stream is not None
    before = [await anext(reply.stream)]
    while b"tok" not in b"".join(before) or not b"".join(before).count(b"content") >= 4:
        before.append(await anext(reply.stream))
    assert b'"finish_reason":"length"' not in b"".join(before)
    assert b"[DONE]" not in b"".join(before)
    house.meter.gate.set()
    rest = b"".join([block async for block in reply.stream])
    assert b'"finish_reason":"length"' in rest
    assert rest.endswith(b"data: [DONE]\n\n")
    assert house.meter.settled["req_1"].outcome == "ok"


@pytest.mark.parametrize("leaves", [False, True])
async def test_a_stream_that_is_over_leaves_nothing_to_the_collector(house: House, leaves: bool) -> None:
    gc.disable()
    try:
        reply = await house.open(messages=chat(), max_tokens=3, stream=True)
        assert reply.stream is not None
        held = weakref.ref(reply.stream)
        async for _ in reply.stream:
            if leaves:
                break
        await reply.stream.aclose()
        await house.gateway.close()
        del reply
        assert held() is None
    finally:
        gc.enable()


async def test_completions_and_embeddings_are_charged_too(house: House) -> None:
    await house.ask(Scope.COMPLETIONS, prompt="one two", max_tokens=4)
    answer = await house.ask(Scope.EMBEDDINGS, input=["one", "two three"], request_id="req_2")
    assert house.meter.settled["req_1"].usage == Usage(input_tokens=2, output_tokens=4)
    assert house.meter.settled["req_2"].usage == Usage(input_tokens=3)
    assert [entry["index"] for entry in answer["data"]] == [0, 1]
    assert answer["model"] == "stub"


async def test_cached_tokens_are_charged_as_cached(house: House) -> None:
    for stream in (False, True):
        fields = {"messages": chat("one two three"), "max_tokens": 2, "stub": {"cached_tokens": 2}}
        if stream:
            chunks = await house.listen(stream_options={"include_usage": True}, request_id="req_2", **fields)
            usage = chunks[-2]["usage"]
        else:
            usage = (await house.ask(**fields))["usage"]
        assert usage["prompt_tokens_details"] == {"cached_tokens": 2}
    expected = Usage(input_tokens=3, cached_input_tokens=2, output_tokens=2)
    assert [house.meter.settled[name].usage for name in ("req_1", "req_2")] == [expected, expected]


async def test_unknown_fields_reach_the_engine_and_nulls_do_not(
    scripted: House, engine: ScriptedEngine
) -> None:
    engine.wire = whole(b'{"choices":[{"index":0,"message":{"content":"x"}}],"model":"stub"}')
    await scripted.ask(messages=chat(), mirostat=2, top_k=None, min_p=0.5)
    assert engine.bodies == [{"model": "stub", "messages": chat(), "mirostat": 2, "min_p": 0.5}]


async def test_a_body_that_needs_no_change_is_forwarded_as_it_came(
    scripted: House, engine: ScriptedEngine
) -> None:
    engine.wire = sse(chunk("a"), chunk(None, "stop"), usage_chunk(1, 1), b"[DONE]")
    body = (
        b'{ "model":"stub","stream":true, "stream_options":{"include_usage":true},'
        b'"messages":[{"role":"user","content":"x"}]}'
    )
    reply = await scripted.raw(body)
    assert reply.stream is not None
    _ = [block async for block in reply.stream]
    assert engine.bodies == [msgspec.json.decode(body)]


async def test_max_completion_tokens_is_what_engines_call_max_tokens(
    scripted: House, engine: ScriptedEngine
) -> None:
    engine.wire = whole(b'{"choices":[{"index":0,"message":{"content":"x"}}],"model":"stub"}')
    await scripted.ask(messages=chat(), max_tokens=9, max_completion_tokens=5)
    assert engine.bodies[0]["max_tokens"] == 5
    assert "max_completion_tokens" not in engine.bodies[0]
    assert scripted.meter.reserved[0].max_output_tokens == 5


async def test_a_developer_is_a_system_to_the_engine(scripted: House, engine: ScriptedEngine) -> None:
    engine.wire = whole(b'{"choices":[{"index":0,"message":{"content":"x"}}],"model":"stub"}')
    await scripted.ask(messages=[{"role": "developer", "content": "Be kind", "x": 1}, *chat()])
    assert engine.bodies[0]["messages"][0] == {"role": "system", "content": "Be kind", "x": 1}


async def test_the_public_name_stands_in_every_answer_whatever_the_engine_says(
    scripted: House, engine: ScriptedEngine
) -> None:
    engine.wire = whole(
        b'{"choices":[{"index":0,"message":{"content":"x"}}],"model":"/srv/models/secret.gguf"}'
    )
    answer = await scripted.ask(messages=chat())
    assert answer["model"] == "stub"
    assert answer["object"] == "chat.completion"
    assert answer["id"].startswith("chatcmpl-")
    assert answer["created"] > 0
    bare = b'{"choices":[{"index":0,"delta":{"content":"a"}}],"model":"/srv/models/secret.gguf"}'
    engine.wire = sse(bare, chunk(None, "stop", model="/srv/x"), usage_chunk(1, 1), b"[DONE]")
    wire = await scripted.wire(messages=chat())
    assert b"/srv" not in wire
    assert all({"id", "object", "created"} <= set(one) for one in payloads(wire)[:-1])


async def test_usage_that_an_engine_leaves_out_is_counted_and_marked(
    scripted: House, engine: ScriptedEngine
) -> None:
    engine.wire = sse(*[chunk("a")] * 5, chunk(None, "stop"), b"[DONE]")
    chunks = await scripted.listen(messages=chat(), stream_options={"include_usage": True})
    assert chunks[-2]["usage"]["completion_tokens"] == 5
    settled = scripted.meter.settled["req_1"]
    assert settled.usage.output_tokens == 5
    assert settled.usage.estimated
    assert settled.usage.input_tokens > 0


async def test_usage_that_cannot_be_true_is_not_believed(house: House) -> None:
    await house.listen(messages=chat(), max_tokens=9, stub={"usage": "wrong", "say": "one two three four"})
    assert house.meter.settled["req_1"].usage.output_tokens == 4
    assert house.meter.settled["req_1"].usage.estimated


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("reported", "charged"),
    [((3, 300), (3, 10)), ((500, 10), (82, 10)), ((500, 300), (82, 10))],
)
async def test_what_a_vendor_makes_beyond_what_is_held_is_not_charged(
    scripted: House,
    engine: ScriptedEngine,
    reported: tuple[int, int],
    charged: tuple[int, int],
    stream: bool,
) -> None:
    """It does not keep to max_tokens, or adds to the prompt."""
    if stream:
        engine.wire = sse(
            *[chunk("abcd")] * reported[1], chunk(None, "stop"), usage_chunk(*reported), b"[DONE]"
        )
        chunks = await scripted.listen(
            messages=chat("hi"), max_tokens=10, stream_options={"include_usage": True}
        )
        told = chunks[-2]["usage"]
        assert said(chunks) == "abcd" * reported[1]
    else:
        message = {"role": "assistant", "content": "abcd" * reported[1]}
        choices = [{"index": 0, "finish_reason": "stop", "message": message}]
        usage = {
            "prompt_tokens": reported[0],
            "completion_tokens": reported[1],
            "total_tokens": sum(reported),
        }
        base = {"id": "x", "object": "chat.completion", "created": 7, "model": "stub"}
        engine.wire = whole(msgspec.json.encode({**base, "choices": choices, "usage": usage}))
        told = (await scripted.ask(messages=chat("hi"), max_tokens=10))["usage"]
    (held,) = scripted.meter.reserved
    assert (held.max_input_tokens, held.max_output_tokens) == (82, 10)
    settled = scripted.meter.settled["req_1"]
    assert settled.outcome == "ok"
    assert settled.usage == Usage(input_tokens=charged[0], output_tokens=charged[1], estimated=True)
    assert (told["prompt_tokens"], told["completion_tokens"]) == charged


async def test_usage_in_the_last_chunk_of_content_is_told_apart(
    scripted: House, engine: ScriptedEngine
) -> None:
    """As llama.cpp does it for completions."""
    usage = {"prompt_tokens": 2, "completion_tokens": 1, "total_tokens": 3}
    base = {"id": "x", "object": "text_completion", "created": 7, "model": "stub"}
    first = msgspec.json.encode({**base, "choices": [{"index": 0, "text": "a", "finish_reason": None}]})
    last = msgspec.json.encode(
        {**base, "choices": [{"index": 0, "text": "", "finish_reason": "stop"}], "usage": usage}
    )
    engine.wire = sse(b"null", first, last, b"[DONE]")
    chunks = await scripted.listen(Scope.COMPLETIONS, prompt="x y")
    assert [set(one) & {"usage"} for one in chunks[:-1]] == [set(), set()]
    chunks = await scripted.listen(Scope.COMPLETIONS, prompt="x y", stream_options={"include_usage": True})
    assert chunks[-2]["usage"]["prompt_tokens"] == 2
    assert chunks[-2]["choices"] == []
    assert scripted.meter.settled["req_1"].usage == Usage(input_tokens=2, output_tokens=1)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 100_000])
async def test_a_stream_is_the_same_whatever_its_cuts(
    scripted: House, engine: ScriptedEngine, size: int
) -> None:
    engine.size = size
    texts = ["好", "a\n\nb", "data: [DONE]", '"finish_reason":"stop"', "é", "🙂"]
    engine.wire = sse(*map(chunk, texts), chunk(None, "stop"), usage_chunk(3, 6), b"[DONE]")
    wire = await scripted.wire(messages=chat())
    assert said(payloads(wire)) == "".join(texts)
    assert payloads(wire)[-1] == "[DONE]"


async def test_every_form_of_event_stream_is_understood(scripted: House, engine: ScriptedEngine) -> None:
    first, second, last = chunk("a"), chunk("b"), chunk(None, "stop")
    events = (
        b": hello\r\n\r\nevent: message\r\ndata:%b\r\n\r\nid: 4\ndata: %b\n\ndata: %b\r\rdata: [DONE]\n\n"
    )
    body = events % (first, second, last)
    engine.wire = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    for engine.size in (1, 5, 100_000):
        chunks = await scripted.listen(messages=chat())
        assert said(chunks) == "ab"
        assert chunks[-1] == "[DONE]"


async def test_log_probabilities_of_completions_take_the_form_that_clients_expect(
    scripted: House, engine: ScriptedEngine
) -> None:
    content = [
        {"token": "a", "logprob": -0.5, "top_logprobs": [{"token": "a", "logprob": -0.5}]},
        {"token": "bc", "logprob": -1.0, "top_logprobs": []},
    ]
    choice = {"index": 0, "text": "abc", "finish_reason": "stop", "logprobs": {"content": content}}
    engine.wire = whole(msgspec.json.encode({"model": "stub", "choices": [choice]}))
    answer = await scripted.ask(Scope.COMPLETIONS, prompt="x", logprobs=1)
    assert answer["choices"][0]["logprobs"] == {
        "tokens": ["a", "bc"],
        "token_logprobs": [-0.5, -1.0],
        "top_logprobs": [{"a": -0.5}, {}],
        "text_offset": [0, 1],
    }


@pytest.mark.parametrize("asked", [{}, {"top_logprobs": 0}, {"top_logprobs": None}])
async def test_a_rival_that_nobody_wants_is_asked_for_and_taken_away(
    scripted: House, engine: ScriptedEngine, asked: dict[str, Any]
) -> None:
    token = {"token": "a", "logprob": -0.5, "bytes": [97]}
    logprobs = {"content": [{**token, "top_logprobs": [token]}]}
    choice = {"index": 0, "message": {"content": "a"}, "finish_reason": "stop", "logprobs": logprobs}
    engine.wire = whole(msgspec.json.encode({"model": "stub", "choices": [choice]}))
    answer = await scripted.ask(messages=chat(), logprobs=True, **asked)
    assert answer["choices"][0]["logprobs"] == {"content": [{**token, "top_logprobs": []}]}
    assert engine.bodies[-1]["top_logprobs"] == 1


async def test_nothing_reaches_the_engine_when_the_money_is_refused(
    scripted: House, engine: ScriptedEngine
) -> None:
    scripted.meter.refusal = problem("budget_exceeded", scope="key", period="monthly", needed="1", left="0")
    with pytest.raises(JixiError) as caught:
        await scripted.open(messages=chat())
    assert caught.value.code == "budget_exceeded"
    assert engine.bodies == []


async def test_calls_whose_money_was_refused_leave_their_place_to_others(house: House) -> None:
    house.meter.refusal = problem("budget_exceeded", scope="key", period="monthly", needed="1", left="0")
    for _ in range(house.replica.spec.parallel + ONCE.waiting):
        with pytest.raises(JixiError):
            await house.open(messages=chat())
    house.meter.refusal = None
    async with asyncio.timeout(60):
        assert (await house.ask(messages=chat(), max_tokens=2))["usage"]["completion_tokens"] == 2


async def test_an_answer_whose_charge_fails_is_not_given(house: House) -> None:
    house.meter.failure = problem("ledger_unavailable")
    with pytest.raises(JixiError) as caught:
        await house.open(messages=chat(), max_tokens=2)
    assert caught.value.code == "ledger_unavailable"
    chunks = await house.listen(messages=chat(), max_tokens=2)
    assert chunks[-1]["error"]["code"] == "ledger_unavailable"
    assert not any(one["choices"][0]["finish_reason"] for one in chunks[:-1])


async def test_the_hold_covers_the_worst_case(house: House) -> None:
    await house.ask(messages=chat("héllo"), max_tokens=7, n=3)
    reserved = house.meter.reserved[0]
    assert reserved.max_output_tokens == 21
    assert 6 <= reserved.max_input_tokens <= 200
    await house.ask(messages=chat("x" * 5000))
    assert house.meter.reserved[1].max_input_tokens == 512
    assert house.meter.reserved[1].max_output_tokens == 512
