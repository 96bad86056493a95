"""A Response as its callers see it: built whole, or grown by a stream."""

from typing import Any, Final

import msgspec
from msgspec import Struct

from jixi.models.dialects._chat import COMPLETION, ChatUsage
from jixi.models.dialects._responses import Item, MessageItem, ResponseBody, read_tools

_INCOMPLETE: Final = {"length": "max_output_tokens", "content_filter": "content_filter"}
_PREFIXES: Final = {
    "message": "msg",
    "function_call": "fc",
    "function_call_output": "fco",
    "reasoning": "rs",
}

Object = dict[str, Any]


class Frame(Struct, frozen=True):
    """What is settled about a Response before its answer: who asked for what, and under which id."""

    id: str
    created_at: int
    asked: ResponseBody

    def item_id(self, kind: str, number: int) -> str:
        return f"{_PREFIXES[kind]}_{self.id.removeprefix('resp_')}{number}"

    def response(
        self,
        status: str,
        output: list[Object],
        *,
        usage: ChatUsage | None = None,
        error: Object | None = None,
        reason: str | None = None,
    ) -> Object:
        asked = self.asked
        text = msgspec.to_builtins(asked.text.format) if asked.text and asked.text.format else None
        return {
            "id": self.id,
            "object": "response",
            "created_at": self.created_at,
            "status": status,
            "background": False,
            "error": error,
            "incomplete_details": None if reason is None else {"reason": reason},
            "instructions": asked.instructions,
            "max_output_tokens": asked.max_output_tokens,
            "max_tool_calls": asked.max_tool_calls,
            "model": asked.model,
            "output": output,
            "parallel_tool_calls": asked.parallel_tool_calls is not False,
            "previous_response_id": asked.previous_response_id,
            "reasoning": {
                "effort": asked.reasoning.effort if asked.reasoning is not None else None,
                "summary": None,
            },
            "store": asked.store is not False,
            "temperature": asked.temperature,
            "text": {"format": text or {"type": "text"}},
            "tool_choice": asked.tool_choice or "auto",
            "tools": [msgspec.to_builtins(tool) for tool in read_tools(asked)],
            "top_p": asked.top_p,
            "truncation": "disabled",
            "usage": None if usage is None else usage_object(usage),
            "user": asked.user,
            "metadata": asked.metadata or {},
        }

    def ended(self, finish: str | None, output: list[Object], usage: ChatUsage | None) -> Object:
        """The Response once its answer is there; raises ValueError for a finish that is not known."""
        if finish not in ("stop", "tool_calls", "function_call", *_INCOMPLETE):
            raise ValueError(f"the finish reason {finish!r} is unknown")
        reason = _INCOMPLETE.get(finish)
        return self.response(
            "completed" if reason is None else "incomplete", output, usage=usage or ChatUsage(), reason=reason
        )


def completion_to_response(body: bytes, frame: Frame) -> Object:
    """OpenAI's whole chat answer, of one choice, as a Response. Raises ValueError where it is none."""
    completion = COMPLETION.decode(body)
    if not completion.choices:
        raise ValueError("the answer has no choice")
    choice = completion.choices[0]
    said, output = choice.message, list[Object]()
    if said.reasoning_content:
        part = {"type": "reasoning_text", "text": said.reasoning_content}
        output.append(reasoning_item(frame, len(output), [part]))
    parts = [text_part(said.content)] if said.content else []
    parts += [refusal_part(said.refusal)] if said.refusal else []
    if parts or not said.tool_calls:
        output.append(message_item(frame, len(output), parts or [text_part("")]))
    for number, call in enumerate(said.tool_calls or ()):
        call_id = call.id or f"call_{frame.id.removeprefix('resp_')}_{number}"
        output.append(call_item(frame, len(output), call_id, call.function.name, call.function.arguments))
    if choice.finish_reason in _INCOMPLETE:
        output[-1]["status"] = "incomplete"
    return frame.ended(choice.finish_reason, output, completion.usage)


def stored_items(frame: Frame, items: list[Item]) -> list[Object]:
    """The input as it is kept and shown: every item with an id, every message in parts."""
    return [_stored(frame, item, 1000 + number) for number, item in enumerate(items)]


def _stored(frame: Frame, item: Item, number: int) -> Object:
    fields: Object = msgspec.to_builtins(item)
    fields["type"] = item.type
    fields["id"] = item.id or frame.item_id(item.type, number)
    fields["status"] = item.status or "completed"
    if isinstance(item, MessageItem) and isinstance(item.content, str):
        fields["content"] = [
            text_part(item.content)
            if item.role == "assistant"
            else {"type": "input_text", "text": item.content}
        ]
    return fields


def text_part(text: str) -> Object:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def refusal_part(text: str) -> Object:
    return {"type": "refusal", "refusal": text}


def message_item(frame: Frame, number: int, parts: list[Object], status: str = "completed") -> Object:
    return {
        "id": frame.item_id("message", number),
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": parts,
    }


def reasoning_item(frame: Frame, number: int, parts: list[Object], status: str = "completed") -> Object:
    return {
        "id": frame.item_id("reasoning", number),
        "type": "reasoning",
        "status": status,
        "summary": [],
        "content": parts,
    }


def call_item(
    frame: Frame, number: int, call_id: str, name: str, arguments: str, status: str = "completed"
) -> Object:
    return {
        "id": frame.item_id("function_call", number),
        "type": "function_call",
        "status": status,
        "call_id": call_id,
        "name": name,
        "arguments": arguments,
    }


def usage_object(usage: ChatUsage) -> Object:
    details = usage.completion_tokens_details
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": 0},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": (details.reasoning_tokens or 0) if details else 0},
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }
