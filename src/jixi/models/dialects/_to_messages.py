"""A request in OpenAI's chat form as one for Anthropic's Messages."""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import Raw

from jixi.models.dialects._chat import (
    BODY,
    ChatBody,
    ChatMessage,
    ChosenTool,
    ImagePart,
    Part,
    RefusalPart,
    TextPart,
    Tool,
    ToolCall,
)
from jixi.models.dialects._refusals import NULL, decoded, invalid, refuse_present, unsupported

DEFAULT_MAX_TOKENS: Final = 4096
_DATA_URL: Final = re.compile(r"data:([\w.+/-]+);base64,(.*)", re.DOTALL)
_OBJECT: Final = msgspec.json.Decoder(dict[str, Raw])
_NO_PARAMETERS: Final = Raw(b'{"type":"object","properties":{}}')
_BUDGETS: Final = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 24576, "xhigh": 32768}
_LEAST_BUDGET: Final = 1024
_EFFORTS: Final = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh"}
_TAKES_BUDGETS: Final = re.compile(r"claude-3|-4(?:[-.@](?:[015](?!\d)|20\d{6})|$)")
_HOTTEST: Final = 1.0

Blocks = list[dict[str, Any]]


def chat_to_messages(body: bytes, *, default_max_tokens: int = DEFAULT_MAX_TOKENS) -> bytes:
    """The request for /v1/messages that asks the same as `body`. Anthropic demands a limit: the default is ours.

    System messages move to the front, as there is one place for them. Raises `invalid_json`, and `invalid_value` or
    `unsupported_parameter` with the field that has no counterpart.
    """
    chat = decoded(BODY, body)
    _refuse_what_is_lost(chat)
    limit = chat.max_completion_tokens or chat.max_tokens or default_max_tokens
    fields: dict[str, Any] = {"model": chat.model, "max_tokens": limit}
    if system := list(_system(chat)):
        fields["system"] = system
    fields["messages"] = _messages(chat)
    for name in ("temperature", "top_p", "top_k"):
        if (value := getattr(chat, name)) is not None:
            fields[name] = value
    if chat.stream:
        fields["stream"] = True
    if chat.stop:
        fields["stop_sequences"] = [chat.stop] if isinstance(chat.stop, str) else chat.stop
    if user := chat.user or chat.safety_identifier:
        fields["metadata"] = {"user_id": user}
    fields |= _tools(chat) | _thinking(chat, limit)
    return msgspec.json.encode(fields)


def _refuse_what_is_lost(chat: ChatBody) -> None:
    refuse_present(
        {
            "n": chat.n,
            "seed": chat.seed,
            "logprobs": chat.logprobs,
            "top_logprobs": chat.top_logprobs,
            "presence_penalty": chat.presence_penalty,
            "frequency_penalty": chat.frequency_penalty,
            "logit_bias": chat.logit_bias,
            "modalities": chat.modalities,
            "verbosity": chat.verbosity,
            "prediction": chat.prediction,
            "audio": chat.audio,
        },
        {
            "n": (1,),
            "logprobs": (False,),
            "top_logprobs": (0,),
            "presence_penalty": (0,),
            "frequency_penalty": (0,),
            "logit_bias": ({},),
            "modalities": (["text"],),
            "verbosity": ("medium",),
        },
    )
    if chat.temperature is not None and chat.temperature > _HOTTEST:
        raise invalid("temperature", "this model takes 0 to 1")


def _system(chat: ChatBody) -> Iterator[dict[str, Any]]:
    for number, message in enumerate(chat.messages):
        if message.role in ("system", "developer"):
            for block in _content(message, number):
                if block["type"] != "text":
                    raise invalid(f"messages[{number}].content", "instructions are text alone")
                yield block


def _messages(chat: ChatBody) -> list[dict[str, Any]]:
    """Turns that alternate: what follows from the same side joins the turn before."""
    turns: list[dict[str, Any]] = []
    for number, message in enumerate(chat.messages):
        if message.role in ("system", "developer"):
            continue
        role = "assistant" if message.role == "assistant" else "user"
        blocks = _blocks(message, number)
        if not blocks:
            raise invalid(f"messages[{number}].content", "it is empty")
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    if not turns:
        raise invalid("messages", "there is no message but instructions")
    return turns


def _blocks(message: ChatMessage, number: int) -> Blocks:
    where = f"messages[{number}]"
    if message.name is not None and message.role != "tool":
        raise unsupported(f"{where}.name")
    if message.role == "tool":
        return [_result(message, number)]
    if message.role == "user":
        return _content(message, number)
    calls = [_use(call, f"{where}.tool_calls[{at}]") for at, call in enumerate(message.tool_calls or ())]
    thoughts = [
        {"type": "redacted_thinking", "data": thought.data}
        if thought.type == "redacted_thinking"
        else {"type": "thinking", "thinking": thought.thinking, "signature": thought.signature}
        for thought in message.thinking_blocks or ()
        if thought.data or thought.signature
    ]
    refusal = [{"type": "text", "text": message.refusal}] if message.refusal else []
    return [*thoughts, *_content(message, number), *refusal, *calls]


