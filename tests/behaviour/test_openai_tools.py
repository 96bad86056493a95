"""Tools through the official Python SDK: called on demand, by choice or not at all, whole and streamed."""

import json
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionToolParam

from tests.behaviour.sdk import HELLO, calls_of, finishes_of, streamed_or_not, words_of

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
SAYS_A_CALL = '<tool_call>{"name": "get_weather", "arguments": {"city": "Paris", "days": 2}}</tool_call>'


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


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "get_time"}}])
@streamed_or_not
def test_a_demanded_tool_is_called_whole_and_streamed(
    client: openai.OpenAI, choice: Any, stream: bool
) -> None:
    options: dict[str, Any] = {
        "model": "smollm2",
        "messages": [{"role": "user", "content": "What time is it?"}],
        "tools": [CLOCK] if choice == "required" else [WEATHER, CLOCK],
        "tool_choice": choice,
        "temperature": 0,
        "max_tokens": 100,
    }
    if stream:
        chunks = list(client.chat.completions.create(**options, stream=True))
        assert (calls_of(chunks), finishes_of(chunks)) == ([("get_time", {})], ["tool_calls"])
        assert words_of(chunks) == ""
        return
    (answer,) = client.chat.completions.create(**options).choices
    (call,) = answer.message.tool_calls or []
    assert call.type == "function"
    assert (call.function.name, call.function.arguments) == ("get_time", "{}")
    assert answer.finish_reason == "tool_calls"


def test_a_tool_that_may_be_called_is_called_where_the_model_writes_a_call(client: openai.OpenAI) -> None:
    options: dict[str, Any] = {
        "model": "stub",
        "messages": HELLO,
        "tools": [WEATHER],
        "extra_body": {"stub": {"say": SAYS_A_CALL}},
    }
    for choice in ({}, {"tool_choice": "auto"}):
        (auto,) = client.chat.completions.create(**options, **choice).choices
        (call,) = auto.message.tool_calls or []
        assert call.type == "function"
        assert json.loads(call.function.arguments) == {"city": "Paris", "days": 2}
        assert auto.finish_reason == "tool_calls"
        chunks = list(client.chat.completions.create(**options, **choice, stream=True))
        assert calls_of(chunks) == [("get_weather", {"city": "Paris", "days": 2})]
        assert finishes_of(chunks) == ["tool_calls"]
    (none,) = client.chat.completions.create(**options, tool_choice="none").choices
    assert none.message.tool_calls is None
    assert none.finish_reason != "tool_calls"
    chunks = list(client.chat.completions.create(**options, tool_choice="none", stream=True))
    assert (calls_of(chunks), words_of(chunks)) == ([], SAYS_A_CALL)


@streamed_or_not
def test_words_stay_words_where_a_tool_might_have_been_called(client: openai.OpenAI, stream: bool) -> None:
    options: dict[str, Any] = {
        "model": "smollm2",
        "messages": HELLO,
        "tools": [WEATHER],
        "temperature": 0,
        "max_tokens": 10,
    }
    if stream:
        chunks = list(client.chat.completions.create(**options, stream=True))
        assert words_of(chunks)
        assert (calls_of(chunks), finishes_of(chunks)) == ([], ["length"])
        return
    (answer,) = client.chat.completions.create(**options).choices
    assert answer.message.content
    assert (answer.message.tool_calls, answer.finish_reason) == (None, "length")


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
