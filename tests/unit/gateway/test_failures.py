"""What goes wrong on the way: every failure is told as one, once, and charged for what was produced."""

import asyncio
from typing import Any

import msgspec
import pytest

from jixi.core.errors import JixiError
from jixi.core.principal import Scope
from jixi.core.usage import Usage
from jixi.models.gateway import Limits
from tests.unit.gateway.fakes import (
    House,
    ScriptedEngine,
    chat,
    chunk,
    payloads,
    sse,
    usage_chunk,
    whole,
)

SHORT = Limits(
    retries=0, breaker=0, first_token_s=0.1, inter_token_s=0.1, whole_s=0.1, reader_s=0.1, waiting=2
)
short = pytest.mark.parametrize("limits", [SHORT])


async def refusal(house: House, kind: Scope = Scope.CHAT, **fields: object) -> JixiError:
    with pytest.raises(JixiError) as caught:
        await house.open(kind, **{"messages": chat(), **fields})
    return caught.value


def failed(wire: bytes) -> str:
    """The code of the error that a stream ends in, having checked that nothing else looks like an end."""
    chunks = payloads(wire)
    assert "[DONE]" not in chunks
    assert not any(one["choices"][0]["finish_reason"] for one in chunks[:-1])
    assert list(chunks[-1]) == ["error"]
    return chunks[-1]["error"]["code"]


async def test_what_comes_after_an_early_word_of_usage_is_charged_on_top(
    scripted: House, engine: ScriptedEngine
) -> None:
    engine.wire = sse(chunk("a"), usage_chunk(7, 1), chunk("b"), chunk("c"))
    engine.close_after = True
    reply = await scripted.open(messages=chat(), stream=True)
    assert reply.stream is not None
    assert failed(b"".join([block async for block in reply.stream])) == "engine_error"
    assert scripted.meter.settled["req_1"].usage == Usage(input_tokens=7, output_tokens=3, estimated=True)


@short
async def test_a_client_that_reads_on_after_it_was_given_up_is_told_so(
    scripted: House, engine: ScriptedEngine
) -> None:
    engine.wire = sse(chunk("a"), chunk("b"))
    engine.hold_at = len(engine.wire)
    reply = await scripted.open(messages=chat(), stream=True)
    assert reply.stream is not None
    first = await anext(reply.stream)
    assert (await asyncio.wait_for(scripted.meter.settlement(), 5)).outcome == "cancelled"
    rest = b"".join([block async for block in reply.stream])
    assert failed(first + rest) == "client_too_slow"


async def test_a_stream_cut_at_any_byte_ends_in_an_error_and_never_in_an_end(
    scripted: House, engine: ScriptedEngine
) -> None:
    wire = sse(chunk("a"), chunk("b"), chunk(None, "stop"), usage_chunk(1, 2), b"[DONE]")
    head = wire.index(b"\r\n\r\n") + 4
    first = head + 4 + len(b"data: \n\n") + len(chunk("a"))
    done = wire.index(b"[DONE]") + len(b"[DONE]\n\n")
    engine.close_after = True
    for cut in range(head, done):
        engine.wire = wire[:cut]
        name = f"req_{cut}"
        if cut < first:
            assert (await refusal(scripted, stream=True, request_id=name)).code == "engine_error"
            assert scripted.meter.settled[name].usage.output_tokens == 0
        else:
            reply = await scripted.open(messages=chat(), stream=True, request_id=name)
            assert reply.stream is not None
            assert failed(b"".join([block async for block in reply.stream])) == "engine_error"
            assert scripted.meter.settled[name].usage.output_tokens in (1, 2)
        assert scripted.meter.settled[name].outcome == "failed"
        assert scripted.meter.settled[name].error_code == "engine_error"


async def test_a_stream_that_is_complete_may_lack_its_last_bytes(
    scripted: House, engine: ScriptedEngine
) -> None:
    engine.wire = sse(chunk("a"), chunk(None, "stop"), usage_chunk(1, 1), b"[DONE]", end=b"")
    engine.close_after = True
    assert (await scripted.listen(messages=chat()))[-1] == "[DONE]"
    assert scripted.meter.settled["req_1"].outcome == "ok"


