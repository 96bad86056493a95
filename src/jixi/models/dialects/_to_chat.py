"""A request for Anthropic's Messages as one in OpenAI's chat form."""

from collections.abc import Sequence
from typing import Any, Final, cast

import msgspec
from msgspec import Raw

from jixi.models.dialects._messages import (
    BODY,
    COUNTED,
    TOOL,
    AssistantMessage,
    Base64Source,
    DocumentBlock,
    ImageBlock,
    MessagesBody,
    RedactedThinkingBlock,
    SystemBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UserMessage,
)
from jixi.models.dialects._refusals import decoded, invalid, refuse_present, unsupported

_BANDS: Final = ((2048, "low"), (8192, "medium"))
_KEPT_ALWAYS: Final = "clear_thinking_20251015"

Message = dict[str, Any]


def messages_to_chat(body: bytes, *, counting: bool = False) -> bytes:
    """The chat request that asks the same as `body`.

    Hints that change no answer (cache_control, service_tier) are left out; a failed tool's result says so in words.
    Where it is only for `counting`, no limit has to be set. Raises `invalid_json`, and `invalid_value` or
    `unsupported_parameter` with the field that has no counterpart.
    """
    asked = decoded(COUNTED if counting else BODY, body)
    _refuse_what_is_lost(asked)
    messages = [*_system(asked.system)]
    for number, message in enumerate(asked.messages):
        if isinstance(message, UserMessage):
            messages += _user(message, f"messages[{number}]")
        else:
            messages.append(_assistant(message, f"messages[{number}]"))
    fields: dict[str, Any] = {"model": asked.model, "messages": messages, "max_tokens": asked.max_tokens}
    for name in ("temperature", "top_p", "top_k"):
        if (value := getattr(asked, name)) is not None:
            fields[name] = value
    if asked.stop_sequences:
        fields["stop"] = asked.stop_sequences
    if asked.stream:
        fields |= {"stream": True, "stream_options": {"include_usage": True}}
    if asked.metadata is not None and asked.metadata.user_id:
        fields["user"] = asked.metadata.user_id
    return msgspec.json.encode(fields | _tools(asked) | _output(asked))


def _refuse_what_is_lost(asked: MessagesBody) -> None:
    refuse_present(
        {"container": asked.container, "mcp_servers": asked.mcp_servers, "speed": asked.speed},
        {"mcp_servers": ([],), "speed": ("standard",)},
    )
    edits = asked.context_management.edits if asked.context_management is not None else []
    for number, edit in enumerate(edits):
        # Earlier thoughts are kept or dropped by the model's own template.
        if edit.type != _KEPT_ALWAYS:
            raise unsupported(f"context_management.edits[{number}].type")


def _system(system: str | list[SystemBlock] | None) -> list[Message]:
    if not system:
        return []
    return [{"role": "system", "content": system if isinstance(system, str) else _texts(system)}]


def _user(message: UserMessage, where: str) -> list[Message]:
    """Results of tools first, for they answer the turn before; then what the user adds."""
    if isinstance(message.content, str):
        return [{"role": "user", "content": message.content}]
    results: list[Message] = []
    rest: list[TextBlock | ImageBlock | DocumentBlock] = []
    for place, block in enumerate(message.content):
        if isinstance(block, ToolResultBlock):
            result, images = _result(block, f"{where}.content[{place}]")
            results.append(result)
            rest += images
        else:
            rest.append(block)
    if not rest and results:
        return results
    return [*results, {"role": "user", "content": _parts(rest, where)}]


def _result(block: ToolResultBlock, where: str) -> tuple[Message, list[ImageBlock]]:
    """A tool's message is text alone; its images go to the user's turn behind it."""
    images: list[ImageBlock] = []
    if block.content is None or isinstance(block.content, str):
        text = block.content or ""
    else:
        images = [part for part in block.content if isinstance(part, ImageBlock)]
        texts = [_plain(part, where).text for part in block.content if not isinstance(part, ImageBlock)]
        text = "\n".join(texts)
    if block.is_error and not text.lower().startswith("error"):
        text = f"Error: {text}"
    return {"role": "tool", "tool_call_id": block.tool_use_id, "content": text}, images


def _parts(blocks: Sequence[TextBlock | ImageBlock | DocumentBlock], where: str) -> str | list[Message]:
    parts: list[Message] = []
    for place, block in enumerate(blocks):
        if isinstance(block, ImageBlock):
            source = block.source
            url = (
                f"data:{source.media_type};base64,{source.data}"
                if isinstance(source, Base64Source)
                else source.url
            )
            parts.append({"type": "image_url", "image_url": {"url": url}})
        else:
            parts.append({"type": "text", "text": _plain(block, f"{where}.content[{place}]").text})
    return parts[0]["text"] if len(parts) == 1 and "text" in parts[0] else parts


