"""Questions of the Responses API as chats, and chat answers as Responses, whole and streamed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jixi.core.errors import JixiError
from jixi.models.dialects import (
    ChunksToResponse,
    Frame,
    completion_to_response,
    read_items,
    read_response_body,
    response_to_chat,
    stored_items,
)
from tests.unit.dialects.forms import chunked, completions, unhurried


def asked(**fields: Any) -> Any:
    return read_response_body(json.dumps({"model": "m", "input": "Hello"} | fields).encode())


def chat(**fields: Any) -> dict[str, Any]:
    body = asked(**fields)
    return json.loads(response_to_chat(body, read_items(body)))


def frame(**fields: Any) -> Frame:
    return Frame("resp_1", 1, asked(**fields))


def streamed(payloads: list[bytes]) -> list[dict[str, Any]]:
    machine = ChunksToResponse(frame())
    events = machine.begin()
    for payload in payloads:
        events += machine.feed(payload)
    return json.loads(json.dumps(events))


def chunk(**choice: Any) -> bytes:
    return json.dumps({"id": "chatcmpl-1", "choices": [{"index": 0, **choice}]}).encode()


def test_a_question_is_a_chat() -> None:
    told = chat(
        instructions="Be brief.",
        max_output_tokens=9,
        temperature=0.5,
        top_p=0.9,
        user="ann",
        reasoning={"effort": "low", "summary": "auto"},
        include=["reasoning.encrypted_content"],
        truncation="disabled",
        store=False,
        metadata={"a": "b"},
    )
    assert told == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}],
        "max_tokens": 9,
        "temperature": 0.5,
        "top_p": 0.9,
        "user": "ann",
        "reasoning_effort": "low",
    }
    assert chat(stream=True)["stream_options"] == {"include_usage": True}


def test_the_items_of_an_input_become_the_turns_of_a_chat() -> None:
    items = [
        {"role": "developer", "content": "Be kind."},
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "Look"},
                {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "auto"},
            ],
        },
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [],
            "content": [{"type": "reasoning_text", "text": "Hm."}],
        },
        {"role": "assistant", "content": [{"type": "output_text", "text": "A cat", "annotations": []}]},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"type": "function_call", "call_id": "c2", "name": "g", "arguments": '{"a": 1}'},
        {"type": "function_call_output", "call_id": "c1", "output": "one"},
        {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "two"}]},
        {"role": "assistant", "content": "Done"},
        {"role": "assistant", "content": "Really"},
    ]

    def call(name: str, call_id: str, arguments: str) -> dict[str, Any]:
        return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}

    assert chat(input=items)["messages"] == [
        {"role": "developer", "content": "Be kind."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look"},
                {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
            ],
        },
        {
            "role": "assistant",
            "content": "A cat",
            "reasoning_content": "Hm.",
            "tool_calls": [call("f", "c1", "{}"), call("g", "c2", '{"a": 1}')],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "one"},
        {"role": "tool", "tool_call_id": "c2", "content": "two"},
        {"role": "assistant", "content": "Done"},
        {"role": "assistant", "content": "Really"},
    ]


def test_tools_and_forms_are_said_as_a_chat_says_them() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    told = chat(
        tools=[{"type": "function", "name": "f", "parameters": schema, "strict": True}],
        tool_choice={"type": "function", "name": "f"},
        parallel_tool_calls=False,
        text={"format": {"type": "json_schema", "name": "answer", "schema": schema, "strict": True}},
    )
    assert told["tools"] == [
        {"type": "function", "function": {"name": "f", "parameters": schema, "strict": True}}
    ]
    assert told["tool_choice"] == {"type": "function", "function": {"name": "f"}}
    assert told["parallel_tool_calls"] is False
    form = {"name": "answer", "schema": schema, "strict": True}
    assert told["response_format"] == {"type": "json_schema", "json_schema": form}


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"tools": [{"type": "web_search"}]}, "invalid_value", "tools[0].type"),
    (
        {"tools": [{"type": "function", "name": "f", "mystery": 1}]},
        "unsupported_parameter",
        "tools[0].mystery",
    ),
    ({"tool_choice": {"type": "web_search"}}, "invalid_value", "tool_choice.type"),
    ({"background": True}, "unsupported_parameter", "background"),
    ({"truncation": "auto"}, "unsupported_parameter", "truncation"),
    ({"conversation": "conv_1"}, "unsupported_parameter", "conversation"),
    ({"prompt": {"id": "p"}}, "unsupported_parameter", "prompt"),
    ({"include": ["web_search_call.results"]}, "unsupported_parameter", "include[0]"),
    ({"mystery": 1}, "unsupported_parameter", "mystery"),
    ({"input": []}, "invalid_value", "input"),
    ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "invalid_value", "input[0].type"),
    ({"input": [{"role": "tool", "content": "x"}]}, "invalid_value", "input[0].role"),
    (
        {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]},
        "invalid_value",
        "input[0].content[0].type",
    ),
    (
        {"input": [{"role": "user", "content": [{"type": "input_image"}]}]},
        "invalid_value",
        "input[0].content[0].image_url",
    ),
    ({"text": {"format": {"type": "json_schema", "name": "x"}}}, "invalid_value", "text.format.schema"),
    ({"temperature": 3}, "invalid_value", "temperature"),
]


@pytest.mark.parametrize(("fields", "code", "param"), WRONG)
def test_what_is_not_served_is_refused_by_name(fields: dict[str, Any], code: str, param: str) -> None:
    with pytest.raises(JixiError) as refused:
        chat(**fields)
    assert (refused.value.code, refused.value.param) == (code, param)


@unhurried
@given(completions(), st.integers(1, 40))
def test_a_stream_ends_in_the_very_response_that_a_whole_answer_is(
    completion: dict[str, Any], size: int
) -> None:
    whole = json.loads(json.dumps(completion_to_response(json.dumps(completion).encode(), frame())))
    events = streamed(chunked(completion, size))
    last = events[-1]
    assert last["response"] == whole
    assert last["type"] == f"response.{whole['status']}"
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    assert done == whole["output"]


@unhurried
@given(completions(), st.integers(1, 40))
def test_deltas_add_up_to_what_is_done(completion: dict[str, Any], size: int) -> None:
    grown: dict[tuple[str, int], str] = {}
    for event in streamed(chunked(completion, size)):
        name, _, what = event["type"].rpartition(".")
        if what == "delta":
            key = (name, event["output_index"])
            grown[key] = grown.get(key, "") + event["delta"]
        elif what == "done" and name.endswith(("output_text", "reasoning_text", "arguments")):
            text = event["arguments"] if name.endswith("arguments") else event["text"]
            assert grown.pop((name, event["output_index"]), "") == text
    assert grown == {}


def test_a_limit_that_was_reached_makes_a_response_incomplete() -> None:
    choice = {"message": {"content": "One two"}, "finish_reason": "length"}
    response = completion_to_response(json.dumps({"choices": [choice]}).encode(), frame())
    assert (response["status"], response["incomplete_details"]) == (
        "incomplete",
        {"reason": "max_output_tokens"},
    )
    assert response["output"][0]["status"] == "incomplete"


def test_an_error_is_told_twice_so_that_every_client_hears_it() -> None:
    error = {"message": "It failed.", "type": "api_error", "param": None, "code": "engine_error"}
    events = streamed([chunk(delta={"content": "a"}), json.dumps({"error": error}).encode()])
    failed, last = events[-2:]
    assert (failed["type"], failed["response"]["status"]) == ("response.failed", "failed")
    assert failed["response"]["error"] == {"code": "server_error", "message": "It failed."}
    assert (last["type"], last["code"], last["error"]) == ("error", "engine_error", error)


@pytest.mark.parametrize(
    "payloads",
    [
        [b"{"],
        [chunk(delta={"content": "a"}), b"[DONE]"],
        [chunk(delta={}, finish_reason="mystery"), b"[DONE]"],
        [chunk(delta={"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]})],
    ],
)
def test_a_stream_that_makes_no_sense_never_ends_well(payloads: list[bytes]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        streamed(payloads)


def test_what_is_stored_of_the_input_has_ids_and_parts() -> None:
    body = asked(
        input=[
            {"role": "user", "content": "Hi"},
            {"type": "function_call_output", "call_id": "c", "output": "x"},
        ]
    )
    first, second = stored_items(frame(), read_items(body))
    assert first["id"].startswith("msg_")
    assert first["content"] == [{"type": "input_text", "text": "Hi"}]
    assert (first["type"], second["type"], second["status"]) == (
        "message",
        "function_call_output",
        "completed",
    )
    assert second["id"].startswith("fco_")
