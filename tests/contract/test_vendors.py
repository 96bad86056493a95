"""Every vendor, called with the official OpenAI SDK through the real gateway, looks like one and the same."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import openai
import pytest

from jixi.models.providers import vendor_registry
from tests.vendors.openai_wire import ARGUMENTS, TEXT, THOUGHT, TOOL
from tests.vendors.shapes import (
    ANSWER_TOKENS,
    CACHED_TOKENS,
    CREDENTIAL,
    PROMPT_TOKENS,
    SHAPES,
    Json,
    Shape,
)
from tests.vendors.world import UPSTREAM, World, another, newest, opened_world, sent

WEATHER: Any = {
    "type": "function",
    "function": {
        "name": TOOL,
        "description": "The weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        },
    },
}
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened_world(tmp_path_factory.mktemp("vendors")) as opened:
        yield opened


@pytest.fixture(params=list(SHAPES))
def shape(request: pytest.FixtureRequest) -> Shape:
    return SHAPES[request.param]


def of(fits: Callable[[Shape], bool]) -> list[str]:
    """The vendors that fit."""
    return [name for name, shape in SHAPES.items() if fits(shape)]


def said(text: str) -> Any:
    return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]


def ask(world: World, shape: Shape, text: str = "hello", **fields: Any) -> Any:
    fields = {"model": f"{shape.name}-chat", "max_tokens": 50, **fields}
    return world.client.chat.completions.create(messages=said(text), **fields)


def charges(world: World, shape: Shape) -> Json:
    """The usage of the vendor's model so far."""
    rows = world.admin.get("/api/usage", params={"group_by": "model"}).json()["rows"]
    return next((row for row in rows if f"{shape.name}-chat" in json.dumps(row)), {})


def test_every_built_in_vendor_stands_in_this_suite() -> None:
    assert set(vendor_registry()) == set(SHAPES)


def test_a_whole_answer_comes_under_the_public_name_with_the_vendors_usage(
    world: World, shape: Shape
) -> None:
    answer = ask(world, shape)
    choice = answer.choices[0]
    assert (choice.message.content, choice.finish_reason) == (TEXT, "stop")
    assert answer.model == f"{shape.name}-chat"
    assert answer.object == "chat.completion"
    usage = answer.usage
    assert (usage.prompt_tokens, usage.completion_tokens) == (PROMPT_TOKENS, ANSWER_TOKENS)
    assert usage.prompt_tokens_details.cached_tokens == CACHED_TOKENS
    assert UPSTREAM not in answer.to_json()


