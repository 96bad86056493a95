"""What goes wrong, as the official Python SDK tells it: typed exceptions, and no broken stream ends well."""

import json
from typing import Any

import openai
import pytest

from tests.behaviour.sdk import HELLO, streamed_or_not
from tests.behaviour.servers import Served, limited_key, new_key, poor_key

WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}
LONG = "word " * 4000


def told(error: openai.APIStatusError) -> tuple[str | None, str | None]:
    """The code and the field of an error, whose other parts have to be there."""
    assert isinstance(error.body, dict)
    assert set(error.body) == {"message", "type", "param", "code"}
    assert error.body["message"] in error.message
    assert error.type
    assert (error.request_id or "").startswith("req_")
    return error.code, error.param


def ask(client: openai.OpenAI, path: str, **fields: Any) -> Any:
    """A call of one kind with whatever fields, right or wrong."""
    if path == "chat":
        return client.chat.completions.create(**{"model": "stub", "messages": HELLO} | fields)
    if path == "completions":
        return client.completions.create(**{"model": "stub", "prompt": "Hello"} | fields)
    return client.embeddings.create(**{"model": "stub", "input": "Hello"} | fields)


def test_a_key_that_does_not_exist_or_was_revoked_is_no_key(client: openai.OpenAI, models: Served) -> None:
    for call in (lambda known: known.models.list(), lambda known: ask(known, "chat")):
        with pytest.raises(openai.AuthenticationError) as stranger:
            call(client.with_options(api_key="sk-jixi-nobody"))
        assert told(stranger.value) == ("invalid_api_key", None)
    secret = new_key(models.admin, name="Revoked")
    (key,) = [key for key in models.admin.get("/api/keys").json()["items"] if key["name"] == "Revoked"]
    assert models.admin.delete(f"/api/keys/{key['id']}").status_code == 204
    with pytest.raises(openai.AuthenticationError) as revoked:
        client.with_options(api_key=secret).models.list()
    assert told(revoked.value) == ("api_key_revoked", None)


def test_a_calls_id_is_the_servers_own_and_one_that_is_sent_along_is_ignored(
    client: openai.OpenAI, models: Served
) -> None:
    calls = [
        client.chat.completions.with_raw_response.create(
            model="stub", messages=HELLO, max_tokens=2, extra_headers={"x-request-id": "req_mine"}
        )
        for _ in range(2)
    ]
    ids = {call.headers["x-request-id"] for call in calls}
    assert len(ids - {"req_mine"}) == 2
    assert "duplicate_request" not in models.admin.get("/api/openapi.json").text


@pytest.mark.parametrize("path", ["chat", "completions", "embeddings"])
def test_a_model_that_does_not_exist_is_not_found(client: openai.OpenAI, path: str) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        ask(client, path, model="gpt-nobody")
    assert told(unknown.value) == ("model_not_found", "model")


def test_a_model_is_looked_up_in_vain_and_a_stream_of_it_never_begins(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        client.models.retrieve("nobody/nothing")
    assert told(missing.value) == ("model_not_found", "model")
    with pytest.raises(openai.NotFoundError):
        ask(client, "chat", model="gpt-nobody", stream=True)


@pytest.mark.parametrize(
    ("path", "fields", "param"),
    [
        ("chat", {"temperature": "hot"}, "temperature"),
        ("chat", {"messages": "hello"}, "messages"),
        ("chat", {"messages": [{"role": "nobody", "content": "x"}]}, "messages[0].role"),
        ("chat", {"n": "two"}, "n"),
        ("chat", {"max_tokens": 0}, "max_tokens"),
        ("chat", {"stop": 5}, "stop"),
        ("chat", {"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ("chat", {"response_format": {"type": "xml"}}, "response_format.type"),
        (
            "chat",
            {"tools": [WEATHER], "tool_choice": {"type": "function", "function": {"name": "x"}}},
            "tool_choice",
        ),
        ("completions", {"prompt": 7}, "prompt"),
        ("embeddings", {"input": {}}, "input"),
        ("embeddings", {"model": "e5", "dimensions": 64}, "dimensions"),
        ("embeddings", {"model": "e5", "input": ""}, "input"),
    ],
)
def test_a_wrong_value_is_a_bad_request_that_names_its_field(
    client: openai.OpenAI, path: str, fields: dict[str, Any], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, path, **fields)
    assert told(refused.value) == ("invalid_value", param)


def test_a_schema_that_makes_no_sense_is_a_bad_request(client: openai.OpenAI) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "nonsense"}}}
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, "chat", model="smollm2", response_format=form)
    assert told(refused.value) == ("invalid_value", None)
    assert "nonsense" in refused.value.message


