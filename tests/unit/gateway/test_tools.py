"""Tools for engines that only write text: what they are asked, and how calls are read out of their words."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.gateway.fakes import (
    House,
    ScriptedEngine,
    chat,
    chunk,
    payloads,
    said,
    sse,
    usage_chunk,
    whole,
)


def tool(name: str, **properties: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


WEATHER = tool("get_weather", city={"type": "string"})
CLOCK = tool("get_time", zone={"type": "string"})
CALL = '{"name": "get_weather", "arguments": {"city": "Paris"}}'
FENCED = f"```json\n{CALL}\n```"
TAGGED = f"<tool_call>\n{CALL}\n</tool_call>"


def answers(engine: ScriptedEngine, text: str, finish: str = "stop", size: int = 1) -> None:
    """Let the engine say `text`, whole or streamed in pieces of `size` letters."""
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    engine.wire = sse(
        chunk("", role="x"), *map(chunk, pieces), chunk(None, finish), usage_chunk(1, 1), b"[DONE]"
    )


def answers_whole(engine: ScriptedEngine, text: str, finish: str = "stop") -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
    engine.wire = whole(
        msgspec.json.encode(
            {
                "id": "chatcmpl-e",
                "object": "chat.completion",
                "created": 7,
                "model": "stub",
                "choices": [choice],
            }
        )
    )


async def both(scripted: House, engine: ScriptedEngine, text: str, size: int = 1, **fields: Any) -> Any:
    """The message and finish reason of `text`, which must be the same whether streamed or not."""
    answers_whole(engine, text)
    choice = (await scripted.ask(messages=chat(), **fields))["choices"][0]
    answers(engine, text, size=size)
    streamed = assembled(await scripted.listen(messages=chat(), request_id="req_2", **fields))
    assert streamed["finish_reason"] == choice["finish_reason"]
    assert (streamed["content"] or "").strip() == (choice["message"]["content"] or "").strip()
    assert [c["function"] for c in streamed["tool_calls"]] == [
        c["function"] for c in choice["message"].get("tool_calls") or []
    ]
    return choice


def assembled(chunks: list[Any]) -> dict[str, Any]:
    """A stream put together as a client does it."""
    calls: dict[int, dict[str, Any]] = {}
    finish = None
    for one in chunks[:-1]:
        for choice in one["choices"]:
            finish = choice["finish_reason"] or finish
            for part in choice["delta"].get("tool_calls") or []:
                call = calls.setdefault(part["index"], {"function": {"name": "", "arguments": ""}})
                call.update({key: part[key] for key in ("id", "type") if key in part})
                for key, value in part["function"].items():
                    call["function"][key] += value
    return {"content": said(chunks), "tool_calls": list(calls.values()), "finish_reason": finish}


@pytest.mark.parametrize("text", [CALL, FENCED, TAGGED, f"```\n{CALL}\n```", f"  \n{CALL}\n ", f"[{CALL}]"])
@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_a_call_by_choice_is_recognised_in_every_form(
    scripted: House, engine: ScriptedEngine, text: str, size: int
) -> None:
    choice = await both(scripted, engine, text, size, tools=[WEATHER])
    call = choice["message"]["tool_calls"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    assert call["id"].startswith("call_")
    assert call["type"] == "function"
    assert call["function"]["name"] == "get_weather"
    assert msgspec.json.decode(call["function"]["arguments"]) == {"city": "Paris"}
    assert engine.bodies[0]["tools"] == [WEATHER]


@pytest.mark.parametrize("text", [f"I will look.\n{FENCED}", f"I will look. {TAGGED}"])
async def test_words_before_a_call_stay_words(scripted: House, engine: ScriptedEngine, text: str) -> None:
    choice = await both(scripted, engine, text, tools=[WEATHER])
    assert choice["message"]["content"] == "I will look."
    assert choice["finish_reason"] == "tool_calls"


async def test_several_calls_in_one_answer_are_told_apart(scripted: House, engine: ScriptedEngine) -> None:
    other = '{"name": "get_time", "arguments": {"zone": "CET"}}'
    text = f"{TAGGED}\n<tool_call>{other}</tool_call>"
    choice = await both(scripted, engine, text, tools=[WEATHER, CLOCK])
    names = [call["function"]["name"] for call in choice["message"]["tool_calls"]]
    assert names == ["get_weather", "get_time"]
    assert len({call["id"] for call in choice["message"]["tool_calls"]}) == 2


@pytest.mark.parametrize(
    "text",
    [
        "It is sunny.",
        '{"name": "unknown", "arguments": {}}',
        '{"city": "Paris"}',
        "{broken",
        "```python\nprint(1)\n```\nThat is all.",
        "```json\n{}\n```",
        f"{FENCED}\nThis is how a call looks.",
        "a < b and <tool> and ``",
        '{"name": "get_weather", "arguments": "not JSON"}',
        '{"name": "get_weather", "arguments": 3}',
        "[1](https://x) is a link",
        "",
        " ",
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
async def test_what_is_no_call_stays_words_letter_by_letter(
    scripted: House, engine: ScriptedEngine, text: str, size: int
) -> None:
    choice = await both(scripted, engine, text, size, tools=[WEATHER])
    assert choice["message"]["content"] == text
    assert choice["finish_reason"] == "stop"
    assert "tool_calls" not in choice["message"]


async def test_words_stream_on_while_tools_are_offered(scripted: House, engine: ScriptedEngine) -> None:
    """Only what could still be a call waits: the rest goes out before the answer has ended."""
    text = "Look: ```python\nprint(1)\n``` done"
    answers(engine, text)
    engine.hold_at = len(sse(chunk("", role="x"), *map(chunk, text), end=b""))
    reply = await scripted.open(messages=chat(), stream=True, tools=[WEATHER])
    assert reply.stream is not None
    seen = await anext(reply.stream)
    while said(payloads(seen)) != text:
        seen += await anext(reply.stream)
    await reply.stream.aclose()


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ("required", ["get_weather", "get_time"]),
        ({"type": "function", "function": {"name": "get_time"}}, ["get_time"]),
    ],
)
async def test_a_demanded_call_is_enforced_by_a_schema(
    scripted: House, engine: ScriptedEngine, choice: Any, names: list[str]
) -> None:
    text = '{"name": "get_time", "arguments": {"zone": "CET"}}'
    answer = await both(
        scripted,
        engine,
        text,
        tools=[WEATHER, CLOCK],
        tool_choice=choice,
        parallel_tool_calls=False,
    )
    assert answer["finish_reason"] == "tool_calls"
    assert answer["message"]["tool_calls"][0]["function"]["name"] == "get_time"
    sent = engine.bodies[0]
    assert "tool_choice" not in sent
    schema = sent["response_format"]["json_schema"]["schema"]
    options = schema.get("anyOf", [schema])
    assert [option["properties"]["name"]["const"] for option in options] == names


async def test_a_demanded_call_that_was_cut_short_is_not_passed_off_as_one(
    scripted: House, engine: ScriptedEngine
) -> None:
    answers_whole(engine, CALL[:20], "length")
    answer = await scripted.ask(messages=chat(), tools=[WEATHER], tool_choice="required")
    assert answer["choices"][0]["finish_reason"] == "length"
    assert "tool_calls" not in answer["choices"][0]["message"]


async def test_no_tools_reach_the_engine_when_none_may_be_called(
    scripted: House, engine: ScriptedEngine
) -> None:
    answers_whole(engine, CALL)
    answer = await scripted.ask(messages=chat(), tools=[WEATHER], tool_choice="none")
    assert answer["choices"][0]["message"]["content"] == CALL
    assert not {"tools", "tool_choice"} & set(engine.bodies[0])


async def test_after_a_tools_result_the_model_is_to_speak(scripted: House, engine: ScriptedEngine) -> None:
    past = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
    messages = [
        *chat(),
        {"role": "assistant", "content": None, "tool_calls": [past]},
        {"role": "tool", "tool_call_id": "call_1", "content": "18 C"},
    ]
    answers_whole(engine, "18 C it is.")
    await scripted.ask(messages=messages, tools=[WEATHER], tool_choice="auto")
    assert "tools" not in engine.bodies[0]
    assert engine.bodies[0]["messages"] == messages


async def test_definitions_inside_a_tools_parameters_are_still_found(
    scripted: House, engine: ScriptedEngine
) -> None:
    place = {"type": "object", "properties": {"city": {"type": "string"}}}
    first, second = tool("a", place={"$ref": "#/$defs/Place"}), tool("b", at={"$ref": "#/definitions/Place"})
    first["function"]["parameters"]["$defs"] = {"Place": place}
    second["function"]["parameters"]["definitions"] = {"Place": {"type": "string"}}
    answers_whole(engine, "{}")
    await scripted.ask(messages=chat(), tools=[first, second], tool_choice="required")
    schema = engine.bodies[0]["response_format"]["json_schema"]["schema"]
    found = [option["properties"]["arguments"]["properties"] for option in schema["anyOf"]]
    assert found[0]["place"]["$ref"] == "#/$defs/t0_Place"
    assert found[1]["at"]["$ref"] == "#/$defs/t1_Place"
    assert schema["$defs"] == {"t0_Place": place, "t1_Place": {"type": "string"}}


async def test_calls_that_an_engine_makes_itself_pass_through(
    scripted: House, engine: ScriptedEngine
) -> None:
    native = [{"index": 0, "id": "call_9", "function": {"name": "get_weather", "arguments": "{}"}}]
    choices = [{"index": 0, "delta": {"tool_calls": native}, "finish_reason": None}]
    engine.wire = sse(chunk(choices=choices), chunk(None, "tool_calls"), usage_chunk(1, 1), b"[DONE]")
    chunks = await scripted.listen(messages=chat(), tools=[WEATHER])
    assert assembled(chunks)["tool_calls"][0]["id"] == "call_9"
    assert assembled(chunks)["finish_reason"] == "tool_calls"


async def test_every_choice_may_call(house: House) -> None:
    fields = {"messages": chat(), "tools": [WEATHER], "n": 2, "stub": {"say": CALL}}
    answer = await house.ask(**fields)
    assert [len(choice["message"]["tool_calls"]) for choice in answer["choices"]] == [1, 1]
    chunks = await house.listen(request_id="req_2", **fields)
    parts = [c for one in chunks[:-1] for c in one["choices"] if c["delta"].get("tool_calls")]
    assert sorted({part["index"] for part in parts}) == [0, 1]


PIECES = st.sampled_from(
    ["```", "json\n", "{", '"name"', "}", CALL, "<tool_call>", "</tool_call>", "word ", "\n", "["]
)


@given(st.lists(PIECES, max_size=8), st.integers(1, 9))
def test_nothing_that_is_held_back_is_ever_lost(pieces: list[str], size: int) -> None:
    from jixi.models.gateway._tools import held_from

    text = "".join(pieces)
    out, held, fresh = "", "", True
    for start in range(0, len(text), size):
        held += text[start : start + size]
        place = held_from(held, fresh=fresh)
        place = len(held) if place is None else place
        out, held = out + held[:place], held[place:]
        fresh = fresh and not out
    assert out + held == text
