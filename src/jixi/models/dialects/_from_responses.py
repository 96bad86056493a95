"""A request for a Response as one in OpenAI's chat form."""

from collections.abc import Sequence
from typing import Any

import msgspec

from jixi.models.dialects._answers import tool_call
from jixi.models.dialects._refusals import invalid
from jixi.models.dialects._responses import (
    CallItem,
    ChosenTool,
    Content,
    InputImage,
    Item,
    MessageItem,
    OutputItem,
    ReasoningItem,
    Refusal,
    ResponseBody,
    read_choice,
    read_tools,
)

Message = dict[str, Any]


def response_to_chat(asked: ResponseBody, items: Sequence[Item], before: int = 0) -> bytes:
    """The chat request that asks the same, with `items` for its input: the first `before` of them are of earlier turns.

    Raises `invalid_value` with the field that has no counterpart.
    """
    messages: list[Message] = []
    if asked.instructions:
        messages.append({"role": "system", "content": asked.instructions})
    for number, item in enumerate(items):
        _add(messages, item, f"input[{number - before}]")
    fields: dict[str, Any] = {"model": asked.model, "messages": messages}
    if asked.max_output_tokens is not None:
        fields["max_tokens"] = asked.max_output_tokens
    for name in ("temperature", "top_p", "user"):
        if (value := getattr(asked, name)) is not None:
            fields[name] = value
    if asked.stream:
        fields |= {"stream": True, "stream_options": {"include_usage": True}}
    if asked.reasoning is not None and asked.reasoning.effort is not None:
        fields["reasoning_effort"] = asked.reasoning.effort
    return msgspec.json.encode(fields | _tools(asked) | _format(asked))


def _add(messages: list[Message], item: Item, where: str) -> None:
    match item:
        case MessageItem(role="assistant"):
            turn = _assistant(messages, fresh="content")
            turn["content"] = "".join(_texts(item.content, where))
        case MessageItem():
            messages.append({"role": item.role, "content": _parts(item.content, where)})
        case CallItem():
            turn = _assistant(messages)
            turn.setdefault("tool_calls", []).append(tool_call(item.call_id, item.name, item.arguments))
        case OutputItem():
            text = "\n".join(_texts(item.output, f"{where}.output"))
            messages.append({"role": "tool", "tool_call_id": item.call_id, "content": text})
        case ReasoningItem():
            if text := "".join([part.text for part in item.content or ()]):
                _assistant(messages, fresh="reasoning_content")["reasoning_content"] = text


def _assistant(messages: list[Message], fresh: str | None = None) -> Message:
    """The assistant's turn that goes on; a new one where the last is another's, or has what is `fresh` already."""
    last = messages[-1] if messages else None
    goes_on = last is not None and last["role"] == "assistant"
    if last is None or not goes_on or (fresh is not None and (last.get(fresh) or "tool_calls" in last)):
        last = {"role": "assistant", "content": None}
        messages.append(last)
    return last


def _texts(content: str | list[Content], where: str) -> list[str]:
    if isinstance(content, str):
        return [content]
    texts: list[str] = []
    for place, part in enumerate(content):
        if isinstance(part, InputImage):
            raise invalid(f"{where}.content[{place}].type", "only text has a place here")
        texts.append(part.refusal if isinstance(part, Refusal) else part.text)
    return texts


def _parts(content: str | list[Content], where: str) -> str | list[Message]:
    if isinstance(content, str):
        return content
    parts: list[Message] = []
    for place, part in enumerate(content):
        if isinstance(part, InputImage):
            if not part.image_url:
                raise invalid(f"{where}.content[{place}].image_url", "it is missing")
            parts.append({"type": "image_url", "image_url": {"url": part.image_url}})
        else:
            parts.append({"type": "text", "text": part.refusal if isinstance(part, Refusal) else part.text})
    return parts[0]["text"] if len(parts) == 1 and "text" in parts[0] else parts


def _tools(asked: ResponseBody) -> dict[str, Any]:
    tools, choice = read_tools(asked), read_choice(asked)
    fields: dict[str, Any] = {}
    if tools:
        fields["tools"] = [
            {
                "type": "function",
                "function": {
                    name: value
                    for name in ("name", "description", "parameters", "strict")
                    if (value := getattr(tool, name)) is not None
                },
            }
            for tool in tools
        ]
        if asked.parallel_tool_calls is not None:
            fields["parallel_tool_calls"] = asked.parallel_tool_calls
    if isinstance(choice, ChosenTool):
        fields["tool_choice"] = {"type": "function", "function": {"name": choice.name}}
    elif choice is not None and (tools or choice == "required"):
        fields["tool_choice"] = choice
    return fields


def _format(asked: ResponseBody) -> dict[str, Any]:
    form = asked.text.format if asked.text is not None else None
    if form is None or form.type == "text":
        return {}
    if form.type == "json_object":
        return {"response_format": {"type": "json_object"}}
    if form.schema is None or form.name is None:
        raise invalid(f"text.format.{'name' if form.name is None else 'schema'}", "it is missing")
    schema: dict[str, Any] = {"name": form.name, "schema": form.schema}
    if form.strict is not None:
        schema["strict"] = form.strict
    return {"response_format": {"type": "json_schema", "json_schema": schema}}
