"""A stream of chunks in OpenAI's form as Anthropic's events, payload by payload."""

from typing import Any, Literal

import msgspec

from jixi.models.dialects._answers import message_name, message_usage, signature_of, stop_of, use_id
from jixi.models.dialects._chat import CHUNK, DONE, CallDelta, ChatUsage, Chunk, ChunkChoice, Delta
from jixi.models.dialects._errors import error_to_anthropic

Kind = Literal["text", "thinking", "tool_use", "redacted_thinking"]


class ChunksToEvents:
    """Feed it the payload of each chunk; it gives the data of the events that say the same, `message_stop` at the end.

    The chunks are of one choice and bring their usage. An error becomes an event `error`, the last one. Raises
    ValueError where a chunk makes no sense; a stream that stops before `message_stop` has failed.
    """

    def __init__(
        self, *, model: str | None = None, message_id: str | None = None, request_id: str | None = None
    ) -> None:
        self._model = model
        self._request_id = request_id
        self._id = message_id
        self._begun = False
        self._open: Kind | None = None
        self._index = -1
        self._call = -1
        self._written = ""
        self._usage: ChatUsage | None = None
        self._end: tuple[str, str | None] | None = None

    def feed(self, payload: bytes) -> list[bytes]:
        if payload == DONE:
            return self._stop()
        chunk = CHUNK.decode(payload)
        if chunk.error is not None:
            return [error_to_anthropic(chunk.error, request_id=self._request_id)]
        events = self._start(chunk)
        if chunk.usage is not None:
            self._usage = chunk.usage
        for choice in chunk.choices[:1]:
            events += self._take(choice)
        return events

    def _start(self, chunk: Chunk) -> list[bytes]:
        if self._begun:
            return []
        self._begun = True
        self._id = self._id or message_name(chunk.id)
        message: dict[str, Any] = {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": self._model or chunk.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": message_usage(chunk.usage),
        }
        return [_event("message_start", message=message)]

    def _take(self, choice: ChunkChoice) -> list[bytes]:
        events: list[bytes] = []
        if choice.delta is not None:
            self._say(choice.delta, events)
        if choice.finish_reason is not None:
            self._end = stop_of(choice.finish_reason, choice.stop_reason)
        return events

    def _say(self, delta: Delta, events: list[bytes]) -> None:
        if delta.reasoning_content:
            self._enter("thinking", {"thinking": "", "signature": ""}, events)
            events.append(self._delta("thinking_delta", thinking=delta.reasoning_content))
        if self._open == "thinking" and (signature := signature_of(delta.thinking_blocks)):
            events.append(self._delta("signature_delta", signature=signature))
        for thought in delta.thinking_blocks or ():
            if thought.data:
                self._leave(events)
                self._enter("redacted_thinking", {"data": thought.data}, events)
        if text := (delta.content or "") + (delta.refusal or ""):
            self._enter("text", {"text": ""}, events)
            events.append(self._delta("text_delta", text=text))
        for call in delta.tool_calls or ():
            self._call_tool(call, events)

    def _call_tool(self, call: CallDelta, events: list[bytes]) -> None:
        if call.index < self._call:
            raise ValueError("a call goes on after the next one began")
        name = call.function.name if call.function is not None else None
        if call.index > self._call or self._open != "tool_use":
            if call.index == self._call or not name:
                raise ValueError("a call begins without a name")
            self._leave(events)
            self._call = call.index
            block: dict[str, Any] = {"name": name, "input": {}}
            block["id"] = call.id or use_id(self._id or "", call.index)
            self._enter("tool_use", block, events)
        if call.function is not None and call.function.arguments:
            self._written += call.function.arguments
            events.append(self._delta("input_json_delta", partial_json=call.function.arguments))

    def _enter(self, kind: Kind, block: dict[str, Any], events: list[bytes]) -> None:
        """Begin a block, unless one of this kind is open."""
        if self._open == kind:
            return
        self._leave(events)
        self._index += 1
        self._open = kind
        self._written = ""
        events.append(_event("content_block_start", index=self._index, content_block={"type": kind, **block}))

    def _leave(self, events: list[bytes]) -> None:
        if self._open is None:
            return
        if self._open == "tool_use" and self._written.strip():
            msgspec.json.decode(self._written, type=dict[str, msgspec.Raw])
        self._open = None
        events.append(_event("content_block_stop", index=self._index))

    def _stop(self) -> list[bytes]:
        if self._end is None:
            raise ValueError("the answer ends without a reason")
        events: list[bytes] = []
        self._leave(events)
        reason, sequence = self._end
        delta = {"stop_reason": reason, "stop_sequence": sequence}
        events.append(_event("message_delta", delta=delta, usage=message_usage(self._usage)))
        events.append(_event("message_stop"))
        return events

    def _delta(self, kind: str, **fields: Any) -> bytes:
        return _event("content_block_delta", index=self._index, delta={"type": kind, **fields})


def _event(kind: str, **fields: Any) -> bytes:
    return msgspec.json.encode({"type": kind, **fields})
