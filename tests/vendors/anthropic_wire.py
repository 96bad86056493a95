"""The wire of Anthropic's Messages API."""

import json
from typing import Any

from tests.vendors.openai_wire import ARGUMENTS, PIECES, TEXT, THOUGHT, TOOL
from tests.vendors.shapes import (
    ANSWER_TOKENS,
    ANTHROPIC,
    CACHED_TOKENS,
    PROMPT_TOKENS,
    Json,
    Refused,
    event,
)

USE_ID = "toolu_01A09q90qw90lq917835lq9"
_USAGE = {
    "input_tokens": PROMPT_TOKENS - CACHED_TOKENS,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": CACHED_TOKENS,
    "output_tokens": 1,
    "service_tier": "standard",
}


class AnthropicWire:
    """One answer."""

    def __init__(self) -> None:
        self.script = ""

    def answer(self, path: str, body: Json) -> Json | list[bytes] | Refused:
        if path != ANTHROPIC.chat:
            return ANTHROPIC.errors["unknown_model"]
        if "max_tokens" not in body or any(message["role"] == "system" for message in body["messages"]):
            message = "max_tokens: Field required"
            error = {"type": "invalid_request_error", "message": message}
            return Refused(400, {"type": "error", "error": error})
        self.script = _script(body["messages"][-1]["content"])
        if self.script.startswith("fault "):
            return ANTHROPIC.errors[self.script.removeprefix("fault ")]
        return self._stream(body) if body.get("stream") else self._whole(body)

    def _wants_tool(self, body: Json) -> bool:
        content = body["messages"][-1]["content"]
        is_result = isinstance(content, list) and any(part["type"] == "tool_result" for part in content)
        return bool(body.get("tools")) and not is_result

    def _whole(self, body: Json) -> Json:
        content: list[Json] = [{"type": "text", "text": TEXT}]
        stop = "end_turn"
        if self.script == "reason":
            content.insert(0, {"type": "thinking", "thinking": "".join(THOUGHT), "signature": "c2ln"})
        if self.script == "odd":
            content.insert(0, {"type": "odd"})
        if self._wants_tool(body):
            content = [{"type": "tool_use", "id": USE_ID, "name": TOOL, "input": json.loads(ARGUMENTS)}]
            stop = "tool_use"
        return {
            **self._message(body),
            "content": content,
            "stop_reason": stop,
            "usage": {**_USAGE, "output_tokens": ANSWER_TOKENS},
        }

    def _message(self, body: Json) -> Json:
        return {
            "id": "msg_01XFDUDYJgAACzvnptvVoYEL",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": _USAGE,
        }

    def _stream(self, body: Json) -> list[bytes]:
        blocks: list[tuple[Json, list[Json]]] = []
        stop = "end_turn"
        if self.script == "reason":
            deltas: list[Json] = [{"type": "thinking_delta", "thinking": piece} for piece in THOUGHT]
            deltas.append({"type": "signature_delta", "signature": "c2ln"})
            blocks.append(({"type": "thinking", "thinking": "", "signature": ""}, deltas))
        if self.script == "odd":
            blocks.append(({"type": "odd"}, []))
        if self._wants_tool(body):
            stop = "tool_use"
            start = {"type": "tool_use", "id": USE_ID, "name": TOOL, "input": {}}
            parts = [ARGUMENTS[at : at + 5] for at in range(0, len(ARGUMENTS), 5)]
            blocks.append(
                (start, [{"type": "input_json_delta", "partial_json": part} for part in ["", *parts]])
            )
        else:
            blocks.append(
                ({"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in PIECES])
            )
        events = [_named("message_start", message=self._message(body)), _named("ping")]
        for index, (start, deltas) in enumerate(blocks):
            events.append(_named("content_block_start", index=index, content_block=start))
            events += [_named("content_block_delta", index=index, delta=delta) for delta in deltas]
            events.append(_named("content_block_stop", index=index))
        events.append(
            _named(
                "message_delta",
                delta={"stop_reason": stop, "stop_sequence": None},
                usage={"output_tokens": ANSWER_TOKENS},
            )
        )
        return [*events, _named("message_stop")]


def _named(kind: str, **fields: Any) -> bytes:
    return event({"type": kind, **fields}, kind)


def _script(content: Any) -> str:
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content if part["type"] == "text")