def _plain(block: TextBlock | DocumentBlock, where: str) -> TextBlock:
    if isinstance(block, TextBlock):
        return block
    if block.citations is not None and block.citations.enabled:
        raise unsupported(f"{where}.citations")
    head = [part for part in (block.title, block.context) if part]
    return TextBlock(text="\n\n".join([*head, block.source.data]))


def _assistant(message: AssistantMessage, where: str) -> Message:
    if isinstance(message.content, str):
        return {"role": "assistant", "content": message.content}
    texts = [block for block in message.content if isinstance(block, TextBlock)]
    calls = [block for block in message.content if isinstance(block, ToolUseBlock)]
    if not all(_is_object(call.input) for call in calls):
        raise invalid(f"{where}.content", "the input of a tool is an object")
    thoughts = [block for block in message.content if isinstance(block, ThinkingBlock)]
    hidden = [block for block in message.content if isinstance(block, RedactedThinkingBlock)]
    fields: Message = {"role": "assistant", "content": _texts(texts) if texts else None}
    if thoughts:
        fields["reasoning_content"] = "".join(block.thinking for block in thoughts)
    if hidden or any(block.signature for block in thoughts):
        fields["thinking_blocks"] = [
            *({"type": "thinking", "thinking": b.thinking, "signature": b.signature} for b in thoughts),
            *({"type": "redacted_thinking", "data": b.data} for b in hidden),
        ]
    if calls:
        fields["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": bytes(call.input).decode()},
            }
            for call in calls
        ]
    if not texts and not calls:
        fields["content"] = ""
    return fields


def _texts(blocks: Sequence[TextBlock] | Sequence[SystemBlock]) -> str | list[Message]:
    if len(blocks) == 1:
        return blocks[0].text
    return [{"type": "text", "text": block.text} for block in blocks]


def _tools(asked: MessagesBody) -> dict[str, Any]:
    if not asked.tools:
        return {}
    fields: dict[str, Any] = {
        "tools": [_tool(raw, f"tools[{number}]") for number, raw in enumerate(asked.tools)]
    }
    choice = asked.tool_choice
    if choice is None:
        return fields
    if choice.type == "tool":
        if choice.name is None:
            raise invalid("tool_choice.name", "it is missing")
        fields["tool_choice"] = {"type": "function", "function": {"name": choice.name}}
    else:
        fields["tool_choice"] = "required" if choice.type == "any" else choice.type
    if choice.disable_parallel_tool_use:
        fields["parallel_tool_calls"] = False
    return fields


def _tool(raw: Raw, where: str) -> Message:
    kind: Any = cast("dict[str, Any]", msgspec.json.decode(raw)).get("type") if _is_object(raw) else None
    if kind not in (None, "custom"):
        raise invalid(f"{where}.type", f"tools of the kind {str(kind)[:64]!r} do not exist here")
    tool = decoded(TOOL, bytes(raw), at=where)
    refuse_present(
        {
            f"{where}.defer_loading": tool.defer_loading,
            f"{where}.input_examples": tool.input_examples,
            f"{where}.allowed_callers": tool.allowed_callers,
        },
        {
            f"{where}.defer_loading": (False,),
            f"{where}.input_examples": ([],),
            f"{where}.allowed_callers": (["direct"], []),
        },
    )
    function: Message = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    function["parameters"] = tool.input_schema
    if tool.strict:
        function["strict"] = True
    return {"type": "function", "function": function}


def _is_object(raw: Raw) -> bool:
    return bytes(raw).lstrip().startswith(b"{")


def _output(asked: MessagesBody) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    thinking, output = asked.thinking, asked.output_config
    if thinking is not None and thinking.type == "enabled":
        if thinking.budget_tokens is None:
            raise invalid("thinking.budget_tokens", "it is missing")
        fields["reasoning_effort"] = next(
            (word for most, word in _BANDS if thinking.budget_tokens <= most), "high"
        )
    if output is not None and output.effort is not None and (thinking is None or thinking.type != "disabled"):
        fields["reasoning_effort"] = "xhigh" if output.effort == "max" else output.effort
    if output is not None and output.format is not None:
        form = {"name": "answer", "schema": output.format.schema}
        fields["response_format"] = {"type": "json_schema", "json_schema": form}
    return fields
