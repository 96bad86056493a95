"""Requests from either form to the other: what both can say survives, what one cannot say is refused by name."""

import json
from typing import Any

import pytest
from hypothesis import given

from jixi.core.errors import JixiError
from jixi.models.dialects import chat_to_messages, messages_to_chat
from tests.unit.dialects.forms import chats, unhurried

HELLO: list[dict[str, Any]] = [{"role": "user", "content": "Hello"}]
TOOL: dict[str, Any] = {"name": "get_weather", "input_schema": {"type": "object", "properties": {"city": {}}}}
FUNCTION = {"type": "function", "function": {"name": "get_weather"}}


def to_messages(**fields: Any) -> dict[str, Any]:
    return json.loads(chat_to_messages(json.dumps({"model": "m", "messages": HELLO} | fields).encode()))


def to_chat(**fields: Any) -> dict[str, Any]:
    body = {"model": "m", "max_tokens": 9, "messages": HELLO} | fields
    return json.loads(messages_to_chat(json.dumps(body).encode()))


@unhurried
@given(chats())
def test_a_chat_that_goes_there_and_back_is_the_same(chat: dict[str, Any]) -> None:
    there = chat_to_messages(json.dumps(chat).encode())
    assert json.loads(messages_to_chat(there)) == chat


@unhurried
@given(chats())
def test_turns_alternate_and_begin_with_the_user(chat: dict[str, Any]) -> None:
    roles = [turn["role"] for turn in json.loads(chat_to_messages(json.dumps(chat).encode()))["messages"]]
    assert roles == (["user", "assistant"] * len(roles))[: len(roles)]


def test_arguments_of_a_past_call_are_kept_to_the_letter() -> None:
    arguments = '{ "big": 12345678901234567890123, "f": 1.0e-2 }'
    calls = [{"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}]
    messages = [*HELLO, {"role": "assistant", "content": None, "tool_calls": calls}]
    body = json.dumps({"model": "m", "messages": messages}).encode()
    back = json.loads(messages_to_chat(chat_to_messages(body)))
    assert back["messages"][1]["tool_calls"] == calls


def test_results_of_tools_come_before_what_the_user_adds() -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}
    results = [
        {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": "sunny"}, image]},
        {"type": "tool_result", "tool_use_id": "b", "content": "no such town", "is_error": True},
        {"type": "text", "text": "Well?"},
    ]
    assert to_chat(messages=[*HELLO, {"role": "user", "content": results}])["messages"][1:] == [
        {"role": "tool", "tool_call_id": "a", "content": "sunny"},
        {"role": "tool", "tool_call_id": "b", "content": "Error: no such town"},
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
                {"type": "text", "text": "Well?"},
            ],
        },
    ]


def test_system_is_a_text_or_blocks_and_instructions_move_to_the_front() -> None:
    blocks = [
        {"type": "text", "text": "A", "cache_control": {"type": "ephemeral"}},
        {"type": "text", "text": "B"},
    ]
    assert to_chat(system="Be brief.")["messages"][0] == {"role": "system", "content": "Be brief."}
    texts = [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]
    assert to_chat(system=blocks)["messages"][0] == {"role": "system", "content": texts}
    told = to_messages(messages=[*HELLO, {"role": "developer", "content": "Be brief."}])
    assert told["system"] == [{"type": "text", "text": "Be brief."}]
    assert [turn["role"] for turn in told["messages"]] == ["user"]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"type": "auto"}, "auto"),
        ({"type": "any"}, "required"),
        ({"type": "none"}, "none"),
        ({"type": "tool", "name": "get_weather"}, FUNCTION),
    ],
)
def test_every_choice_of_a_tool_has_its_counterpart(choice: dict[str, Any], expected: Any) -> None:
    assert to_chat(tools=[TOOL], tool_choice=choice)["tool_choice"] == expected
    assert to_messages(tools=[FUNCTION], tool_choice=expected)["tool_choice"] == choice


def test_one_tool_at_a_time_is_said_in_both_forms() -> None:
    alone = {"type": "auto", "disable_parallel_tool_use": True}
    assert to_chat(tools=[TOOL], tool_choice=alone)["parallel_tool_calls"] is False
    assert to_messages(tools=[FUNCTION], parallel_tool_calls=False)["tool_choice"] == alone


@pytest.mark.parametrize(
    ("model", "effort", "thinking", "output"),
    [
        ("claude-sonnet-4-5-20250929", "low", {"type": "enabled", "budget_tokens": 2048}, None),
        ("claude-3-7-sonnet-latest", "high", {"type": "enabled", "budget_tokens": 7999}, None),
        ("claude-opus-4-7", "high", {"type": "adaptive"}, {"effort": "high"}),
        ("claude-opus-4-7", "none", {"type": "disabled"}, None),
    ],
)
def test_how_hard_to_think_is_said_as_the_model_takes_it(
    model: str, effort: str, thinking: dict[str, Any], output: dict[str, Any] | None
) -> None:
    told = to_messages(model=model, reasoning_effort=effort, max_completion_tokens=8000)
    assert told["thinking"] == thinking
    assert told.get("output_config") == output


