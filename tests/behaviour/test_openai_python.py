"""The official Python SDK, unchanged, against real models: every parameter, and every error that it raises."""

import json
import struct
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

from tests.behaviour.servers import Served, new_key

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Say hello to the king."}]
WEATHER: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"],
            "additionalProperties": False,
        },
    },
}
CLOCK: ChatCompletionToolParam = {
    "type": "function",
    "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}},
}
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 20}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
both = pytest.mark.parametrize("model", ["stub", "smollm2"])


@pytest.fixture
def client(models: Served) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{models.running.url}/v1", api_key=models.key, max_retries=0) as made:
        yield made


def test_models_are_listed_and_one_is_found_by_its_name(client: openai.OpenAI) -> None:
    assert {model.id for model in client.models.list()} == {"stub", "smollm2", "e5"}
    assert client.models.retrieve("smollm2").owned_by == "jixi"
    with pytest.raises(openai.NotFoundError) as missing:
        client.models.retrieve("nobody")
    assert missing.value.code == "model_not_found"


@both
def test_a_chat_is_answered_with_its_usage(client: openai.OpenAI, model: str) -> None:
    answer = client.chat.completions.create(model=model, messages=HELLO, max_tokens=8)
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason in ("stop", "length")
    assert answer.usage is not None
    assert 0 < answer.usage.completion_tokens <= 8
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.model == model
    assert answer._request_id is not None


@both
def test_a_stream_says_the_same_as_the_whole_answer_and_ends_with_its_usage(
    client: openai.OpenAI, model: str
) -> None:
    options: dict[str, Any] = {
        "model": model,
        "messages": HELLO,
        "max_tokens": 12,
        "temperature": 0,
        "seed": 7,
    }
    whole = client.chat.completions.create(**options)
    chunks = list(
        client.chat.completions.create(**options, stream=True, stream_options={"include_usage": True})
    )
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text == whole.choices[0].message.content
    assert [chunk.usage is not None for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert chunks[-1].usage is not None
    assert whole.usage is not None
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert len({chunk.id for chunk in chunks}) == 1


@both
def test_without_include_usage_no_chunk_has_a_usage(client: openai.OpenAI, model: str) -> None:
    chunks = client.chat.completions.create(model=model, messages=HELLO, max_tokens=4, stream=True)
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)


@both
def test_the_same_seed_gives_the_same_words(client: openai.OpenAI, model: str) -> None:
    def say(seed: int) -> str | None:
        answer = client.chat.completions.create(
            model=model, messages=HELLO, max_tokens=16, seed=seed, temperature=1.0, top_p=0.9
        )
        return answer.choices[0].message.content

    assert say(1) == say(1) != say(2)


@both
@pytest.mark.parametrize("stream", [False, True])
def test_n_gives_so_many_answers(client: openai.OpenAI, model: str, stream: bool) -> None:
    options: dict[str, Any] = {"model": model, "messages": HELLO, "max_tokens": 6, "n": 2, "temperature": 1.0}
    if stream:
        chunks = list(
            client.chat.completions.create(**options, stream=True, stream_options={"include_usage": True})
        )
        indexes = {choice.index for chunk in chunks for choice in chunk.choices}
        usage = chunks[-1].usage
    else:
        answer = client.chat.completions.create(**options)
        indexes = {choice.index for choice in answer.choices}
        usage = answer.usage
    assert indexes == {0, 1}
    assert usage is not None
    assert 2 <= usage.completion_tokens <= 12


@pytest.mark.parametrize("limit", ["max_tokens", "max_completion_tokens"])
@both
def test_both_names_of_the_limit_are_kept(client: openai.OpenAI, model: str, limit: str) -> None:
    many: dict[str, Any] = {limit: 3}
    answer = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "Count from one to a hundred."}], **many
    )
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 3


@both
@pytest.mark.parametrize("as_list", [False, True])
def test_an_answer_ends_before_its_stop_sequence(client: openai.OpenAI, model: str, as_list: bool) -> None:
    options: dict[str, Any] = {
        "model": model,
        "messages": HELLO,
        "max_tokens": 24,
        "temperature": 0,
        "seed": 1,
    }
    whole = client.chat.completions.create(**options).choices[0].message.content or ""
    word = whole.split()[2]
    stopped = client.chat.completions.create(**options, stop=[word, "§§§"] if as_list else word)
    text = stopped.choices[0].message.content or ""
    assert text.strip() == whole[: whole.index(word)].strip()
    assert stopped.choices[0].finish_reason == "stop"


