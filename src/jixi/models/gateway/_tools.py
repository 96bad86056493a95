"""Tool calls for engines that only write text: what to ask of them, and how to read calls out of what they say.

A demanded call is enforced by a JSON schema over the tools; a call by choice is recognised in the answer.
"""

import re
import secrets
from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec
from msgspec import Struct

from jixi.models.gateway._schemas import ChatRequest, ChosenTool, Function

_TAG: Final = "<tool_call>"
_FENCE: Final = "```"
_TAGGED: Final = re.compile(r"<tool_call>\s*(.*?)\s*(?:</tool_call>|\Z)", re.DOTALL)
_FENCED: Final = re.compile(r"```\w*\s*([{\[](?:(?!```).)*)```\s*\Z", re.DOTALL)
_BARE_START: Final = re.compile(r'\s*(?:\Z|\{\s*(?:"|\Z)|\[\s*(?:\{|\Z))')
_MARK: Final = re.compile(r"<tool_call>|```\w*\s*(?:\Z|[{\[](?!.*```\s*\S))", re.DOTALL)
_OWN_REFERENCE: Final = re.compile(r"^#/(?:\$defs|definitions)/")
_MOST_HELD: Final = 32 * 1024


class _WrittenCall(Struct):
    """A call as models write it."""

    name: str
    arguments: dict[str, Any] | str | None = None
    parameters: dict[str, Any] | None = None


_CALL: Final = msgspec.json.Decoder(_WrittenCall)
_CALLS: Final = msgspec.json.Decoder(list[_WrittenCall])
_ARGUMENTS: Final = msgspec.json.Decoder(dict[str, Any])


class ToolCall(Struct, frozen=True):
    id: str
    name: str
    arguments: str

    def as_message(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "type": "function",
            "function": {"name": self.name, "arguments": self.arguments},
        }


class ToolPlan(Struct, frozen=True):
    """How the tools of one request are handled. `demanded`: the answer is a call, by force of the schema."""

    names: frozenset[str]
    demanded: bool
    changes: Mapping[str, bytes | None]


def plan_tools(chat: ChatRequest) -> ToolPlan:
    """What to change in the request, and what to look for in the answer. After a tool's result the model is
    to answer in words, and small models repeat the call instead while they still see the tools.
    """
    tools = chat.tools or []
    choice = chat.tool_choice or "auto"
    drop: dict[str, bytes | None] = {"tools": None, "tool_choice": None, "parallel_tool_calls": None}
    if choice == "none" or not tools or (choice == "auto" and chat.messages[-1].role == "tool"):
        return ToolPlan(frozenset(), False, drop)
    if choice == "auto":
        names = frozenset(tool.function.name for tool in tools)
        return ToolPlan(names, False, {"tool_choice": None, "parallel_tool_calls": None})
    wanted = [
        tool.function
        for tool in tools
        if not isinstance(choice, ChosenTool) or tool.function.name == choice.function.name
    ]
    form = {"type": "json_schema", "json_schema": {"name": "tool_call", "schema": call_schema(wanted)}}
    return ToolPlan(
        frozenset(function.name for function in wanted),
        True,
        {
            "tool_choice": None,
            "parallel_tool_calls": None,
            "response_format": msgspec.json.encode(form),
        },
    )


def call_schema(functions: list[Function]) -> dict[str, Any]:
    """A schema that only a call of one of `functions` fits; shared definitions move up to where `$ref` finds them."""
    options: list[dict[str, Any]] = []
    definitions: dict[str, Any] = {}
    for number, function in enumerate(functions):
        parameters = dict(function.parameters or {"type": "object", "properties": {}})
        if not parameters.get("properties") and "$ref" not in parameters:
            parameters.setdefault("additionalProperties", False)
        for holder in ("$defs", "definitions"):
            for name, definition in parameters.pop(holder, {}).items():
                definitions[f"t{number}_{name}"] = _moved(definition, number)
        options.append(
            {
                "type": "object",
                "properties": {
                    "name": {"const": function.name},
                    "arguments": _moved(parameters, number),
                },
                "required": ["name", "arguments"],
                "additionalProperties": False,
            }
        )
    schema: dict[str, Any] = options[0] if len(options) == 1 else {"anyOf": options}
    return {**schema, "$defs": definitions} if definitions else schema


def _moved(schema: Any, number: int) -> Any:
    """`schema` with every reference to its own definitions pointed at where they were moved."""
    if isinstance(schema, list):
        return [_moved(item, number) for item in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    moved: dict[str, Any] = {}
    for key, value in cast("dict[str, Any]", schema).items():
        if key == "$ref" and isinstance(value, str):
            moved[key] = _OWN_REFERENCE.sub(f"#/$defs/t{number}_", value)
        else:
            moved[key] = _moved(value, number)
    return moved


def read_calls(text: str, names: frozenset[str]) -> tuple[str, list[ToolCall]]:
    """The words and the calls in an answer. Where no call of a known tool is found, all of it is words."""
    stripped = text.strip()
    if _TAG in stripped:
        calls = [call for found in _TAGGED.finditer(stripped) for call in _calls_in(found[1], names)]
        words = stripped[: stripped.index(_TAG)]
    elif (fenced := _FENCED.search(stripped)) is not None:
        calls = _calls_in(fenced[1], names)
        words = stripped[: fenced.start()]
    else:
        calls = _calls_in(stripped, names)
        words = ""
    return (words.strip(), calls) if calls else (text, [])


def held_from(text: str, *, fresh: bool) -> int | None:
    """Where in `text` a call might begin that is not complete yet; None where it is only words.

    Asked while an answer streams, about what has not gone out: what stands before that place may go, the rest
    waits. `fresh` says that nothing has gone out yet: bare JSON is a call at the beginning alone.
    """
    if len(text) > _MOST_HELD:
        return None
    if fresh and _BARE_START.match(text):
        return 0
    if (mark := _MARK.search(text)) is not None:
        return mark.start()
    for size in range(min(len(_TAG) - 1, len(text)), 0, -1):
        if _TAG.startswith(text[-size:]) or _FENCE.startswith(text[-size:]):
            return len(text) - size
    return None


def _calls_in(text: str, names: frozenset[str]) -> list[ToolCall]:
    """The calls in a JSON object, or in an array of such; none where one of them is not a call."""
    try:
        written = _CALLS.decode(text) if text.startswith("[") else [_CALL.decode(text)]
        calls = [_as_call(item) for item in written]
    except (msgspec.DecodeError, RecursionError):
        return []
    return calls if all(call.name in names for call in calls) else []


def _as_call(item: _WrittenCall) -> ToolCall:
    arguments = item.arguments if item.arguments is not None else item.parameters or {}
    if isinstance(arguments, str):
        arguments = _ARGUMENTS.decode(arguments)
    return ToolCall(new_call_id(), item.name, msgspec.json.encode(arguments).decode())


def new_call_id() -> str:
    return f"call_{secrets.token_hex(12)}"