@pytest.mark.parametrize(
    ("fields", "effort"),
    [
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "low"),
        ({"thinking": {"type": "enabled", "budget_tokens": 8000}}, "medium"),
        ({"thinking": {"type": "enabled", "budget_tokens": 30000}}, "high"),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}, "xhigh"),
        ({"thinking": {"type": "disabled"}, "output_config": {"effort": "high"}}, None),
    ],
)
def test_a_budget_for_thoughts_becomes_a_word(fields: dict[str, Any], effort: str | None) -> None:
    assert to_chat(**fields).get("reasoning_effort") == effort


def test_a_schema_for_the_answer_is_said_in_both_forms() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    told = to_messages(response_format=form)
    assert told["output_config"] == {"format": {"type": "json_schema", "schema": schema}}
    assert to_chat(output_config=told["output_config"])["response_format"] == form


def test_signed_thoughts_go_back_to_their_maker_and_unsigned_ones_do_not() -> None:
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "s"}
    hidden = {"type": "redacted_thinking", "data": "x"}
    turn = {"role": "assistant", "content": [thought, hidden, {"type": "text", "text": "Yes."}]}
    (_, said) = to_chat(messages=[*HELLO, turn])["messages"]
    assert said["reasoning_content"] == "Hm."
    assert to_messages(messages=[*HELLO, said])["messages"][1] == turn
    del said["thinking_blocks"]
    told = to_messages(messages=[*HELLO, said])["messages"][1]
    assert told["content"] == [{"type": "text", "text": "Yes."}]


def test_a_document_of_plain_text_is_text() -> None:
    source = {"type": "text", "media_type": "text/plain", "data": "Once upon a time"}
    blocks = [{"type": "document", "title": "Tale", "source": source}]
    (message,) = to_chat(messages=[{"role": "user", "content": blocks}])["messages"]
    assert message["content"] == "Tale\n\nOnce upon a time"


UNSAYABLE: list[tuple[dict[str, Any], str, str]] = [
    ({"n": 2}, "unsupported_parameter", "n"),
    ({"seed": 1}, "unsupported_parameter", "seed"),
    ({"logprobs": True}, "unsupported_parameter", "logprobs"),
    ({"frequency_penalty": 0.5}, "unsupported_parameter", "frequency_penalty"),
    ({"logit_bias": {"5": 1}}, "unsupported_parameter", "logit_bias"),
    ({"temperature": 1.5}, "invalid_value", "temperature"),
    ({"response_format": {"type": "json_object"}}, "invalid_value", "response_format.type"),
    ({"mystery": 1}, "unsupported_parameter", "mystery"),
    ({"messages": []}, "invalid_value", "messages"),
    ({"messages": [{"role": "user", "content": ""}]}, "invalid_value", "messages[0].content"),
    (
        {"messages": [{"role": "user", "content": "x", "name": "Ann"}]},
        "unsupported_parameter",
        "messages[0].name",
    ),
    (
        {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]},
        "invalid_value",
        "messages[0].content[0].type",
    ),
    (
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "ftp://x"}}]}]},
        "invalid_value",
        "messages[0].content[0].image_url.url",
    ),
    ({"tools": [{"type": "custom", "custom": {}}]}, "invalid_value", "tools[0].type"),
]
UNKNOWN_HERE: list[tuple[dict[str, Any], str, str]] = [
    ({"max_tokens": 0}, "invalid_value", "max_tokens"),
    ({"temperature": 2}, "invalid_value", "temperature"),
    ({"mystery": 1}, "unsupported_parameter", "mystery"),
    ({"mcp_servers": [{"url": "x"}]}, "unsupported_parameter", "mcp_servers"),
    ({"speed": "fast"}, "unsupported_parameter", "speed"),
    (
        {"tools": [{"type": "web_search_20260209", "name": "web_search"}]},
        "invalid_value",
        "tools[0].type",
    ),
    ({"tools": [{"name": "f"}]}, "invalid_value", "tools[0].input_schema"),
    ({"tools": [TOOL | {"defer_loading": True}]}, "unsupported_parameter", "tools[0].defer_loading"),
    ({"tool_choice": {"type": "tool"}, "tools": [TOOL]}, "invalid_value", "tool_choice.name"),
    (
        {"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}},
        "unsupported_parameter",
        "context_management.edits[0].type",
    ),
    (
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "image", "source": {"type": "file", "file_id": "f"}}],
                }
            ]
        },
        "invalid_value",
        "messages[0].content[0].source.type",
    ),
    ({"messages": [{"role": "system", "content": "x"}]}, "invalid_value", "messages[0].role"),
]


@pytest.mark.parametrize(("fields", "code", "param"), UNSAYABLE)
def test_what_anthropic_cannot_say_is_refused_by_name(fields: dict[str, Any], code: str, param: str) -> None:
    with pytest.raises(JixiError) as refused:
        to_messages(**fields)
    assert (refused.value.code, refused.value.param) == (code, param)


@pytest.mark.parametrize(("fields", "code", "param"), UNKNOWN_HERE)
def test_what_has_no_counterpart_here_is_refused_by_name(
    fields: dict[str, Any], code: str, param: str
) -> None:
    with pytest.raises(JixiError) as refused:
        to_chat(**fields)
    assert (refused.value.code, refused.value.param) == (code, param)


@pytest.mark.parametrize("body", [b"", b"[", b"\xff", b"[" * 20000])
def test_what_is_no_json_is_refused_in_both_forms(body: bytes) -> None:
    for translate in (chat_to_messages, messages_to_chat):
        with pytest.raises(JixiError) as refused:
            translate(body)
        assert refused.value.code in ("invalid_json", "invalid_value")
