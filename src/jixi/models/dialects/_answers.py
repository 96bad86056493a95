"""Whole answers, from either form to the other, and the words that both ways and the streams share."""

import time
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from jixi.core.usage import Usage as CoreUsage
from jixi.models.dialects._chat import COMPLETION, AnswerMessage, ChatUsage, SignedThought
from jixi.models.dialects._messages import MESSAGE, Message, Usage

FINISHES: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
STOPS: Final = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}


class _Billed(Struct):
    usage: Usage


_BILLED: Final = msgspec.json.Decoder(_Billed)
KNOWN_BLOCKS: Final = frozenset({"text", "thinking", "redacted_thinking", "tool_use"})


def message_to_completion(body: bytes, *, model: str | None = None) -> bytes:
    """Anthropic's whole answer in OpenAI's form, under the name `model` where one is given.

    Raises ValueError where it is no such answer, or holds what has no counterpart.
    """
    message = MESSAGE.decode(body)
    choice: dict[str, Any] = {
        "index": 0,
        "message": _said(message),
        "logprobs": None,
        "finish_reason": finish_of(message.stop_reason),
    }
    if message.stop_sequence is not None:
        choice["stop_reason"] = message.stop_sequence
    return msgspec.json.encode(
        {
            "id": completion_id(message.id),
            "object": "chat.completion",
            "created": int(time.time()),
            "model": model or message.model,
            "choices": [choice],
            "usage": chat_usage(message.usage),
        }
    )


def usage_of_message(body: bytes) -> CoreUsage | None:
    """What an answer of Anthropic's says to have used, also where the rest of it makes no sense."""
    try:
        used = _BILLED.decode(body).usage
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return core_usage(used)


def completion_to_message(body: bytes, *, model: str | None = None, message_id: str | None = None) -> bytes:
    """OpenAI's whole answer, of one choice, in Anthropic's form. Raises ValueError where it is none."""
    completion = COMPLETION.decode(body)
    if not completion.choices:
        raise ValueError("the answer has no choice")
    choice = completion.choices[0]
    name = message_id or message_name(completion.id)
    reason, sequence = stop_of(choice.finish_reason, choice.stop_reason)
    return msgspec.json.encode(
        {
            "id": name,
            "type": "message",
            "role": "assistant",
            "model": model or completion.model,
            "content": _blocks(choice.message, name),
            "stop_reason": reason,
            "stop_sequence": sequence,
            "usage": message_usage(completion.usage),
        }
    )


def _said(message: Message) -> dict[str, Any]:
    text, thoughts, signed, calls = list[str](), list[str](), list[dict[str, str]](), list[dict[str, Any]]()
    for block in message.content:
        if block.type not in KNOWN_BLOCKS:
            raise ValueError(f"a block of the kind {block.type!r} has no counterpart")
        if block.type == "text":
            text.append(block.text)
        elif block.type == "tool_use":
            calls.append(tool_call(block.id, block.name, bytes(block.input).decode()))
        else:
            thoughts.append(block.thinking)
            signed += signed_thought(block.type, block.thinking, block.signature, block.data)
    said: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(text) if text or not calls else None,
        "refusal": None,
    }
    if any(thoughts):
        said["reasoning_content"] = "".join(thoughts)
    if signed:
        said["thinking_blocks"] = signed
    if calls:
        said["tool_calls"] = calls
    return said


def _blocks(said: AnswerMessage, name: str) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if said.reasoning_content:
        blocks.append(
            {
                "type": "thinking",
                "thinking": said.reasoning_content,
                "signature": signature_of(said.thinking_blocks),
            }
        )
    blocks += [
        {"type": "redacted_thinking", "data": thought.data}
        for thought in said.thinking_blocks or ()
        if thought.data
    ]
    if text := (said.content or "") + (said.refusal or ""):
        blocks.append({"type": "text", "text": text})
    for number, call in enumerate(said.tool_calls or ()):
        arguments = call.function.arguments.strip() or "{}"
        msgspec.json.decode(arguments, type=dict[str, Raw])
        blocks.append(
            {
                "type": "tool_use",
                "id": call.id or use_id(name, number),
                "name": call.function.name,
                "input": Raw(arguments.encode()),
            }
        )
    return blocks


def tool_call(call_id: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def signed_thought(kind: str, thinking: str, signature: str, data: str) -> list[dict[str, str]]:
    """What Anthropic's models want to have back, as a list of one; empty where there is no mark to know it by."""
    if kind == "redacted_thinking":
        return [{"type": kind, "data": data}]
    return [{"type": "thinking", "thinking": thinking, "signature": signature}] if signature else []


def signature_of(thoughts: list[SignedThought] | None) -> str:
    return next((thought.signature for thought in thoughts or () if thought.signature), "")


def finish_of(stop_reason: str | None) -> str:
    """Raises ValueError for a reason that is not known: it might mean that the answer is not complete."""
    if stop_reason not in FINISHES:
        raise ValueError(f"the stop reason {stop_reason!r} is unknown")
    return FINISHES[stop_reason]


def stop_of(finish: str | None, stopped_by: str | int | None) -> tuple[str, str | None]:
    """The stop reason, and the sequence that ended the answer where the engine named one."""
    if finish not in STOPS:
        raise ValueError(f"the finish reason {finish!r} is unknown")
    if finish == "stop" and isinstance(stopped_by, str):
        return "stop_sequence", stopped_by
    return STOPS[finish], None


def core_usage(usage: Usage) -> CoreUsage:
    told = chat_usage(usage)
    return CoreUsage(
        input_tokens=told["prompt_tokens"],
        cached_input_tokens=told["prompt_tokens_details"]["cached_tokens"],
        output_tokens=told["completion_tokens"],
    )


def chat_usage(usage: Usage) -> dict[str, Any]:
    """Anthropic counts apart what the cache served and took; OpenAI counts it in."""
    cached = usage.cache_read_input_tokens or 0
    read = (usage.input_tokens or 0) + cached + (usage.cache_creation_input_tokens or 0)
    written = usage.output_tokens or 0
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def message_usage(usage: ChatUsage | None) -> dict[str, Any]:
    used = usage or ChatUsage()
    return {
        "input_tokens": used.prompt_tokens - used.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": used.cached,
        "output_tokens": used.completion_tokens,
    }


def completion_id(message_id: str) -> str:
    return f"chatcmpl-{message_id.removeprefix('msg_')}"


def message_name(answer_id: str) -> str:
    return f"msg_{answer_id.removeprefix('chatcmpl-')}"


def use_id(message_id: str, number: int) -> str:
    """The id of a call to which its engine gave none."""
    return f"toolu_{message_id.removeprefix('msg_')}_{number}"
