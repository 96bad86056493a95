"""Requests and answers that hypothesis makes up, and streams as their vendors send them."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from jixi.models.dialects import ChunksToEvents, EventsToChunks

unhurried = settings(max_examples=60)
JSON_OBJECTS = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=5,
    ),
    max_size=3,
)
ARGUMENTS = JSON_OBJECTS.map(json.dumps)
TEXTS = st.text(min_size=1, max_size=30)
NAMES = st.from_regex(r"[a-z_]{1,12}", fullmatch=True)
IDS = st.from_regex(r"[a-zA-Z0-9_-]{1,20}", fullmatch=True)
URLS = st.sampled_from(
    ["https://example.com/cat.png", "data:image/png;base64,iVBORw0KGgo=", "data:image/jpeg;base64,/9j/"]
)
IMAGES = URLS.map(lambda url: {"type": "image_url", "image_url": {"url": url}})
TEXT_PARTS = TEXTS.map(lambda text: {"type": "text", "text": text})
USAGE = st.integers(0, 99).flatmap(
    lambda cached: st.tuples(st.just(cached), st.integers(cached, 999), st.integers(0, 999))
)


def call(call_id: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


CALLS = st.lists(st.builds(call, IDS, NAMES, ARGUMENTS), min_size=1, max_size=3, unique_by=lambda c: c["id"])


@st.composite
def turns(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A user's turn, and perhaps calls of tools with their results."""
    parts = draw(st.lists(TEXT_PARTS | IMAGES, min_size=2, max_size=3))
    messages: list[dict[str, Any]] = [{"role": "user", "content": draw(TEXTS | st.just(parts))}]
    if draw(st.booleans()):
        calls = draw(CALLS)
        messages.append({"role": "assistant", "content": draw(st.none() | TEXTS), "tool_calls": calls})
        messages += [
            {"role": "tool", "tool_call_id": one["id"], "content": draw(st.text(max_size=20))}
            for one in calls
        ]
    messages.append({"role": "assistant", "content": draw(TEXTS)})
    return messages


@st.composite
def chats(draw: st.DrawFn) -> dict[str, Any]:
    """Chat requests that Anthropic's form can say."""
    messages = [message for turn in draw(st.lists(turns(), min_size=1, max_size=3)) for message in turn]
    if draw(st.booleans()):
        messages.insert(0, {"role": "system", "content": draw(TEXTS)})
    tool = {"name": draw(NAMES), "description": draw(TEXTS), "parameters": draw(JSON_OBJECTS)}
    optional = {
        "temperature": draw(st.floats(0, 1)),
        "top_p": draw(st.floats(0, 1)),
        "top_k": draw(st.integers(0, 100)),
        "stop": draw(st.lists(TEXTS, min_size=1, max_size=3)),
        "user": draw(TEXTS),
    }
    body: dict[str, Any] = {"model": "m", "messages": messages, "max_tokens": draw(st.integers(1, 9999))}
    body |= {name: value for name, value in optional.items() if draw(st.booleans())}
    if draw(st.booleans()):
        body["tools"] = [{"type": "function", "function": tool}]
        choice = {"type": "function", "function": {"name": tool["name"]}}
        body["tool_choice"] = draw(st.sampled_from(["auto", "required", "none"]) | st.just(choice))
        if body["tool_choice"] != "none" and draw(st.booleans()):
            body["parallel_tool_calls"] = False
    return body


@st.composite
def completions(draw: st.DrawFn) -> dict[str, Any]:
    """Whole answers in OpenAI's form."""
    calls = draw(st.just([]) | CALLS)
    text = draw(TEXTS) if not calls else draw(st.none() | TEXTS)
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
    if draw(st.booleans()):
        message["reasoning_content"] = draw(TEXTS)
    if calls:
        message["tool_calls"] = calls
    cached, read, written = draw(USAGE)
    finish = "tool_calls" if calls else draw(st.sampled_from(["stop", "length", "content_filter"]))
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
        "usage": {
            "prompt_tokens": read,
            "completion_tokens": written,
            "total_tokens": read + written,
            "prompt_tokens_details": {"cached_tokens": cached},
        },
    }


def cut(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def chunked(completion: dict[str, Any], size: int) -> list[bytes]:
    """A completion as the stream of chunks that its vendor would send, in pieces of `size` letters."""
    (choice,) = completion["choices"]
    said = choice["message"]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"reasoning_content": piece} for piece in cut(said.get("reasoning_content") or "", size)]
    deltas += [{"content": piece} for piece in cut(said["content"] or "", size)]
    for number, one in enumerate(said.get("tool_calls", [])):
        function = {"name": one["function"]["name"], "arguments": ""}
        deltas.append({"tool_calls": [{"index": number, "id": one["id"], "function": function}]})
        deltas += [
            {"tool_calls": [{"index": number, "function": {"arguments": piece}}]}
            for piece in cut(one["function"]["arguments"], size)
        ]
    envelope = {"id": completion["id"], "model": completion["model"], "created": 1}
    chunks = [envelope | {"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    chunks.append(envelope | {"choices": [{"delta": {}, "finish_reason": choice["finish_reason"]}]})
    chunks.append(envelope | {"choices": [], "usage": completion["usage"]})
    return [*(json.dumps(chunk).encode() for chunk in chunks), b"[DONE]"]


def fed(machine: ChunksToEvents | EventsToChunks, payloads: Iterable[bytes]) -> list[bytes]:
    return [out for payload in payloads for out in machine.feed(payload)]


def message_of(events: Sequence[bytes]) -> dict[str, Any]:
    """What Anthropic's SDK makes of a stream."""
    message: dict[str, Any] = {}
    written = ""
    for event in map(json.loads, events):
        match event["type"]:
            case "message_start":
                message = event["message"]
            case "content_block_start":
                assert event["index"] == len(message["content"])
                message["content"].append(event["content_block"])
                written = ""
            case "content_block_delta":
                written += event["delta"].get("partial_json", "")
                _extend(message["content"][event["index"]], event["delta"])
            case "content_block_stop":
                if written:
                    message["content"][event["index"]]["input"] = json.loads(written)
            case "message_delta":
                message |= event["delta"]
                message["usage"] |= event["usage"]
            case kind:
                assert kind == "message_stop"
    return message


def _extend(block: dict[str, Any], delta: dict[str, Any]) -> None:
    for name in ("text", "thinking", "signature"):
        if name in delta:
            block[name] += delta[name]


def completion_of(payloads: Sequence[bytes]) -> dict[str, Any]:
    """What OpenAI's SDK makes of a stream: message, finish reason and usage."""
    assert payloads[-1] == b"[DONE]"
    text, thought = "", ""
    calls = dict[int, dict[str, Any]]()
    told: dict[str, Any] = {}
    for chunk in map(json.loads, payloads[:-1]):
        told |= {"usage": chunk["usage"]} if chunk.get("usage") else {}
        for choice in chunk["choices"]:
            delta = choice["delta"]
            text += delta.get("content") or ""
            thought += delta.get("reasoning_content") or ""
            for part in delta.get("tool_calls", []):
                if "id" in part:
                    calls[part["index"]] = call(part["id"], part["function"]["name"], "")
                calls[part["index"]]["function"]["arguments"] += part["function"]["arguments"]
            if choice["finish_reason"]:
                told["finish_reason"] = choice["finish_reason"]
    return told | {"text": text, "thought": thought, "calls": list(calls.values())}