@both
def test_logprobs_come_for_each_token_with_their_rivals(client: openai.OpenAI, model: str) -> None:
    answer = client.chat.completions.create(
        model=model, messages=HELLO, max_tokens=4, logprobs=True, top_logprobs=2
    )
    logprobs = answer.choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content is not None
    assert answer.usage is not None
    assert len(logprobs.content) == answer.usage.completion_tokens
    assert all(token.logprob <= 0 for token in logprobs.content)
    if model == "smollm2":
        assert all(len(token.top_logprobs) == 2 for token in logprobs.content)


def test_a_json_object_and_a_schema_shape_the_answer(client: openai.OpenAI) -> None:
    ask: list[ChatCompletionMessageParam] = [{"role": "user", "content": "A person as JSON: Ann, 30."}]
    loose = client.chat.completions.create(
        model="smollm2", messages=ask, max_tokens=200, temperature=0, response_format={"type": "json_object"}
    )
    if loose.choices[0].finish_reason == "stop":
        assert isinstance(json.loads(loose.choices[0].message.content or ""), dict)
    else:
        assert (loose.choices[0].message.content or "").lstrip().startswith("{")
    strict = client.chat.completions.create(
        model="smollm2",
        messages=ask,
        max_tokens=200,
        temperature=0,
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "person", "schema": PERSON, "strict": True},
        },
    )
    person = json.loads(strict.choices[0].message.content or "")
    assert set(person) == {"name", "age"}
    assert isinstance(person["age"], int)
    plain = client.chat.completions.create(
        model="smollm2", messages=ask, max_tokens=4, response_format={"type": "text"}
    )
    assert plain.choices[0].message.content


def test_a_required_tool_is_called_with_arguments_of_its_schema(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="smollm2",
        messages=[{"role": "user", "content": "The weather in Paris for the next 3 days?"}],
        tools=[WEATHER],
        tool_choice="required",
        temperature=0,
        max_tokens=200,
    )
    (call,) = answer.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert call.function.name == "get_weather"
    arguments = json.loads(call.function.arguments)
    assert isinstance(arguments["city"], str)
    assert isinstance(arguments["days"], int)
    assert answer.choices[0].finish_reason == "tool_calls"
    assert call.id


def test_a_named_tool_is_the_one_that_is_called_also_in_a_stream(client: openai.OpenAI) -> None:
    chunks = client.chat.completions.create(
        model="smollm2",
        messages=[{"role": "user", "content": "The weather in Paris?"}],
        tools=[WEATHER, CLOCK],
        tool_choice={"type": "function", "function": {"name": "get_time"}},
        temperature=0,
        max_tokens=100,
        stream=True,
    )
    names, arguments, finishes = [], "", []
    for chunk in chunks:
        for choice in chunk.choices:
            for part in choice.delta.tool_calls or []:
                assert part.function is not None
                names += [part.function.name] if part.function.name else []
                arguments += part.function.arguments or ""
            finishes += [choice.finish_reason] if choice.finish_reason else []
    assert names == ["get_time"]
    assert isinstance(json.loads(arguments), dict)
    assert finishes == ["tool_calls"]


def test_a_tool_that_may_be_called_is_called_where_the_model_writes_a_call(client: openai.OpenAI) -> None:
    says = '<tool_call>{"name": "get_weather", "arguments": {"city": "Paris", "days": 2}}</tool_call>'
    auto = client.chat.completions.create(
        model="stub", messages=HELLO, tools=[WEATHER], extra_body={"stub": {"say": says}}
    )
    (call,) = auto.choices[0].message.tool_calls or []
    assert json.loads(call.function.arguments) == {"city": "Paris", "days": 2}
    none = client.chat.completions.create(
        model="stub", messages=HELLO, tools=[WEATHER], tool_choice="none", extra_body={"stub": {"say": says}}
    )
    assert none.choices[0].message.tool_calls is None
    assert none.choices[0].finish_reason != "tool_calls"


def test_the_result_of_a_tool_is_answered_in_words(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="smollm2",
        messages=[
            {"role": "user", "content": "The weather in Paris?"},
            {
                "role": "assistant",
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "get_weather", "arguments": '{"city": "Paris", "days": 1}'},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": "Sunny, 21 degrees"},
        ],
        tools=[WEATHER],
        max_tokens=30,
        temperature=0,
    )
    assert answer.choices[0].message.content
    assert answer.choices[0].message.tool_calls is None


def test_a_prompt_that_comes_again_is_counted_as_cached(client: openai.OpenAI) -> None:
    story: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Once upon a time. " * 60}]
    for _ in range(2):
        answer = client.chat.completions.create(model="smollm2", messages=story, max_tokens=2, temperature=0)
    assert answer.usage is not None
    assert answer.usage.prompt_tokens_details is not None
    cached = answer.usage.prompt_tokens_details.cached_tokens or 0
    assert 200 < cached <= answer.usage.prompt_tokens


