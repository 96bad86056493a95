"""Bad requests: each is told what is wrong, and where, before anything else happens."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jixi.core.errors import JixiError
from jixi.core.principal import Scope
from tests.unit.gateway.fakes import House, ScriptedEngine, chat, whole

ANSWER = b'{"choices":[{"index":0,"message":{"content":"a cat"}}],"model":"stub"}'
TOOL: dict[str, Any] = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


async def refusal(house: House, body: bytes, kind: Scope = Scope.CHAT) -> JixiError:
    with pytest.raises(JixiError) as caught:
        await house.raw(body, kind)
    assert house.meter.reserved == []
    assert caught.value.message("en")
    assert caught.value.message("zh")
    return caught.value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"hello",
        b'{"model":"stub",}',
        b"\xff\xfe",
        b'{"model":"stub","x":"\xff","messages":[{"role":"user","content":"x"}]}',
        b'{"model":"stub","messages":[{"role":"user","content":"x"}],"x":NaN}',
        b'{"model":"stub","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"model":"stub"} trailing',
    ],
)
async def test_what_is_not_json_is_told_so(scripted: House, body: bytes) -> None:
    error = await refusal(scripted, body)
    assert (error.code, error.problem.status) == ("invalid_json", 400)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": 3}, "model"),
        ({"model": ""}, "model"),
        ({"messages": "hi"}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": 3}]}, "messages[0].content"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": 2.1}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"top_p": -0.1}, "top_p"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"max_completion_tokens": -1}, "max_completion_tokens"),
        ({"n": 0}, "n"),
        ({"n": 17}, "n"),
        ({"seed": "x"}, "seed"),
        ({"seed": 2**70}, "seed"),
        ({"stop": 3}, "stop"),
        ({"stop": ["x"] * 17}, "stop"),
        ({"stop": [3]}, "stop[0]"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"logprobs": 3}, "logprobs"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema.schema"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name"),
        ({"tools": [TOOL, TOOL]}, "tools"),
        ({"tools": [TOOL], "tool_choice": "maybe"}, "tool_choice"),
        ({"tools": [TOOL], "tool_choice": {"type": "function"}}, "tool_choice.function"),
        ({"tools": [TOOL], "tool_choice": {"function": {"name": "g"}}}, "tool_choice"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"logit_bias": {"1": "x"}}, "logit_bias[...]"),
    ],
)
async def test_a_wrong_value_is_named_by_its_path(
    scripted: House, fields: dict[str, Any], param: str
) -> None:
    body = msgspec.json.encode({"model": "stub", "messages": chat(), **fields})
    error = await refusal(scripted, body)
    assert (error.code, error.param) == ("invalid_value", param)


@pytest.mark.parametrize("field", ["model", "messages"])
async def test_a_missing_field_is_named(scripted: House, field: str) -> None:
    fields = {"model": "stub", "messages": chat()}
    del fields[field]
    error = await refusal(scripted, msgspec.json.encode(fields))
    assert (error.code, error.param) == ("invalid_value", field)


@pytest.mark.parametrize("body", [b"[]", b"3", b'"x"', b"null"])
async def test_a_body_that_is_no_object_is_told_so(scripted: House, body: bytes) -> None:
    assert (await refusal(scripted, body)).code == "invalid_value"


@pytest.mark.parametrize(
    ("kind", "fields", "code", "param"),
    [
        (Scope.COMPLETIONS, {}, "invalid_value", "prompt"),
        (Scope.COMPLETIONS, {"prompt": 3}, "invalid_value", "prompt"),
        (Scope.COMPLETIONS, {"prompt": []}, "invalid_value", "prompt"),
        (Scope.COMPLETIONS, {"prompt": ["a", 3]}, "invalid_value", "prompt"),
        (Scope.COMPLETIONS, {"prompt": [-1]}, "invalid_value", "prompt"),
        (Scope.COMPLETIONS, {"prompt": ["a"] * 65}, "invalid_value", "prompt"),
        (Scope.COMPLETIONS, {"prompt": "a", "suffix": "b"}, "unsupported_parameter", "suffix"),
        (Scope.COMPLETIONS, {"prompt": "a", "echo": True}, "unsupported_parameter", "echo"),
        (Scope.COMPLETIONS, {"prompt": "a", "best_of": 3}, "unsupported_parameter", "best_of"),
        (Scope.COMPLETIONS, {"prompt": "a", "logprobs": True}, "invalid_value", "logprobs"),
        (Scope.EMBEDDINGS, {}, "invalid_value", "input"),
        (Scope.EMBEDDINGS, {"input": {"a": 1}}, "invalid_value", "input"),
        (Scope.EMBEDDINGS, {"input": []}, "invalid_value", "input"),
        (Scope.EMBEDDINGS, {"input": [[]]}, "invalid_value", "input[0]"),
        (Scope.EMBEDDINGS, {"input": "a", "encoding_format": "hex"}, "invalid_value", "encoding_format"),
        (Scope.RERANK, {"documents": ["a"]}, "invalid_value", "query"),
        (Scope.RERANK, {"query": "q", "documents": []}, "invalid_value", "documents"),
        (Scope.RERANK, {"query": "q", "documents": [{"title": "a"}]}, "invalid_value", "documents[0].text"),
        (Scope.RERANK, {"query": "q", "documents": ["a"], "top_n": 0}, "invalid_value", "top_n"),
    ],
)
async def test_completions_and_embeddings_are_checked_too(
    scripted: House, kind: Scope, fields: dict[str, Any], code: str, param: str
) -> None:
    error = await refusal(scripted, msgspec.json.encode({"model": "stub", **fields}), kind)
    assert (error.code, error.param) == (code, param)


async def test_what_an_engine_must_not_get_is_refused_by_name(
    scripted: House, engine: ScriptedEngine
) -> None:
    profile = scripted.replica.profile
    scripted.replica.profile = type(profile)(
        kinds=profile.kinds, tools="none", refused=frozenset({"n_discard"})
    )
    body = {"model": "stub", "messages": chat()}
    error = await refusal(scripted, msgspec.json.encode({**body, "n_discard": -1}))
    assert (error.code, error.param) == ("unsupported_parameter", "n_discard")
    error = await refusal(scripted, msgspec.json.encode({**body, "tools": [TOOL]}))
    assert (error.code, error.param) == ("unsupported_parameter", "tools")
    assert engine.bodies == []


async def test_an_engine_is_asked_only_for_what_it_serves(scripted: House) -> None:
    profile = scripted.replica.profile
    scripted.replica.profile = type(profile)(kinds=frozenset({Scope.EMBEDDINGS}))
    body = msgspec.json.encode({"model": "stub", "messages": chat()})
    assert (await refusal(scripted, body)).code == "operation_not_supported"


async def test_a_picture_is_refused_while_no_engine_sees(scripted: House) -> None:
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    body = {"model": "stub", "messages": [{"role": "user", "content": [part]}]}
    error = await refusal(scripted, msgspec.json.encode(body))
    assert (error.code, error.param) == ("operation_not_supported", "messages[0].content[0].type")


async def test_a_picture_reaches_an_engine_that_sees_and_is_held_for(
    scripted: House, engine: ScriptedEngine
) -> None:
    scripted.replica.profile = replace(scripted.replica.profile, vision=True)
    scripted.replica.context = 1 << 20
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    body = {"model": "stub", "messages": [{"role": "user", "content": [part, part]}], "max_tokens": 5}
    engine.wire = whole(ANSWER)
    await scripted.raw(msgspec.json.encode(body))
    assert engine.bodies[0]["messages"] == body["messages"]
    assert scripted.meter.reserved[0].max_input_tokens > 32_768


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://example.com/a.png",
        "file://localhost/secret.png",
        "data:text/html;base64,AAAA",
        "data:image/png,AAAA",
        " http://localhost/data:image/png;base64,",
    ],
)
async def test_an_engine_of_ours_is_given_no_address_to_fetch(
    scripted: House, engine: ScriptedEngine, url: str
) -> None:
    scripted.replica.profile = replace(scripted.replica.profile, vision=True)
    scripted.replica.context = 1 << 20
    part = {"type": "image_url", "image_url": {"url": url}}
    body = msgspec.json.encode({"model": "stub", "messages": [{"role": "user", "content": [part]}]})
    error = await refusal(scripted, body)
    assert (error.code, error.param) == ("invalid_value", "messages[0].content[0].image_url.url")
    assert (engine.bodies, scripted.meter.reserved) == ([], [])
    scripted.replica.profile = replace(scripted.replica.profile, fetches=True)
    engine.wire = whole(ANSWER)
    await scripted.raw(body)
    assert len(engine.bodies) == 1


async def test_a_picture_without_an_address_is_told_so(scripted: House) -> None:
    body = {"model": "stub", "messages": [{"role": "user", "content": [{"type": "image_url"}]}]}
    error = await refusal(scripted, msgspec.json.encode(body))
    assert (error.code, error.param) == ("invalid_value", "messages[0].content[0].image_url")


async def test_the_hold_is_no_more_than_one_answer_of_the_engine(
    scripted: House, engine: ScriptedEngine
) -> None:
    scripted.replica.profile = replace(scripted.replica.profile, max_output=100)
    engine.wire = whole(ANSWER)
    await scripted.raw(msgspec.json.encode({"model": "stub", "messages": chat(), "n": 1}))
    assert scripted.meter.reserved[0].max_output_tokens == 100


async def test_rights_come_before_the_model_is_looked_for(scripted: House) -> None:
    scripted.gate.closed.add((Scope.CHAT, "secret"))
    body = {"model": "secret", "messages": chat()}
    assert (await refusal(scripted, msgspec.json.encode(body))).code == "scope_missing"
    assert (await refusal(scripted, msgspec.json.encode({**body, "model": "x"}))).code == "model_not_found"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        "messages", "prompt", "input", "stream", "stream_options", "n", "stop", "seed", "tools", "tool_choice",
        "response_format", "logprobs", "top_logprobs", "max_tokens", "max_completion_tokens", "temperature",
        "logit_bias", "anything",
    ]
)  # fmt: skip


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(
    kind=st.sampled_from([Scope.CHAT, Scope.COMPLETIONS, Scope.EMBEDDINGS, Scope.RERANK]),
    fields=st.dictionaries(FIELDS, VALUES, max_size=4),
    valid=st.booleans(),
)
async def test_any_request_is_answered_or_refused_with_a_reason(
    scripted: House, engine: ScriptedEngine, kind: Scope, fields: dict[str, Any], valid: bool
) -> None:
    engine.wire = b"HTTP/1.1 418 Tea\r\nContent-Length: 2\r\n\r\n{}"
    base = (
        {"messages": chat(), "prompt": "x", "input": "x", "query": "x", "documents": ["x"]} if valid else {}
    )
    try:
        body = msgspec.json.encode({"model": "stub", **base, **fields})
    except (OverflowError, UnicodeEncodeError):
        return
    with pytest.raises(JixiError) as caught:
        await scripted.raw(body, kind)
    assert caught.value.problem.status in (400, 502)
