"""A stream of Anthropic's events as chunks in OpenAI's form, payload by payload."""

import time
from typing import Any

import msgspec

from jixi.core.usage import Usage as CoreUsage
from jixi.models.dialects._answers import (
    KNOWN_BLOCKS,
    chat_usage,
    completion_id,
    core_usage,
    finish_of,
    signed_thought,
)
from jixi.models.dialects._chat import DONE
from jixi.models.dialects._errors import error_to_openai
from jixi.models.dialects._messages import EVENT, AnswerBlock, Event, Usage


class EventsToChunks:
    """Feed it the data of each event; it gives the payloads of the chunks that say the same, `[DONE]` at the end.

    An error event becomes a payload with `error`. Raises ValueError where an event makes no sense; a stream that
    stops before `[DONE]` has failed, whatever came before.
    """

    def __init__(self, *, model: str | None = None) -> None:
        self._model = model
        self._id = ""
        self._created = 0
        self._blocks: dict[int, AnswerBlock] = {}
        self._calls: dict[int, int] = {}
        self._usage = Usage()
        self._finish: dict[str, Any] | None = None

    @property
    def used(self) -> CoreUsage | None:
        """What the vendor has reported so far."""
        return core_usage(self._usage) if self._usage != Usage() else None

    def feed(self, payload: bytes) -> list[bytes]:
        event = EVENT.decode(payload)
        match event.type:
            case "message_start":
                return self._start(event)
            case "content_block_start":
                return self._open(event)
            case "content_block_delta":
                return self._extend(event)
            case "content_block_stop":
                return self._close(event)
            case "message_delta":
                self._end(event)
                return []
            case "message_stop":
                return self._stop()
            case "error":
                return [error_to_openai(event.error or {})]
            case _:
                return []

    def _start(self, event: Event) -> list[bytes]:
        if event.message is None:
            raise ValueError("message_start has no message")
        self._id = completion_id(event.message.id)
        self._created = int(time.time())
        self._model = self._model or event.message.model
        self._count(event.message.usage)
        return [self._delta({"role": "assistant", "content": ""})]

    def _open(self, event: Event) -> list[bytes]:
        block = event.content_block
        if block is None or block.type not in KNOWN_BLOCKS:
            kind = None if block is None else block.type
            raise ValueError(f"a block of the kind {kind!r} has no counterpart")
        self._blocks[event.index] = block
        if block.type == "tool_use":
            number = self._calls[event.index] = len(self._calls)
            function = {"name": block.name, "arguments": ""}
            call = {"index": number, "id": block.id, "type": "function", "function": function}
            return [self._delta({"tool_calls": [call]})]
        if block.type == "text" and block.text:
            return [self._delta({"content": block.text})]
        return [self._delta({"reasoning_content": block.thinking})] if block.thinking else []

    def _extend(self, event: Event) -> list[bytes]:
        delta, block = event.delta, self._blocks.get(event.index)
        if delta is None or block is None:
            raise ValueError("a delta belongs to no block")
        match delta.type:
            case "text_delta":
                return [self._delta({"content": delta.text})] if delta.text else []
            case "thinking_delta":
                block.thinking += delta.thinking
                return [self._delta({"reasoning_content": delta.thinking})] if delta.thinking else []
            case "signature_delta":
                block.signature = delta.signature
                return []
            case "input_json_delta":
                return self._argue(event.index, delta.partial_json)
            case _:
                return []

    def _argue(self, index: int, partial: str) -> list[bytes]:
        if not partial:
            return []
        if index not in self._calls:
            raise ValueError("arguments belong to no tool")
        self._blocks[index].text += partial
        return [
            self._delta({"tool_calls": [{"index": self._calls[index], "function": {"arguments": partial}}]})
        ]

    def _close(self, event: Event) -> list[bytes]:
        block = self._blocks.get(event.index)
        if block is None:
            raise ValueError("a block ends that never began")
        if block.type == "tool_use" and not block.text:
            return self._argue(event.index, bytes(block.input).decode())
        if block.type in ("thinking", "redacted_thinking"):
            signed = signed_thought(block.type, block.thinking, block.signature, block.data)
            return [self._delta({"thinking_blocks": signed})] if signed else []
        return []

    def _end(self, event: Event) -> None:
        if event.usage is not None:
            self._count(event.usage)
        if event.delta is not None and event.delta.stop_reason is not None:
            self._finish = {
                "index": 0,
                "delta": {},
                "finish_reason": finish_of(event.delta.stop_reason),
            }
            if event.delta.stop_sequence is not None:
                self._finish["stop_reason"] = event.delta.stop_sequence

    def _stop(self) -> list[bytes]:
        if self._finish is None:
            raise ValueError("the message ends without a reason")
        return [
            self._chunk(choices=[self._finish]),
            self._chunk(choices=[], usage=chat_usage(self._usage)),
            DONE,
        ]

    def _count(self, usage: Usage) -> None:
        """Counts of a later event replace those of an earlier one; what it does not name stands."""
        for name in usage.__struct_fields__:
            if (value := getattr(usage, name)) is not None:
                setattr(self._usage, name, value)

    def _delta(self, delta: dict[str, Any]) -> bytes:
        return self._chunk(choices=[{"index": 0, "delta": delta, "finish_reason": None}])

    def _chunk(self, **fields: Any) -> bytes:
        envelope = {
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": self._model,
        }
        return msgspec.json.encode(envelope | fields)
