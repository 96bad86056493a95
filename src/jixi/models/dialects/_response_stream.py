"""A stream of chunks in OpenAI's chat form as the events of a Response, payload by payload."""

from typing import Any, Final

from jixi.models.dialects._chat import CHUNK, DONE, CallDelta, ChatUsage, Delta
from jixi.models.dialects._response_object import (
    Frame,
    Object,
    call_item,
    message_item,
    reasoning_item,
    refusal_part,
    text_part,
)

_PARTS: Final = {
    "output_text": ("message", "text", "response.output_text"),
    "refusal": ("message", "refusal", "response.refusal"),
    "reasoning_text": ("reasoning", "text", "response.reasoning_text"),
}


class ChunksToResponse:
    """Feed it the payload of each chunk; it gives events, as objects; the last has the whole Response in it.

    Raises ValueError where a chunk makes no sense. An error becomes `response.failed` and then `error`, which every
    client takes for one; a stream that stops before a last event has failed too.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._number = 0
        self._output: list[Object] = []
        # The item and the part that are being written; empty between two of them.
        self._open: Object = {}
        self._part: Object = {}
        self._call = -1
        self._usage: ChatUsage | None = None
        self._finish: str | None = None
        self.response: Object | None = None
        """The Response, once it has ended well."""

    def begin(self) -> list[Object]:
        """What can be said before the first chunk."""
        fresh = self._frame.response("in_progress", [])
        return [
            self._event("response.created", response=fresh),
            self._event("response.in_progress", response=fresh),
        ]

    def feed(self, payload: bytes) -> list[Object]:
        if payload == DONE:
            return self._end()
        chunk = CHUNK.decode(payload)
        if chunk.error is not None:
            error = {"message": chunk.error} if isinstance(chunk.error, str) else chunk.error
            return self.failed(error)
        if chunk.usage is not None:
            self._usage = chunk.usage
        events: list[Object] = []
        for choice in chunk.choices[:1]:
            if choice.delta is not None:
                self._say(choice.delta, events)
            if choice.finish_reason is not None:
                self._finish = choice.finish_reason
        return events

    def failed(self, error: Object) -> list[Object]:
        """The end of a Response that broke. `error` is in OpenAI's form."""
        self.response = None
        told = {"code": "server_error", "message": str(error.get("message") or "The answer failed.")}
        response = self._frame.response("failed", self._output, error=told)
        told_again = {name: error.get(name) for name in ("message", "type", "param", "code")}
        flat = {name: error.get(name) for name in ("code", "message", "param")}
        return [
            self._event("response.failed", response=response),
            self._event("error", **flat, error=told_again),
        ]

    def _say(self, delta: Delta, events: list[Object]) -> None:
        for kind, text in (
            ("reasoning_text", delta.reasoning_content),
            ("output_text", delta.content),
            ("refusal", delta.refusal),
        ):
            if text:
                self._write(kind, text, events)
        for call in delta.tool_calls or ():
            self._call_tool(call, events)

    def _write(self, kind: str, text: str, events: list[Object]) -> None:
        item_kind, field, name = _PARTS[kind]
        if self._open.get("type") != item_kind:
            self._close(events)
            make = message_item if item_kind == "message" else reasoning_item
            self._enter(make(self._frame, len(self._output), [], "in_progress"), events)
        if self._part.get("type") != kind:
            self._close_part(events)
            self._begin_part(kind, events)
        self._part[field] += text
        more: Object = {"logprobs": []} if kind == "output_text" else {}
        events.append(self._event(f"{name}.delta", **self._place(), delta=text, **more))

    def _call_tool(self, call: CallDelta, events: list[Object]) -> None:
        if call.index < self._call:
            raise ValueError("a call goes on after the next one began")
        name = call.function.name if call.function is not None else None
        if call.index > self._call:
            if not name:
                raise ValueError("a call begins without a name")
            self._close(events)
            self._call = call.index
            call_id = call.id or f"call_{self._frame.id.removeprefix('resp_')}_{call.index}"
            self._enter(call_item(self._frame, len(self._output), call_id, name, "", "in_progress"), events)
        if self._open.get("type") != "function_call":
            raise ValueError("a call goes on after something else began")
        if call.function is not None and call.function.arguments:
            self._open["arguments"] += call.function.arguments
            events.append(
                self._event(
                    "response.function_call_arguments.delta",
                    item_id=self._open["id"],
                    output_index=len(self._output),
                    delta=call.function.arguments,
                )
            )

    def _enter(self, item: Object, events: list[Object]) -> None:
        self._open = item
        shown: Object = dict(item) if "content" not in item else {**item, "content": []}
        events.append(self._event("response.output_item.added", output_index=len(self._output), item=shown))

    def _begin_part(self, kind: str, events: list[Object]) -> None:
        if kind == "output_text":
            part = text_part("")
        elif kind == "refusal":
            part = refusal_part("")
        else:
            part = {"type": kind, "text": ""}
        self._open["content"].append(part)
        self._part = part
        events.append(self._event("response.content_part.added", **self._place(), part=dict(part)))

    def _close_part(self, events: list[Object]) -> None:
        part = self._part
        if not part:
            return
        _, field, name = _PARTS[part["type"]]
        more: Object = {"logprobs": []} if part["type"] == "output_text" else {}
        events.append(self._event(f"{name}.done", **self._place(), **{field: part[field]}, **more))
        events.append(self._event("response.content_part.done", **self._place(), part=dict(part)))
        self._part = {}

    def _close(self, events: list[Object], status: str = "completed") -> None:
        """End the item that is open."""
        self._close_part(events)
        item = self._open
        if not item:
            return
        if item["type"] == "function_call":
            events.append(
                self._event(
                    "response.function_call_arguments.done",
                    item_id=item["id"],
                    output_index=len(self._output),
                    name=item["name"],
                    arguments=item["arguments"],
                )
            )
        item["status"] = status
        events.append(self._event("response.output_item.done", output_index=len(self._output), item=item))
        self._output.append(item)
        self._open = {}

    def _end(self) -> list[Object]:
        cut = self._finish in ("length", "content_filter")
        events: list[Object] = []
        if not self._open and not self._output:
            self._enter(message_item(self._frame, 0, [], "in_progress"), events)
            self._begin_part("output_text", events)
        self._close(events, "incomplete" if cut else "completed")
        response = self._frame.ended(self._finish, self._output, self._usage)
        events.append(self._event(f"response.{response['status']}", response=response))
        self.response = response
        return events

    def _place(self) -> Object:
        return {
            "item_id": self._open["id"],
            "output_index": len(self._output),
            "content_index": len(self._open["content"]) - 1,
        }

    def _event(self, kind: str, **fields: Any) -> Object:
        event = {"type": kind, "sequence_number": self._number, **fields}
        self._number += 1
        return event