@pytest.mark.parametrize(
    "wire",
    [
        sse(chunk("a"), b'{"choices": [{"delta": {"cont'),
        sse(chunk("a"), b'{"choices": 1}'),
        sse(chunk("a"), b'{"id":"\xff\xfe"}'),
        sse(chunk("a"), b'{"error":{"message":"boom at /srv/x"}}', b"[DONE]"),
        sse(chunk("a")),
        sse(chunk("a"), b"[DONE]"),
        sse(chunk("a"))[:-5] + b"zz\r\n",
        sse(chunk("a"), chunk("x" * 5_000_000), chunk(None, "stop"), b"[DONE]"),
        sse(chunk("a"), usage_chunk(-1, 1), chunk(None, "stop"), b"[DONE]"),
        sse(chunk("a"), b"[" * 100_000),
    ],
    ids=[
        "half a frame",
        "wrong type",
        "not UTF-8",
        "error",
        "no finish",
        "done only",
        "no HTTP",
        "5 MB frame",
        "negative usage",
        "nested",
    ],
)
async def test_a_malformed_stream_ends_in_an_error(
    scripted: House, engine: ScriptedEngine, wire: bytes
) -> None:
    engine.wire = wire
    out = await scripted.wire(messages=chat())
    assert failed(out) == "engine_error"
    assert b"/srv" not in out
    assert scripted.meter.settled["req_1"].outcome == "failed"
    assert scripted.meter.settled["req_1"].usage.output_tokens == 1
    assert scripted.meter.settled["req_1"].usage.estimated


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"choices":[]}', b'{"choices":7}', b"\xff"])
async def test_a_malformed_answer_is_an_engine_error_and_costs_nothing(
    scripted: House, engine: ScriptedEngine, body: bytes
) -> None:
    engine.wire = whole(body)
    assert (await refusal(scripted)).code == "engine_error"
    assert scripted.meter.settled["req_1"].usage.output_tokens == 0
    assert scripted.meter.settled["req_1"].outcome == "failed"


@pytest.mark.parametrize("limits", [Limits(retries=2)])
async def test_an_answer_without_end_is_told_as_such_and_not_asked_for_again(
    scripted: House, engine: ScriptedEngine
) -> None:
    engine.wire = b"HTTP/1.1 200 OK\r\n\r\n" + bytes(129 << 20)
    error = await refusal(scripted)
    assert (error.code, error.facts["reason"]) == ("engine_error", "its answer is too large")
    assert len(engine.bodies) == 1
    settled = scripted.meter.settled["req_1"]
    assert (settled.outcome, settled.usage) == ("failed", Usage())


@pytest.mark.parametrize("sound", [[0.5, -1, 2e-7], "AAAAPwAAgL8="])
@pytest.mark.parametrize(
    "garbled",
    [None, "NOPE", "AAAAPw==AA", "AAAAPwAA", "", [], [0.5, None], ["0.5"], [[0.5]], {}, 7],
)
async def test_vectors_that_are_none_or_too_few_are_the_engines_failure_and_cost_nothing(
    scripted: House, engine: ScriptedEngine, sound: object, garbled: object
) -> None:
    def answer(*vectors: object) -> bytes:
        data = [{"object": "embedding", "index": at, "embedding": one} for at, one in enumerate(vectors)]
        return whole(msgspec.json.encode({"object": "list", "data": data, "usage": {"prompt_tokens": 3}}))

    async def embed(number: int) -> dict[str, Any]:
        return await scripted.ask(Scope.EMBEDDINGS, input=["a", "b", "c"], request_id=f"req_{number}")

    engine.wire = answer(sound, sound, sound)
    assert [each["embedding"] for each in (await embed(1))["data"]] == [sound] * 3
    for number, vectors in enumerate([(sound,), (sound,) * 4, (), (sound, garbled, sound)], 2):
        engine.wire = answer(*vectors)
        with pytest.raises(JixiError) as caught:
            await embed(number)
        settled = scripted.meter.settled[f"req_{number}"]
        assert (caught.value.code, settled.outcome, settled.usage) == ("engine_error", "failed", Usage())


async def test_the_last_vector_of_a_large_answer_is_looked_at_too(
    scripted: House, engine: ScriptedEngine
) -> None:
    texts = ["a"] * 300
    for number, last in enumerate(([0.5], [None]), 1):
        vectors = [*([0.123456] * 500 for _ in texts[1:]), last]
        data = [{"object": "embedding", "index": at, "embedding": one} for at, one in enumerate(vectors)]
        answer = msgspec.json.encode({"object": "list", "data": data, "usage": {"prompt_tokens": 3}})
        assert len(answer) > 1024 * 1024
        engine.wire = whole(answer)
        asked = scripted.ask(Scope.EMBEDDINGS, input=texts, request_id=f"req_{number}")
        if last == [0.5]:
            assert len((await asked)["data"]) == len(texts)
        else:
            with pytest.raises(JixiError) as caught:
                await asked
            assert caught.value.code == "engine_error"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("status", "message", "code"),
    [
        (b"400 Bad Request", "temperature is odd", "invalid_value"),
        (b"404 Not Found", "no such thing", "invalid_value"),
        (b"500 Oops", "Traceback at /usr/lib/x.py", "engine_error"),
        (b"502 Oops", "", "engine_error"),
        (b"401 Who", "", "engine_error"),
        (b"503 Busy", "Loading model", "model_unavailable"),
        (b"429 Slow", "", "model_unavailable"),
        (b"501 No", "", "operation_not_supported"),
    ],
)
async def test_what_the_engine_refuses_is_told_in_our_words(
    scripted: House, engine: ScriptedEngine, status: bytes, message: str, code: str, stream: bool
) -> None:
    engine.wire = whole(msgspec.json.encode({"error": {"message": message}}), status, b"Retry-After: 7\r\n")
    error = await refusal(scripted, stream=stream)
    assert error.code == code
    assert error.retry_after == (7 if code == "model_unavailable" else None)
    assert "/usr" not in error.message()
    settled = scripted.meter.settled["req_1"]
    assert (settled.outcome, settled.usage.input_tokens, settled.usage.output_tokens) == ("failed", 0, 0)