def test_a_stream_says_the_same_whatever_the_boundaries_of_its_blocks(world: World, shape: Shape) -> None:
    chunks = list(ask(world, shape, stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == TEXT
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert {chunk.model for chunk in chunks} == {f"{shape.name}-chat"}
    usage = chunks[-1].usage
    assert (usage.prompt_tokens, usage.completion_tokens) == (PROMPT_TOKENS, ANSWER_TOKENS)
    assert usage.prompt_tokens_details.cached_tokens == CACHED_TOKENS
    assert UPSTREAM not in "".join(chunk.to_json() for chunk in chunks)


def test_a_stream_is_charged_as_the_vendor_counts_also_where_the_caller_wants_no_usage(
    world: World, shape: Shape
) -> None:
    before = charges(world, shape)
    list(ask(world, shape, stream=True))
    after = charges(world, shape)
    assert after["input_tokens"] - before.get("input_tokens", 0) == PROMPT_TOKENS
    assert after["output_tokens"] - before.get("output_tokens", 0) == ANSWER_TOKENS


def test_the_vendor_is_asked_in_its_own_words(world: World, shape: Shape) -> None:
    ask(world, shape, max_tokens=50, temperature=0.5, stop=["END"])
    request = sent(world, shape)
    assert request.path == shape.chat.replace("UPSTREAM", UPSTREAM)
    assert request.body["model"] == UPSTREAM
    assert request.body[shape.limit_field] == 50
    assert request.body["temperature"] == 0.5
    assert request.body.get("stop") == ["END"] or request.body.get("stop_sequences") == ["END"]
    assert request.headers[shape.header.lower()] == shape.scheme + CREDENTIAL
    assert CREDENTIAL not in json.dumps([request.path, request.query, request.body])
    others = {name: value for name, value in request.headers.items() if name != shape.header.lower()}
    assert CREDENTIAL not in json.dumps(others)
    assert "cookie" not in others


def test_a_lane_with_prices_of_its_own_is_refused_and_the_usual_one_asked_for_where_it_has_a_name(
    world: World, shape: Shape
) -> None:
    for tier in ("priority", "flex", ["auto"]):
        with pytest.raises(openai.BadRequestError) as caught:
            ask(world, shape, extra_body={"service_tier": tier})
        assert (caught.value.code, caught.value.param) == ("unsupported_parameter", "service_tier")
    for tier in ("auto", "default", None):
        ask(world, shape, extra_body={"service_tier": tier})
        known = tier is not None and shape.name == "openai"
        assert sent(world, shape).body.get("service_tier") == (tier if known else None)


def test_a_tool_is_called_and_its_result_comes_back(world: World, shape: Shape) -> None:
    messages = said("What is the weather?")
    asked: Any = {"model": f"{shape.name}-chat", "tools": [WEATHER], "max_tokens": 50}
    first = world.client.chat.completions.create(messages=messages, **asked)
    (call,) = first.choices[0].message.tool_calls or []
    assert first.choices[0].finish_reason == "tool_calls"
    assert call.type == "function"
    assert (call.function.name, json.loads(call.function.arguments)) == (TOOL, json.loads(ARGUMENTS))
    messages += [
        first.choices[0].message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": call.id, "content": "sunny"},
    ]
    second = world.client.chat.completions.create(messages=messages, **asked)
    assert second.choices[0].message.content == TEXT
    body = json.dumps(sent(world, shape).body, ensure_ascii=False)
    assert body.count(call.id) == 2
    assert "sunny" in body


def test_a_tool_call_streams_in_parts(world: World, shape: Shape) -> None:
    name, arguments, ids, finish = "", "", set[str](), None
    for chunk in ask(world, shape, "weather?", tools=[WEATHER], stream=True):
        choice = chunk.choices[0]
        finish = choice.finish_reason or finish
        for call in choice.delta.tool_calls or ():
            assert call.index == 0
            ids |= {call.id} if call.id else set()
            name += call.function.name or ""
            arguments += call.function.arguments or ""
    assert (name, json.loads(arguments), len(ids), finish) == (TOOL, json.loads(ARGUMENTS), 1, "tool_calls")


def test_an_image_reaches_the_vendor_in_its_own_form(world: World, shape: Shape) -> None:
    parts: Any = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
    ]
    answer = world.client.chat.completions.create(
        model=f"{shape.name}-chat", messages=[{"role": "user", "content": parts}], max_tokens=50
    )
    assert answer.choices[0].message.content == TEXT
    image = sent(world, shape).body["messages"][-1]["content"][1]
    if shape.name == "anthropic":
        assert image["type"] == "image"
        assert image["source"] == {"type": "base64", "media_type": "image/png", "data": PIXEL}
    else:
        assert image == parts[1]


@pytest.mark.parametrize("shape", of(lambda shape: shape.reasoning is not None), indirect=True)
def test_thoughts_come_as_reasoning_content_and_nowhere_else(world: World, shape: Shape) -> None:
    message = ask(world, shape, "reason").choices[0].message
    assert (message.reasoning_content, message.content) == ("".join(THOUGHT), TEXT)
    thought, text = "", ""
    for chunk in ask(world, shape, "reason", stream=True):
        thought += getattr(chunk.choices[0].delta, "reasoning_content", None) or ""
        text += chunk.choices[0].delta.content or ""
    assert (thought, text) == ("".join(THOUGHT), TEXT)


EXPECTED = {
    "credential": (502, "provider_credential_refused"),
    "quota": (502, "provider_quota_exhausted"),
    "unknown_model": (502, "provider_model_unknown"),
    "rate": (503, "model_unavailable"),
    "overloaded": (503, "model_unavailable"),
    "context": (400, "context_length_exceeded"),
    "request": (400, "invalid_value"),
    "content": (400, "content_filter"),
    "failure": (502, "engine_error"),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("shape", "fault"),
    [(name, fault) for name, shape in SHAPES.items() for fault in EXPECTED if fault in shape.errors],
    indirect=["shape"],
)
def test_a_refusal_becomes_a_problem_of_ours(world: World, shape: Shape, fault: str, stream: bool) -> None:
    with (
        another(world, shape, f"{shape.name}-{fault}-{stream}") as name,
        pytest.raises(openai.APIStatusError) as caught,
    ):
        ask(world, shape, f"fault {fault}", stream=stream, model=name)
    error = caught.value
    assert (error.status_code, error.code) == EXPECTED[fault]
    pointless = fault in ("credential", "quota")
    assert error.response.headers.get("x-should-retry") == ("false" if pointless else None)
    text = error.response.text
    assert CREDENTIAL not in text
    assert CREDENTIAL[-4:] not in text
    assert UPSTREAM not in text
    assert "platform.openai.com" not in text
    assert "org-X" not in text
    if fault == "rate" and "retry-after" in shape.errors[fault].headers:
        assert error.response.headers["retry-after"] == shape.errors[fault].headers["retry-after"]
    if fault == "failure":
        assert f"status {shape.errors[fault].status}" in error.message
    if fault == "context" and any(char.isdigit() for char in str(shape.errors["context"].body)):
        assert "tokens" in error.message


def test_a_cut_answer_is_an_error_and_never_a_good_end(world: World, shape: Shape) -> None:
    chunks: list[Any] = []
    with another(world, shape, f"{shape.name}-cut") as name:
        with pytest.raises(openai.APIError):
            ask(world, shape, "cut", model=name)
        with pytest.raises(openai.APIError):
            chunks.extend(ask(world, shape, "cut", stream=True, model=name))
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * len(chunks)


def newest_charge(world: World) -> tuple[str, str, int, int]:
    """Outcome, code, input and output tokens."""
    charge = newest(world)
    return charge["outcome"], charge["error_code"], charge["input_tokens"], charge["output_tokens"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", ["messages", "responses"])
def test_an_answer_that_cannot_be_told_in_the_callers_form_is_charged_as_failed(
    world: World, path: str, stream: bool
) -> None:
    body: Json = {"model": "openai-chat", "stream": stream, "input": "odd"}
    if path == "messages":
        body = {"model": "openai-chat", "stream": stream, "max_tokens": 50, "messages": said("odd")[1:]}
    headers = {"Authorization": f"Bearer {world.client.api_key}"}
    answer = httpx2.post(f"{world.client.base_url}{path}", json=body, headers=headers, timeout=20)
    assert answer.status_code == (200 if stream else 502)
    assert "engine_error" in answer.text
    assert "message_stop" not in answer.text
    assert "response.completed" not in answer.text
    assert newest_charge(world) == ("failed", "engine_error", PROMPT_TOKENS, ANSWER_TOKENS)


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_makes_no_sense_is_charged_as_failed_with_what_the_vendor_reported(
    world: World, stream: bool
) -> None:
    shape = SHAPES["anthropic"]
    with (
        another(world, shape, f"anthropic-odd-{stream}") as name,
        pytest.raises(openai.APIStatusError) as caught,
    ):
        ask(world, shape, "odd", stream=stream, model=name)
    assert (caught.value.status_code, caught.value.code) == (502, "engine_error")
    reported = 1 if stream else ANSWER_TOKENS
    assert newest_charge(world) == ("failed", "engine_error", PROMPT_TOKENS, reported)


def test_a_caller_who_leaves_stops_the_vendor(world: World, shape: Shape) -> None:
    world.vendors.left.clear()
    stream = ask(world, shape, "hold", stream=True)
    next(iter(stream))
    stream.close()
    assert world.vendors.left.wait(5)


@pytest.mark.parametrize("shape", of(lambda shape: shape.embeddings is not None), indirect=True)
def test_embeddings_come_as_the_vendor_made_them(world: World, shape: Shape) -> None:
    answer = world.client.embeddings.create(
        model=f"{shape.name}-chat", input=["a", "bcd"], encoding_format="float"
    )
    assert [each.embedding for each in answer.data] == [[0.25, -0.5, 1.0], [0.25, -0.5, 3.0]]
    assert answer.model == f"{shape.name}-chat"
    assert answer.usage.prompt_tokens == 5
    assert sent(world, shape).body["model"] == UPSTREAM


@pytest.mark.parametrize("shape", of(lambda shape: shape.rerank is not None), indirect=True)
def test_documents_are_ranked_by_the_vendors_scores(world: World, shape: Shape) -> None:
    asked = {"model": f"{shape.name}-chat", "query": "q", "documents": ["a", "b", "c"], "top_n": 2}
    found: Any = world.client.post("/rerank", body=asked, cast_to=object)
    assert [each["index"] for each in found["results"]] == [2, 1]
    assert found["model"] == f"{shape.name}-chat"
    assert sent(world, shape).body["model"] == UPSTREAM


@pytest.mark.parametrize("shape", of(lambda shape: shape.completions is not None), indirect=True)
def test_a_completion_comes_as_the_vendor_made_it(world: World, shape: Shape) -> None:
    assert shape.completions is not None
    answer = world.client.completions.create(model=f"{shape.name}-chat", prompt="once", max_tokens=9)
    assert answer.choices[0].text == TEXT
    request = sent(world, shape)
    assert request.path == shape.completions.replace("UPSTREAM", UPSTREAM)
    assert request.body["max_tokens"] == 9


def test_a_check_shows_that_it_answers(world: World, shape: Shape) -> None:
    (found,) = [each for each in listed(world) if each["vendor"] == shape.name]
    check = world.admin.post(f"/api/providers/{found['id']}/check").json()
    assert check["ok"], check
    assert check["error"] is None
    assert check["models"] == ([f"{shape.name}-large", f"{shape.name}-small"] if shape.models else [])
    (after,) = [each for each in listed(world) if each["vendor"] == shape.name]
    assert (after["state"], after["reason"]) == ("ready", None)
    assert after["checked_at"] is not None


def listed(world: World) -> list[Json]:
    return world.admin.get("/api/providers").json()["items"]


def test_azure_names_deployment_and_version_in_the_address(world: World) -> None:
    ask(world, SHAPES["azure"])
    request = sent(world, SHAPES["azure"])
    assert request.path == f"/openai/deployments/{UPSTREAM}/chat/completions"
    assert request.query == {"api-version": "2024-10-21"}


def test_anthropic_is_told_the_date_of_its_api_and_gets_a_limit_where_the_caller_set_none(
    world: World,
) -> None:
    ask(world, SHAPES["anthropic"], max_tokens=None)
    request = sent(world, SHAPES["anthropic"])
    assert request.headers["anthropic-version"] == "2023-06-01"
    assert request.body["max_tokens"] == 4_000
    assert [message["role"] for message in request.body["messages"]] == ["user"]