@both
def test_completions_work_whole_streamed_and_for_several_prompts(client: openai.OpenAI, model: str) -> None:
    prompts = ["Once upon a time", "The king said"]
    both_ = client.completions.create(model=model, prompt=prompts, max_tokens=5, temperature=0, n=1)
    assert [choice.index for choice in both_.choices] == [0, 1]
    one = client.completions.create(model=model, prompt=prompts[0], max_tokens=5, temperature=0)
    stream = client.completions.create(
        model=model, prompt=prompts[0], max_tokens=5, temperature=0, stream=True
    )
    assert "".join(chunk.choices[0].text for chunk in stream if chunk.choices) == one.choices[0].text
    assert one.usage is not None
    assert one.usage.completion_tokens == 5


def test_embeddings_come_as_numbers_or_packed_and_are_near_where_the_meaning_is(
    client: openai.OpenAI,
) -> None:
    texts = ["The cat sits on the mat.", "一只猫坐在垫子上。", "Quarterly revenue fell by nine percent."]
    found = client.embeddings.create(model="e5", input=texts, encoding_format="float")
    cat, chinese_cat, revenue = (entry.embedding for entry in found.data)
    assert sum(a * b for a, b in zip(cat, chinese_cat, strict=True)) > sum(
        a * b for a, b in zip(cat, revenue, strict=True)
    )
    assert found.usage.prompt_tokens > 0
    raw = client.embeddings.with_raw_response.create(model="e5", input=texts[0], encoding_format="base64")
    packed = b64decode(json.loads(raw.text)["data"][0]["embedding"])
    assert struct.unpack(f"<{len(cat)}f", packed) == pytest.approx(cat, abs=1e-5)


def test_a_field_that_only_the_engine_knows_reaches_it(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="smollm2", messages=HELLO, max_tokens=24, temperature=0, extra_body={"ignore_eos": True}
    )
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 24


def test_errors_are_those_that_the_sdk_knows(client: openai.OpenAI, models: Served) -> None:
    with pytest.raises(openai.AuthenticationError) as stranger:
        client.with_options(api_key="sk-jixi-nobody").models.list()
    assert stranger.value.code == "invalid_api_key"
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(model="gpt-nobody", messages=HELLO)
    assert (unknown.value.code, unknown.value.param) == ("model_not_found", "model")
    wrong: dict[str, Any] = {"temperature": "hot"}
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="stub", messages=HELLO, **wrong)
    assert (refused.value.code, refused.value.param) == ("invalid_value", "temperature")
    assert refused.value.request_id is not None
    with pytest.raises(openai.BadRequestError) as long:
        client.chat.completions.create(
            model="smollm2", messages=[{"role": "user", "content": "word " * 4000}]
        )
    assert long.value.code == "context_length_exceeded"
    narrow = new_key(models.admin, models=["e5"])
    with pytest.raises(openai.PermissionDeniedError) as forbidden:
        client.with_options(api_key=narrow).chat.completions.create(model="stub", messages=HELLO)
    assert forbidden.value.code == "model_not_allowed"


def test_an_exhausted_budget_is_refused_before_the_engine_hears_of_the_call(models: Served) -> None:
    poor_key = new_key(models.admin, name="Poor", scopes=["chat"])
    (key,) = [key for key in models.admin.get("/api/keys").json()["items"] if key["name"] == "Poor"]
    answer = models.admin.put(f"/api/budgets/{key['id']}", json={"limit_micros": 0})
    assert answer.status_code == 200, answer.text
    with (
        openai.OpenAI(base_url=f"{models.running.url}/v1", api_key=poor_key, max_retries=0) as poor,
        pytest.raises(openai.RateLimitError) as refused,
    ):
        poor.chat.completions.create(model="stub", messages=HELLO)
    assert refused.value.code == "budget_exceeded"


@pytest.mark.parametrize("fault", [{"cut_at": 600}, {"end_at": 3}, {"bad_frame": 3}])
def test_a_stream_that_breaks_raises_instead_of_ending_well(
    client: openai.OpenAI, fault: dict[str, int]
) -> None:
    stream = client.chat.completions.create(
        model="stub", messages=HELLO, max_tokens=40, stream=True, extra_body={"stub": fault}
    )
    said: list[str] = []
    with pytest.raises(openai.APIError) as broken:
        said.extend(chunk.choices[0].delta.content or "" for chunk in stream)
    assert broken.value.code == "engine_error"
    assert "".join(said)


def test_a_busy_engine_is_a_status_that_the_sdk_tries_again(client: openai.OpenAI) -> None:
    with pytest.raises(openai.InternalServerError) as busy:
        client.chat.completions.create(
            model="stub", messages=HELLO, extra_body={"stub": {"status": 503, "retry_after": 3}}
        )
    assert busy.value.status_code == 503
    assert busy.value.response.headers["retry-after"] == "3"