async def test_a_request_longer_than_the_context_is_told_with_its_numbers(
    scripted: House, engine: ScriptedEngine
) -> None:
    body = (
        b'{"error":{"code":400,"message":"request (2031 tokens) exceeds the available context size '
        b'(512 tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":2031,"n_ctx":512}}'
    )
    engine.wire = whole(body, b"400 Bad Request")
    error = await refusal(scripted)
    assert (error.code, error.problem.status) == ("context_length_exceeded", 400)
    assert (error.facts["needed"], error.facts["context"]) == ("2031", 512)


@pytest.mark.parametrize(
    ("words", "needed", "context"),
    [
        (
            "This model's maximum context length is 65,536 tokens. However, you requested 70000 tokens (9 new).",
            "70000",
            65536,
        ),
        (
            "This model's maximum context length is 8192 tokens. However, your request has 9000 input tokens.",
            "9000",
            8192,
        ),
        ("prompt is too long: 209000 tokens > 200000 maximum", "209000", 200000),
        ("a text has 700 tokens, the context is 600; split it", "700", 600),
        ("<400> InternalError: Range of input length should be [1, 30720]", "> 512", 512),
        ("exceeded model token limit: 8192", "> 512", 512),
        ("", "> 512", 512),
    ],
)
async def test_of_the_numbers_in_a_refusal_those_are_told_whose_meaning_is_certain(
    scripted: House, engine: ScriptedEngine, words: str, needed: str, context: int
) -> None:
    body = msgspec.json.encode({"error": {"message": words, "code": "context_length_exceeded"}})
    engine.wire = whole(body, b"400 Bad Request")
    error = await refusal(scripted)
    assert (error.code, error.facts["needed"], error.facts["context"]) == (
        "context_length_exceeded",
        needed,
        context,
    )


@pytest.mark.parametrize(("named", "told"), [("seed", "seed"), ("n_probs", None), (["seed"], None)])
async def test_a_field_that_the_engine_names_is_told_if_the_caller_sent_it(
    scripted: House, engine: ScriptedEngine, named: object, told: str | None
) -> None:
    body = msgspec.json.encode({"error": {"message": "it is odd", "param": named}})
    engine.wire = whole(body, b"400 Bad Request")
    error = await refusal(scripted, seed=1)
    assert (error.code, error.param) == ("invalid_value", told)
    assert "it is odd" in error.message()


@pytest.mark.parametrize(
    "words",
    [
        "failed to load /srv/models/x.gguf",
        "see C:\\models\\x.gguf",
        "at 0x7f12ab34cd",
        "connect to 10.0.0.7:8080",
        "http://localhost:3000/x",
        'boom\nTraceback (most recent call last):\n File "/x/y.py", line 3',
        "unix:/run/x.sock",
    ],
)
async def test_no_path_and_no_address_of_ours_is_told(
    scripted: House, engine: ScriptedEngine, words: str
) -> None:
    engine.wire = whole(msgspec.json.encode({"error": {"message": words}}), b"400 Bad Request")
    text = (await refusal(scripted)).message()
    for secret in ("/home", "models", "0x7f", "10.0.0.7", "localhost", "Traceback", ".py", "/run"):
        assert secret not in text


async def test_an_engine_that_is_not_there_is_an_engine_error(
    scripted: House, engine: ScriptedEngine
) -> None:
    engine.path.unlink()
    assert (await refusal(scripted)).code == "engine_error"
    assert (await refusal(scripted, stream=True)).code == "engine_error"


@short
@pytest.mark.parametrize(
    ("wire", "hold"),
    [(b"", 0), (sse(b"x"), 60), (sse(chunk(""), chunk("")), None)],
    ids=["nothing", "headers", "role only"],
)
async def test_an_engine_that_says_nothing_is_given_up(
    scripted: House, engine: ScriptedEngine, wire: bytes, hold: int | None
) -> None:
    engine.wire, engine.hold_at = wire, len(wire) - 5 if hold is None else hold
    error = await refusal(scripted, stream=True)
    assert error.code == "engine_timeout"
    await engine.left.wait()
    assert scripted.meter.settled["req_1"].usage.input_tokens == 0


