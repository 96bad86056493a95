"""Whole answers and streams from either form to the other."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jixi.models.dialects import (
    ChunksToEvents,
    EventsToChunks,
    completion_to_message,
    message_to_completion,
)
from tests.unit.dialects.forms import chunked, completion_of, completions, fed, message_of, unhurried

SIZES = st.integers(1, 40)
START = {"type": "message_start", "message": {"id": "msg_1", "model": "m", "usage": {"input_tokens": 3}}}


def events(*given_: dict[str, Any]) -> list[bytes]:
    return [json.dumps(event).encode() for event in (START, *given_)]


def chunk(**choice: Any) -> bytes:
    return json.dumps({"id": "chatcmpl-1", "model": "m", "choices": [{"index": 0, **choice}]}).encode()


@unhurried
@given(completions())
def test_an_answer_that_goes_there_and_back_is_the_same(completion: dict[str, Any]) -> None:
    back = json.loads(message_to_completion(completion_to_message(json.dumps(completion).encode())))
    assert back | {"created": 1} == completion


@unhurried
@given(completions(), SIZES)
def test_a_stream_of_events_says_what_the_whole_message_says(completion: dict[str, Any], size: int) -> None:
    streamed = message_of(fed(ChunksToEvents(), chunked(completion, size)))
    assert streamed == json.loads(completion_to_message(json.dumps(completion).encode()))


@unhurried
@given(completions(), SIZES, SIZES)
def test_how_a_stream_is_cut_changes_nothing(completion: dict[str, Any], one: int, other: int) -> None:
    first = message_of(fed(ChunksToEvents(), chunked(completion, one)))
    assert first == message_of(fed(ChunksToEvents(), chunked(completion, other)))


@unhurried
@given(completions(), SIZES)
def test_a_stream_that_goes_there_and_back_says_the_same(completion: dict[str, Any], size: int) -> None:
    there = fed(ChunksToEvents(), chunked(completion, size))
    told = completion_of(fed(EventsToChunks(), there))
    (choice,) = completion["choices"]
    said = choice["message"]
    assert told == {
        "usage": completion["usage"],
        "finish_reason": choice["finish_reason"],
        "text": said["content"] or "",
        "thought": said.get("reasoning_content", ""),
        "calls": said.get("tool_calls", []),
    }


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
    ],
)
def test_every_reason_to_stop_has_its_counterpart(reason: str, finish: str) -> None:
    message: dict[str, Any] = {"id": "msg_1", "model": "m", "content": [], "stop_reason": reason, "usage": {}}
    whole = json.loads(message_to_completion(json.dumps(message).encode()))
    assert whole["choices"][0]["finish_reason"] == finish
    ending = [{"type": "message_delta", "delta": {"stop_reason": reason}}, {"type": "message_stop"}]
    assert completion_of(fed(EventsToChunks(), events(*ending)))["finish_reason"] == finish


def test_the_sequence_that_ended_an_answer_is_named_where_the_engine_names_it() -> None:
    choice = {"message": {"content": "a"}, "finish_reason": "stop", "stop_reason": "###"}
    message = json.loads(completion_to_message(json.dumps({"id": "c", "choices": [choice]}).encode()))
    assert (message["stop_reason"], message["stop_sequence"]) == ("stop_sequence", "###")
    ending = [chunk(delta={"content": "a"}), chunk(delta={}, finish_reason="stop", stop_reason="###")]
    streamed = message_of(fed(ChunksToEvents(), [*ending, b"[DONE]"]))
    assert (streamed["stop_reason"], streamed["stop_sequence"]) == ("stop_sequence", "###")


def test_what_the_cache_served_is_counted_apart_by_one_and_in_by_the_other() -> None:
    usage = {
        "input_tokens": 5,
        "cache_read_input_tokens": 30,
        "cache_creation_input_tokens": 7,
        "output_tokens": 2,
    }
    message: dict[str, Any] = {
        "id": "msg_1",
        "model": "m",
        "content": [],
        "stop_reason": "end_turn",
        "usage": usage,
    }
    told = json.loads(message_to_completion(json.dumps(message).encode()))["usage"]
    assert (told["prompt_tokens"], told["prompt_tokens_details"]) == (42, {"cached_tokens": 30})
    assert told["total_tokens"] == 44


def test_counts_of_a_later_event_replace_those_of_an_earlier_one() -> None:
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 8}}
    told = completion_of(fed(EventsToChunks(), events(end, {"type": "message_stop"})))
    assert (told["usage"]["prompt_tokens"], told["usage"]["completion_tokens"]) == (3, 8)


def test_signed_thoughts_pass_through_a_stream_there_and_back() -> None:
    blocks: list[dict[str, Any]] = [
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm."}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "s"}},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "content_block_start",
            "index": 1,
            "content_block": {"type": "redacted_thinking", "data": "x"},
        },
        {"type": "content_block_stop", "index": 1},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
        {"type": "message_stop"},
    ]
    there = fed(EventsToChunks(), events(*blocks))
    assert message_of(fed(ChunksToEvents(), there))["content"] == [
        {"type": "thinking", "thinking": "Hm.", "signature": "s"},
        {"type": "redacted_thinking", "data": "x"},
    ]


def test_a_call_without_arguments_is_one_with_none() -> None:
    tool: dict[str, Any] = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    blocks: list[dict[str, Any]] = [
        {"type": "content_block_start", "index": 0, "content_block": tool},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}},
        {"type": "message_stop"},
    ]
    (called,) = completion_of(fed(EventsToChunks(), events(*blocks)))["calls"]
    assert called["function"] == {"name": "f", "arguments": "{}"}


def test_a_call_without_an_id_gets_one_of_its_own() -> None:
    function = {"name": "f", "arguments": "{}"}
    choice = {"message": {"tool_calls": [{"function": function}]}, "finish_reason": "tool_calls"}
    whole = json.loads(completion_to_message(json.dumps({"id": "chatcmpl-9", "choices": [choice]}).encode()))
    assert whole["content"][0]["id"] == "toolu_9_0"
    head = chunk(delta={"tool_calls": [{"index": 0, "function": function}]})
    begun = fed(ChunksToEvents(message_id="msg_9"), [head])
    assert json.loads(begun[1])["content_block"]["id"] == "toolu_9_0"


def test_an_error_in_a_stream_is_an_error_in_the_other_form() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    (told,) = EventsToChunks().feed(json.dumps(error).encode())
    assert json.loads(told)["error"]["message"] == "Overloaded"
    payload = json.dumps({"error": {"message": "It failed.", "code": "engine_error", "param": None}}).encode()
    (event,) = ChunksToEvents().feed(payload)
    assert json.loads(event) == {
        "type": "error",
        "error": {
            "type": "api_error",
            "message": "It failed.",
            "details": {"error_code": "engine_error", "param": None},
        },
        "request_id": None,
    }


@pytest.mark.parametrize(
    "payloads",
    [
        [b"{"],
        [chunk(delta={"content": "a"}), b"[DONE]"],
        [chunk(delta={}, finish_reason="mystery")],
        [chunk(delta={"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]})],
        [
            chunk(
                delta={"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": "[1"}}]}
            ),
            chunk(delta={}, finish_reason="tool_calls"),
            b"[DONE]",
        ],
    ],
)
def test_a_stream_that_makes_no_sense_never_ends_well(payloads: list[bytes]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        fed(ChunksToEvents(), payloads)


@pytest.mark.parametrize(
    "payloads",
    [
        [b"{"],
        events({"type": "message_stop"}),
        events({"type": "message_delta", "delta": {"stop_reason": "mystery"}}),
        events({"type": "content_block_start", "index": 0, "content_block": {"type": "server_tool_use"}}),
        events({"type": "content_block_delta", "index": 4, "delta": {"type": "text_delta", "text": "x"}}),
    ],
)
def test_events_that_make_no_sense_never_end_well(payloads: list[bytes]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        fed(EventsToChunks(), payloads)


@pytest.mark.parametrize("body", [b"{", b"{}", b'{"choices": []}', b"\xff"])
def test_what_is_no_answer_is_no_answer(body: bytes) -> None:
    for translate in (message_to_completion, completion_to_message):
        with pytest.raises(ValueError):  # noqa: PT011
            translate(body)