@pytest.mark.parametrize(
    ("path", "fields", "param"),
    [
        ("chat", {"model": "smollm2", "messages": [{"role": "user", "content": LONG}]}, "messages"),
        (
            "chat",
            {"model": "smollm2", "messages": [{"role": "user", "content": LONG}], "stream": True},
            "messages",
        ),
        ("completions", {"model": "smollm2", "prompt": LONG}, "prompt"),
        ("embeddings", {"model": "e5", "input": ["short", LONG]}, "input"),
    ],
)
def test_more_than_the_context_is_a_bad_request_that_names_what_is_too_long(
    client: openai.OpenAI, path: str, fields: dict[str, Any], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as long:
        ask(client, path, **fields)
    assert told(long.value) == ("context_length_exceeded", param)


def test_a_model_of_another_kind_is_a_bad_request(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as chat:
        ask(client, "chat", model="e5")
    assert told(chat.value)[0] == "operation_not_supported"
    with pytest.raises(openai.BadRequestError) as vectors:
        ask(client, "embeddings", model="smollm2")
    assert told(vectors.value)[0] == "operation_not_supported"


def test_what_a_key_may_not_do_is_denied(client: openai.OpenAI, models: Served) -> None:
    with pytest.raises(openai.PermissionDeniedError) as model:
        ask(client.with_options(api_key=new_key(models.admin, models=["e5"])), "chat")
    assert told(model.value)[0] == "model_not_allowed"
    with pytest.raises(openai.PermissionDeniedError) as scope:
        ask(client.with_options(api_key=new_key(models.admin, scopes=["embeddings"])), "chat")
    assert told(scope.value)[0] == "scope_missing"


@streamed_or_not
def test_an_exhausted_budget_is_a_rate_limit_that_is_not_worth_a_retry(models: Served, stream: bool) -> None:
    secret = poor_key(models.admin, f"Poor {stream}")
    # With retries on: the header has to keep the SDK from them.
    with (
        openai.OpenAI(base_url=f"{models.running.url}/v1", api_key=secret, max_retries=5, timeout=30) as poor,
        pytest.raises(openai.RateLimitError) as refused,
    ):
        ask(poor, "chat", stream=stream)
    assert told(refused.value)[0] == "budget_exceeded"
    assert refused.value.type == "insufficient_quota"
    assert refused.value.response.request.headers["x-stainless-retry-count"] == "0"


@streamed_or_not
def test_answers_under_a_rate_limit_say_what_is_left_and_the_refusal_when_to_come_back(
    models: Served, stream: bool
) -> None:
    secret = limited_key(models.admin, f"Slow {stream}", requests_per_minute=1, tokens_per_minute=1_000_000)
    with openai.OpenAI(base_url=f"{models.running.url}/v1", api_key=secret, max_retries=0) as slow:
        create = slow.chat.completions.with_raw_response.create
        fields: Any = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 4, "stream": stream}
        headers = create(model="stub", **fields).headers
        with pytest.raises(openai.RateLimitError) as refused:
            create(model="stub", **fields)
    assert headers["x-ratelimit-limit-requests"] == "1"
    assert headers["x-ratelimit-remaining-requests"] == "0"
    assert headers["x-ratelimit-limit-tokens"] == "1000000"
    assert int(headers["x-ratelimit-remaining-tokens"]) < 1_000_000
    assert told(refused.value)[0] == "request_rate_exceeded"
    assert 50 <= int(refused.value.response.headers["retry-after"]) <= 60


@pytest.mark.parametrize("fault", [{"cut_at": 600}, {"end_at": 3}, {"bad_frame": 3}])
@pytest.mark.parametrize(
    ("path", "fields"),
    [("chat", {}), ("chat", {"n": 2}), ("chat", {"tools": [WEATHER]}), ("completions", {})],
    ids=["chat", "two choices", "tools", "completions"],
)
def test_a_stream_that_breaks_raises_instead_of_ending_well(
    client: openai.OpenAI, path: str, fields: dict[str, Any], fault: dict[str, int]
) -> None:
    stream = ask(client, path, max_tokens=40, stream=True, extra_body={"stub": fault}, **fields)
    chunks: list[Any] = []
    with pytest.raises(openai.APIError) as broken:
        chunks.extend(stream)
    assert broken.value.code == "engine_error"
    assert "failed" in broken.value.message
    assert not isinstance(broken.value, openai.APIStatusError)
    assert not any(choice.finish_reason for chunk in chunks for choice in chunk.choices)


def test_a_stream_that_breaks_ends_on_the_wire_in_an_error_and_is_never_done(client: openai.OpenAI) -> None:
    with client.chat.completions.with_streaming_response.create(
        model="stub", messages=HELLO, max_tokens=40, stream=True, extra_body={"stub": {"cut_at": 900}}
    ) as response:
        assert response.headers["x-request-id"].startswith("req_")
        events = [line.removeprefix("data: ") for line in response.iter_lines() if line]
    assert len(events) > 1
    assert "[DONE]" not in events
    assert [json.loads(event).get("error", {}).get("code") for event in events[-2:]] == [None, "engine_error"]


def test_what_breaks_before_the_first_word_is_a_status_and_no_stream(client: openai.OpenAI) -> None:
    with pytest.raises(openai.InternalServerError) as broken:
        ask(client, "chat", stream=True, extra_body={"stub": {"cut_at": 5}})
    assert told(broken.value) == ("engine_error", None)
    assert broken.value.status_code == 502


def test_a_busy_engine_is_left_alone_for_as_long_as_it_asks_and_the_sdk_tries_again(
    client: openai.OpenAI,
) -> None:
    with pytest.raises(openai.InternalServerError) as busy:
        ask(client, "chat", extra_body={"stub": {"status": 503, "retry_after": 2}})
    assert told(busy.value)[0] == "model_unavailable"
    assert busy.value.status_code == 503
    assert busy.value.response.headers["retry-after"] == "2"
    with pytest.raises(openai.InternalServerError) as paused:
        ask(client, "chat")
    assert told(paused.value)[0] == "model_unavailable"
    assert int(paused.value.response.headers["retry-after"]) in (1, 2)
    assert ask(client.with_options(max_retries=3), "chat").choices
