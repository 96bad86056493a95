"""What comes from a vendor may be cut anywhere, garbled or hostile: it is understood, or refused with words."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jixi.models.providers import Target, Translation, Vendor, vendor_registry
from tests.vendors.anthropic_wire import AnthropicWire
from tests.vendors.openai_wire import ARGUMENTS, TEXT, TOOL, OpenAIWire
from tests.vendors.shapes import ANSWER_TOKENS, CACHED_TOKENS, CREDENTIAL, PROMPT_TOKENS, SHAPES, Json

CHAT = "/v1/chat/completions"
TARGET = Target(
    base_url="https://api.example.com", upstream="up", credential=CREDENTIAL, api_version="2024-10-21"
)
REGISTRY = vendor_registry()
NAMES = sorted(SHAPES)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


def vendor(name: str) -> Vendor:
    return REGISTRY.get(name)


def stream_of(name: str, request: Json) -> bytes:
    wire = AnthropicWire() if name == "anthropic" else OpenAIWire(SHAPES[name])
    events = wire.answer(SHAPES[name].chat.replace("UPSTREAM", str(request["model"])), request)
    assert isinstance(events, list)
    return b"".join(events)


def chunks_of(text: bytes) -> list[Json]:
    payloads = [line[6:] for line in text.split(b"\n") if line.startswith(b"data: ")]
    assert payloads[-1] == b"[DONE]"
    return [json.loads(payload) for payload in payloads[:-1]]


def translated(translation: Translation | None, wire: bytes, cuts: list[int]) -> bytes:
    """The stream as it comes out, fed in pieces that end at `cuts`."""
    if translation is None:
        return wire
    ends = sorted({min(cut, len(wire)) for cut in cuts} | {len(wire)})
    starts = [0, *ends[:-1]]
    fed = b"".join(translation.feed(wire[start:end]) for start, end in zip(starts, ends, strict=True))
    return fed + translation.end()


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(cuts=st.lists(st.integers(0, 6000), max_size=60))
def test_a_stream_says_the_same_wherever_it_is_cut(name: str, cuts: list[int]) -> None:
    message = {"role": "user", "content": "hello"}
    request = {"model": "up", "stream": True, "max_tokens": 5, "messages": [message]}
    asked = request if name == "anthropic" else request | {"stream_options": {"include_usage": True}}
    wire = stream_of(name, {key: value for key, value in asked.items() if key not in SHAPES[name].refuses})
    chunks = chunks_of(translated(vendor(name).translation(CHAT), wire, cuts))
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    assert "".join(choice["delta"].get("content") or "" for choice in choices) == TEXT
    usage = next(chunk["usage"] for chunk in chunks if chunk.get("usage"))
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (PROMPT_TOKENS, ANSWER_TOKENS)
    assert usage["prompt_tokens_details"]["cached_tokens"] == CACHED_TOKENS


@settings(max_examples=60)
@given(cuts=st.lists(st.integers(0, 6000), max_size=60))
def test_a_tool_call_of_anthropics_is_whole_wherever_it_is_cut(cuts: list[int]) -> None:
    tools = [{"name": TOOL, "input_schema": {"type": "object"}}]
    message = {"role": "user", "content": "weather?"}
    wire = stream_of(
        "anthropic", {"model": "up", "stream": True, "max_tokens": 5, "messages": [message], "tools": tools}
    )
    chunks = chunks_of(translated(vendor("anthropic").translation(CHAT), wire, cuts))
    calls = [
        call for c in chunks for choice in c["choices"] for call in choice["delta"].get("tool_calls") or ()
    ]
    assert "".join(call["function"].get("arguments") or "" for call in calls) == ARGUMENTS
    assert [call["function"]["name"] for call in calls if call["function"].get("name")] == [TOOL]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60)
@given(
    status=st.integers(300, 599),
    body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()),
)
def test_any_refusal_is_understood(name: str, status: int, body: bytes) -> None:
    assert vendor(name).refusal(status, body).fault
    for error in (
        body,
        json.dumps({"error": {"message": body.decode(errors="replace"), "code": status}}).encode(),
    ):
        assert vendor(name).refusal(status, error).fault


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60)
@given(body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_list_of_models_is_read_or_is_empty(name: str, body: bytes) -> None:
    assert all(isinstance(each, str) for each in vendor(name).listed(body))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60)
@given(
    wire=st.binary(max_size=300) | JSON.map(lambda value: b"data: " + json.dumps(value).encode() + b"\n\n")
)
def test_a_garbled_stream_ends_in_a_value_error_or_passes(name: str, wire: bytes) -> None:
    translation = vendor(name).translation(CHAT)
    if translation is not None:
        try:
            translation.feed(wire)
            translation.end()
        except ValueError:
            return


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60)
@given(
    text=st.text(max_size=40),
    temperature=st.floats(0, 1),
    limit=st.integers(1, 10_000),
    stream=st.booleans(),
)
def test_a_request_keeps_its_meaning_and_its_secret(
    name: str, text: str, temperature: float, limit: int, stream: bool
) -> None:
    body: dict[str, Any] = {
        "model": "public",
        "messages": [{"role": "user", "content": text or "x"}],
        "temperature": temperature,
        "max_tokens": limit,
        "stream": stream,
    }
    outgoing = vendor(name).request(TARGET, CHAT, json.dumps(body).encode())
    sent = json.loads(outgoing.body or b"")
    assert sent["model"] == "up"
    assert sent[SHAPES[name].limit_field] == limit
    assert sent["temperature"] == temperature
    assert bool(sent.get("stream")) == stream
    (message,) = sent["messages"]
    content = message["content"]
    assert (content if isinstance(content, str) else content[0]["text"]) == (text or "x")
    assert CREDENTIAL not in outgoing.url
    assert CREDENTIAL.encode() not in (outgoing.body or b"")
    assert sum(CREDENTIAL in value for value in outgoing.headers.values()) == 1