def _content(message: ChatMessage, number: int) -> Blocks:
    if message.content is None or isinstance(message.content, str):
        return [{"type": "text", "text": message.content}] if message.content else []
    blocks = [
        _part(part, f"messages[{number}].content[{place}]") for place, part in enumerate(message.content)
    ]
    return [block for block in blocks if block.get("text") != ""]


def _part(part: Part, where: str) -> dict[str, Any]:
    match part:
        case TextPart(text=text) | RefusalPart(refusal=text):
            return {"type": "text", "text": text}
        case ImagePart():
            return {"type": "image", "source": _source(part.image_url.url, f"{where}.image_url.url")}


def _source(url: str, where: str) -> dict[str, str]:
    if found := _DATA_URL.fullmatch(url):
        return {"type": "base64", "media_type": found[1], "data": found[2]}
    if not url.startswith(("https://", "http://")):
        raise invalid(where, "it is neither a web address nor base64 data")
    return {"type": "url", "url": url}


def _result(message: ChatMessage, number: int) -> dict[str, Any]:
    if not message.tool_call_id:
        raise invalid(f"messages[{number}].tool_call_id", "it is missing")
    content = message.content if isinstance(message.content, str) else _content(message, number)
    return {"type": "tool_result", "tool_use_id": message.tool_call_id, "content": content}


def _use(call: ToolCall, where: str) -> dict[str, Any]:
    arguments = call.function.arguments.strip() or "{}"
    try:
        _OBJECT.decode(arguments)
    except (msgspec.DecodeError, RecursionError) as error:
        raise invalid(f"{where}.function.arguments", "it is no JSON object") from error
    if not call.id:
        raise invalid(f"{where}.id", "it is missing")
    return {
        "type": "tool_use",
        "id": call.id,
        "name": call.function.name,
        "input": Raw(arguments.encode()),
    }


def _tools(chat: ChatBody) -> dict[str, Any]:
    if not chat.tools:
        return {}
    fields: dict[str, Any] = {"tools": [_tool(tool) for tool in chat.tools]}
    choice: dict[str, Any]
    match chat.tool_choice:
        case ChosenTool() as chosen:
            choice = {"type": "tool", "name": chosen.function.name}
        case None:
            choice = {"type": "auto"}
        case word:
            choice = {"type": "any" if word == "required" else word}
    alone = chat.parallel_tool_calls is False and choice["type"] != "none"
    if alone:
        choice["disable_parallel_tool_use"] = True
    if alone or chat.tool_choice is not None:
        fields["tool_choice"] = choice
    return fields


def _tool(tool: Tool) -> dict[str, Any]:
    function = tool.function
    fields: dict[str, Any] = {"name": function.name}
    if function.description is not None:
        fields["description"] = function.description
    fields["input_schema"] = function.parameters if function.parameters != NULL else _NO_PARAMETERS
    if function.strict:
        fields["strict"] = True
    return fields


def _thinking(chat: ChatBody, limit: int) -> dict[str, Any]:
    """How hard to think and what form to answer in. Older models take a budget, newer ones a word."""
    output: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    effort = chat.reasoning_effort
    if effort == "none":
        fields["thinking"] = {"type": "disabled"}
    elif effort is not None and _may_think(chat):
        if _TAKES_BUDGETS.search(chat.model):
            budget = min(_BUDGETS[effort], limit - 1)
            if budget >= _LEAST_BUDGET:
                fields["thinking"] = {"type": "enabled", "budget_tokens": budget}
        else:
            fields["thinking"] = {"type": "adaptive"}
            output["effort"] = _EFFORTS[effort]
    form = chat.response_format
    if form is not None and form.type == "json_schema":
        if form.json_schema is None or form.json_schema.schema == NULL:
            raise invalid("response_format.json_schema.schema", "it is missing")
        output["format"] = {"type": "json_schema", "schema": form.json_schema.schema}
    elif form is not None and form.type == "json_object":
        raise invalid("response_format.type", "this model takes 'json_schema' or 'text'")
    return fields | ({"output_config": output} if output else {})


def _may_think(chat: ChatBody) -> bool:
    """In the midst of tool calls only one who has their signed thoughts may go on thinking."""
    last = next((message for message in reversed(chat.messages) if message.role != "tool"), None)
    if last is None or last.role != "assistant" or not last.tool_calls:
        return True
    return any(thought.signature or thought.data for thought in last.thinking_blocks or ())
