"""The official Python SDK of Anthropic, unchanged, against real models."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import pytest

from tests.behaviour.sdk import streamed_or_not
from tests.behaviour.servers import Served, limited_key, new_key, poor_key

HELLO: Any = [{"role": "user", "content": "Say hello to the king."}]
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 20}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER: Any = {"name": "get_weather", "description": "The weather of a city", "input_schema": SCHEMA}
CALL = '<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}}</tool_call>'
both = pytest.mark.parametrize("model", ["stub", "smollm2"])


@pytest.fixture
def claude(models: Served) -> Iterator[anthropic.Anthropic]:
    """The SDK with a key of `models`; what fails is not tried again."""
    with anthropic.Anthropic(
        base_url=models.running.url, api_key=models.key, max_retries=0, timeout=60
    ) as made:
        yield made


def scripted(**fault: Any) -> Any:
    """A question that the stub answers as it is told."""
    return [{"role": "user", "content": json.dumps({"stub": fault})}]


def told(error: anthropic.APIStatusError) -> tuple[str, str, str | None]:
    """Type, code and field of an error, whose other parts have to be there."""
    assert isinstance(error.body, dict)
    body: Any = error.body
    assert body["type"] == "error"
    assert body["request_id"].startswith("req_")
    assert body["error"]["message"]
    details = body["error"]["details"]
    return body["error"]["type"], details["error_code"], details["param"]


@both
def test_a_message_is_answered_with_its_usage(claude: anthropic.Anthropic, model: str) -> None:
    answer = claude.messages.create(model=model, messages=HELLO, max_tokens=8)
    (block,) = answer.content
    assert block.type == "text"
    assert block.text
    assert (answer.type, answer.role, answer.model) == ("message", "assistant", model)
    assert answer.stop_reason in ("end_turn", "max_tokens")
    assert answer.id.startswith("msg_")
    assert answer.usage.input_tokens > 0
    assert 0 < answer.usage.output_tokens <= 8
    assert (answer._request_id or "").startswith("req_")


@both
def test_a_stream_says_the_same_as_the_whole_message(claude: anthropic.Anthropic, model: str) -> None:
    options: Any = {"model": model, "messages": HELLO, "max_tokens": 12, "extra_body": {"temperature": 0}}
    whole = claude.messages.create(**options)
    with claude.messages.stream(**options) as stream:
        words = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert [block.text for block in whole.content if block.type == "text"] == [words]
    assert [block.text for block in final.content if block.type == "text"] == [words]
    assert final.stop_reason == whole.stop_reason
    assert final.usage.output_tokens == whole.usage.output_tokens
    read = [
        sum((usage.input_tokens, usage.cache_read_input_tokens or 0)) for usage in (whole.usage, final.usage)
    ]
    assert read[0] == read[1]


def test_every_event_of_a_stream_comes_in_its_place(claude: anthropic.Anthropic) -> None:
    with claude.messages.with_streaming_response.create(
        model="stub", messages=HELLO, max_tokens=3, stream=True
    ) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["request-id"] == response.headers["x-request-id"]
        names = [line.removeprefix("event: ") for line in response.iter_lines() if line.startswith("event: ")]
    assert names == [
        "message_start",
        "ping",
        "content_block_start",
        *["content_block_delta"] * 3,
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


def test_a_system_prompt_is_a_text_or_blocks_and_is_read(claude: anthropic.Anthropic) -> None:
    plain = claude.messages.create(model="stub", messages=HELLO, max_tokens=1)
    system: Any = [{"type": "text", "text": "Be very brief", "cache_control": {"type": "ephemeral"}}]
    for told_how in ("Be very brief", system):
        longer = claude.messages.create(model="stub", messages=HELLO, max_tokens=1, system=told_how)
        assert longer.usage.input_tokens == plain.usage.input_tokens + 3


@streamed_or_not
def test_a_stop_sequence_ends_a_message(claude: anthropic.Anthropic, stream: bool) -> None:
    messages = scripted(say="one two STOP three")
    options: Any = {"model": "stub", "messages": messages, "max_tokens": 9, "stop_sequences": ["STOP"]}
    if stream:
        with claude.messages.stream(**options) as events:
            answer: Any = events.get_final_message()
    else:
        answer = claude.messages.create(**options)
    assert answer.content[0].text == "one two"
    assert (answer.stop_reason, answer.stop_sequence) == ("stop_sequence", "STOP")


@streamed_or_not
def test_a_demanded_tool_is_called(claude: anthropic.Anthropic, stream: bool) -> None:
    options: Any = {
        "model": "smollm2",
        "messages": HELLO,
        "max_tokens": 200,
        "extra_body": {"temperature": 0},
        "tools": [WEATHER],
        "tool_choice": {"type": "tool", "name": "get_weather"},
    }
    if stream:
        with claude.messages.stream(**options) as events:
            answer: Any = events.get_final_message()
    else:
        answer = claude.messages.create(**options)
    (use,) = answer.content
    assert (use.type, use.name, answer.stop_reason) == ("tool_use", "get_weather", "tool_use")
    assert isinstance(use.input["city"], str)
    assert use.id


@streamed_or_not
def test_a_tool_is_called_by_choice_and_its_result_is_read(claude: anthropic.Anthropic, stream: bool) -> None:
    options: Any = {"model": "stub", "messages": scripted(say=CALL), "max_tokens": 90, "tools": [WEATHER]}
    if stream:
        with claude.messages.stream(**options) as events:
            answer: Any = events.get_final_message()
    else:
        answer = claude.messages.create(**options)
    (use,) = answer.content
    assert (use.name, use.input, answer.stop_reason) == ("get_weather", {"city": "Paris"}, "tool_use")
    result = {"type": "tool_result", "tool_use_id": use.id, "content": "Sunny and warm", "is_error": False}
    turns: Any = [
        *HELLO,
        {"role": "assistant", "content": answer.content},
        {"role": "user", "content": [result, {"type": "text", "text": "So?"}]},
    ]
    final = claude.messages.create(model="smollm2", messages=turns, max_tokens=4, tools=[WEATHER])
    assert final.content[0].type == "text"


def test_calls_at_once_keep_their_ids_and_arguments(claude: anthropic.Anthropic) -> None:
    calls = [{"name": "get_weather", "arguments": {"city": city}} for city in ("Paris", "Rome")]
    say = json.dumps(calls)
    options: Any = {"model": "stub", "messages": scripted(say=say), "max_tokens": 90, "tools": [WEATHER]}
    whole: Any = claude.messages.create(**options)
    with claude.messages.stream(**options) as events:
        streamed: Any = events.get_final_message()
    for answer in (whole, streamed):
        assert [use.input["city"] for use in answer.content] == ["Paris", "Rome"]
        assert len({use.id for use in answer.content}) == 2


def test_tools_can_be_forbidden(claude: anthropic.Anthropic) -> None:
    options: Any = {"model": "stub", "messages": scripted(say=CALL), "max_tokens": 90, "tools": [WEATHER]}
    answer = claude.messages.create(**options, tool_choice={"type": "none"})
    assert [block.type for block in answer.content] == ["text"]


def test_a_schema_shapes_the_answer(claude: anthropic.Anthropic) -> None:
    form: Any = {"format": {"type": "json_schema", "schema": SCHEMA}}
    answer: Any = claude.messages.create(model="smollm2", messages=HELLO, max_tokens=200, output_config=form)
    assert list(json.loads(answer.content[0].text)) == ["city"]


def test_tokens_are_counted_as_the_answer_counts_them(claude: anthropic.Anthropic) -> None:
    asked: Any = {"messages": HELLO, "system": "Be brief.", "model": "smollm2"}
    counted = claude.messages.with_raw_response.count_tokens(**asked)
    assert counted.headers["x-jixi-token-count"] == "exact"
    answer = claude.messages.create(**asked, max_tokens=1)
    read = answer.usage.input_tokens + (answer.usage.cache_read_input_tokens or 0)
    assert counted.parse().input_tokens == read


def test_counting_is_a_request_of_the_minute_and_costs_nothing(
    claude: anthropic.Anthropic, models: Served
) -> None:
    once = claude.with_options(api_key=limited_key(models.admin, "counts once", requests_per_minute=1))
    poor = claude.with_options(api_key=poor_key(models.admin, "counts for nothing"))
    asked: Any = {"messages": HELLO, "model": "smollm2"}
    before = models.admin.get("/api/usage").json()["totals"]
    once.messages.count_tokens(**asked)
    with pytest.raises(anthropic.RateLimitError) as refused:
        once.messages.count_tokens(**asked)
    assert 1 <= int(refused.value.response.headers["retry-after"]) <= 60
    assert poor.messages.count_tokens(**asked).input_tokens
    assert models.admin.get("/api/usage").json()["totals"] == before


def test_models_are_listed_and_found_in_this_dialect_too(claude: anthropic.Anthropic) -> None:
    assert {model.id for model in claude.models.list()} == {"stub", "smollm2", "e5"}
    found = claude.models.retrieve("smollm2")
    assert (found.type, found.display_name, found.max_input_tokens) == ("model", "smollm2", 2048)
    with pytest.raises(anthropic.NotFoundError) as missing:
        claude.models.retrieve("nobody")
    assert told(missing.value) == ("not_found_error", "model_not_found", "model")


def test_both_headers_carry_a_key_and_its_limits(models: Served) -> None:
    narrow = new_key(models.admin, models=["e5"])
    for key in ({"api_key": narrow}, {"auth_token": narrow}):
        with anthropic.Anthropic(base_url=models.running.url, max_retries=0, **key) as made:
            with pytest.raises(anthropic.PermissionDeniedError) as denied:
                made.messages.create(model="stub", messages=HELLO, max_tokens=1)
            assert told(denied.value)[:2] == ("permission_error", "model_not_allowed")
            assert [model.id for model in made.models.list()] == ["e5"]


def test_a_key_that_does_not_exist_is_no_key(models: Served) -> None:
    for key in ({"api_key": "sk-jixi-nobody"}, {"auth_token": "sk-jixi-nobody"}):
        with (
            anthropic.Anthropic(base_url=models.running.url, max_retries=0, **key) as stranger,
            pytest.raises(anthropic.AuthenticationError) as refused,
        ):
            stranger.messages.create(model="stub", messages=HELLO, max_tokens=1)
        assert told(refused.value) == ("authentication_error", "invalid_api_key", None)


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"max_tokens": 0}, "invalid_value", "max_tokens"),
        ({"messages": "hello"}, "invalid_value", "messages"),
        ({"messages": []}, "invalid_value", "messages"),
        ({"extra_body": {"temperature": 2}}, "invalid_value", "temperature"),
        ({"extra_body": {"mystery": 1}}, "unsupported_parameter", "mystery"),
        (
            {"tools": [{"type": "web_search_20260209", "name": "web_search"}]},
            "invalid_value",
            "tools[0].type",
        ),
        (
            {"tools": [WEATHER], "tool_choice": {"type": "tool", "name": "x"}},
            "invalid_value",
            "tool_choice",
        ),
        (
            {"model": "smollm2", "messages": [{"role": "user", "content": "word " * 4000}]},
            "context_length_exceeded",
            "messages",
        ),
    ],
)
def test_a_wrong_request_is_refused_in_this_dialect(
    claude: anthropic.Anthropic, fields: dict[str, Any], code: str, param: str
) -> None:
    options: Any = {"model": "stub", "messages": HELLO, "max_tokens": 9} | fields
    for stream in (False, True):
        with pytest.raises(anthropic.BadRequestError) as refused:
            claude.messages.create(**options, stream=stream)
        assert told(refused.value) == ("invalid_request_error", code, param)


def test_an_unknown_model_is_not_found(claude: anthropic.Anthropic) -> None:
    for ask in (
        lambda: claude.messages.create(model="nobody", messages=HELLO, max_tokens=1),
        lambda: claude.messages.count_tokens(model="nobody", messages=HELLO),
    ):
        with pytest.raises(anthropic.NotFoundError) as unknown:
            ask()
        assert told(unknown.value) == ("not_found_error", "model_not_found", "model")


def test_an_exhausted_budget_is_a_rate_limit_that_is_not_worth_a_retry(models: Served) -> None:
    secret = poor_key(models.admin, "Poor Anthropic")
    with (
        anthropic.Anthropic(base_url=models.running.url, api_key=secret, max_retries=5) as poor,
        pytest.raises(anthropic.RateLimitError) as refused,
    ):
        poor.messages.create(model="stub", messages=HELLO, max_tokens=1)
    assert told(refused.value)[:2] == ("rate_limit_error", "budget_exceeded")
    assert refused.value.response.request.headers["x-stainless-retry-count"] == "0"


def test_a_busy_engine_is_overloaded_and_worth_another_try(claude: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.APIStatusError) as busy:
        claude.messages.create(model="stub", messages=scripted(status=503, retry_after=1), max_tokens=1)
    assert busy.value.status_code == 529
    assert told(busy.value)[0] == "overloaded_error"
    assert busy.value.response.headers["retry-after"] == "1"
    patient = claude.with_options(max_retries=3)
    assert patient.messages.create(model="stub", messages=HELLO, max_tokens=1).content


@pytest.mark.parametrize("fault", [{"cut_at": 900}, {"end_at": 3}, {"bad_frame": 3}])
@pytest.mark.parametrize("tools", [[], [WEATHER]], ids=["plain", "tools"])
def test_a_stream_that_breaks_raises_instead_of_ending_well(
    claude: anthropic.Anthropic, fault: dict[str, int], tools: list[Any]
) -> None:
    options: Any = {"model": "stub", "messages": scripted(**fault), "max_tokens": 40}
    options |= {"tools": tools} if tools else {}
    seen: list[str] = []
    with pytest.raises(anthropic.APIStatusError) as broken, claude.messages.stream(**options) as events:
        seen.extend(event.type for event in events)
    assert told(broken.value)[:2] == ("api_error", "engine_error")
    assert "content_block_delta" in seen
    assert "message_delta" not in seen
    assert "message_stop" not in seen


def test_an_address_of_this_dialect_that_is_not_there_says_so_in_it(models: Served) -> None:
    with httpx2.Client(base_url=models.running.url, headers={"x-api-key": models.key}) as plain:
        lost = plain.get("/v1/messages/batches")
        wrong = plain.get("/v1/messages")
    assert (lost.status_code, lost.json()["error"]["type"]) == (404, "not_found_error")
    assert (wrong.status_code, wrong.json()["error"]["details"]["error_code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "POST"