@short
async def test_comments_are_no_progress(scripted: House, engine: ScriptedEngine) -> None:
    """An engine that keeps the connection alive and makes no token is as dead as a silent one."""
    late = sse(chunk("late"), chunk(None, "stop"), b"[DONE]").partition(b"\r\n\r\n")[2]
    engine.wire = sse(chunk(""))[:-5] + b"8\r\n: ping\n\n\r\n" * 20_000 + late
    engine.size = 12
    assert (await refusal(scripted, stream=True)).code == "engine_timeout"


@short
async def test_a_whole_answer_that_never_comes_is_given_up(scripted: House, engine: ScriptedEngine) -> None:
    engine.hold_at = 0
    assert (await refusal(scripted)).code == "engine_timeout"
    await engine.left.wait()


@short
async def test_a_stall_between_tokens_ends_the_stream_in_an_error(
    scripted: House, engine: ScriptedEngine
) -> None:
    engine.wire = sse(chunk("a"), chunk("b"))
    engine.hold_at = len(engine.wire) - 5
    assert failed(await scripted.wire(messages=chat())) == "engine_timeout"
    await engine.left.wait()
    assert scripted.meter.settled["req_1"].usage.output_tokens == 2


@short
async def test_a_client_that_reads_nothing_frees_the_engine(scripted: House, engine: ScriptedEngine) -> None:
    engine.wire = sse(chunk("a"), chunk("b"))
    engine.hold_at = len(engine.wire) - 5
    reply = await scripted.open(messages=chat(), stream=True)
    assert reply.stream is not None
    settled = await scripted.meter.settlement()
    await engine.left.wait()
    assert settled.outcome == "cancelled"
    assert settled.usage.output_tokens in (1, 2)
    await reply.stream.aclose()


async def test_a_caller_who_leaves_a_stream_stops_the_engine_and_pays_for_what_there_was(
    scripted: House, engine: ScriptedEngine
) -> None:
    engine.wire = sse(chunk("a"), chunk("b"))
    engine.hold_at = len(engine.wire) - 5
    reply = await scripted.open(messages=chat(), stream=True)
    assert reply.stream is not None
    await anext(reply.stream)
    await reply.stream.aclose()
    await reply.stream.aclose()
    await engine.left.wait()
    settled = await scripted.meter.settlement()
    assert settled.outcome == "cancelled"
    assert settled.usage.output_tokens == 2
    assert settled.usage.input_tokens > 0


@pytest.mark.parametrize("stream", [False, True])
async def test_a_caller_who_leaves_while_waiting_stops_the_engine(
    scripted: House, engine: ScriptedEngine, stream: bool
) -> None:
    engine.hold_at = 0
    call = asyncio.create_task(scripted.open(messages=chat(), stream=stream))
    while not engine.bodies:
        await asyncio.sleep(0)
    call.cancel()
    await engine.left.wait()
    with pytest.raises(asyncio.CancelledError):
        await call
    settled = await scripted.meter.settlement()
    assert settled.outcome == "cancelled"
    assert settled.usage.output_tokens == 0
    assert settled.usage.input_tokens > 0


@pytest.mark.parametrize("stream", [False, True])
async def test_what_the_end_of_the_server_cuts_was_not_given_up_by_its_caller(
    scripted: House, engine: ScriptedEngine, stream: bool
) -> None:
    engine.hold_at = 0
    call = asyncio.create_task(scripted.open(messages=chat(), stream=stream))
    while not engine.bodies:
        await asyncio.sleep(0)
    scripted.gateway.interrupt()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert (await scripted.meter.settlement()).outcome == "interrupted"


async def test_a_caller_who_leaves_while_the_charge_is_written_is_charged_in_full(house: House) -> None:
    house.meter.gate.clear()
    call = asyncio.create_task(house.open(messages=chat("one two"), max_tokens=3))
    while house.replica.tokens == 0:
        await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    house.meter.gate.set()
    settled = await house.meter.settlement()
    assert (settled.outcome, settled.usage.output_tokens) == ("ok", 3)


async def test_what_a_long_stream_has_produced_is_marked_now_and_then(house: House) -> None:
    await house.wire(messages=chat(), max_tokens=30, stub={"drip_ms": 40})
    produced = [mark.output_tokens for mark in house.meter.marks]
    assert 1 <= len(produced) <= 4
    assert produced == sorted(produced)
    assert 0 < produced[0] < 30
