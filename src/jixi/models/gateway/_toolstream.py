"""A stream whose text may turn out to be a tool call: words pass, what could be a call waits until it is known."""

from typing import Any

from jixi.core.usage import Usage
from jixi.models.gateway._chunks import CHUNK, Envelope, encode
from jixi.models.gateway._stream import EngineStream
from jixi.models.gateway._tools import ToolCall, ToolPlan, held_from, read_calls


class ToolStream:
    """Wraps one stream of an engine. Held payloads go out unchanged where they were words after all."""

    def __init__(self, stream: EngineStream, plan: ToolPlan) -> None:
        self.ending: list[bytes] = []
        self._stream = stream
        self._plan = plan
        self._held: list[bytes] = []
        self._text = ""
        self._fresh = True
        self._native = False

    @property
    def envelope(self) -> Envelope:
        return self._stream.envelope

    def usage(self) -> Usage:
        return self._stream.usage()

    def close(self) -> None:
        self._stream.close()

    async def read(self) -> list[bytes]:
        while payloads := await self._stream.read():
            ready: list[bytes] = []
            for payload in payloads:
                self._take(payload, ready)
            if ready:
                return ready
        if self.ending:
            return []
        return self._decide()

    def _take(self, payload: bytes, ready: list[bytes]) -> None:
        """Sort a payload: it waits, or it goes out with those that waited before it."""
        delta = CHUNK.decode(payload).choices[0].delta
        text = (delta.content or "") if delta else ""
        if delta is not None and delta.tool_calls:
            self._native = True
        if not text and not self._held:
            ready.append(payload)
            return
        self._held.append(payload)
        self._text += text
        if self._native or not self._plan.demanded:
            self._release(ready)

    def _release(self, ready: list[bytes]) -> None:
        """Let go what can no longer be part of a call. A payload that holds both is kept whole."""
        start = None if self._native else held_from(self._text, fresh=self._fresh)
        if start is None:
            ready += self._held
            self._held, self._text = [], ""
            self._fresh = False
            return
        while start > 0:
            size = len(_text_of(self._held[0]))
            if size > start:
                return
            ready.append(self._held.pop(0))
            self._text = self._text[size:]
            start -= size
            self._fresh = False

    def _decide(self) -> list[bytes]:
        """The stream has ended: what waited is a call or words."""
        held, self._held = self._held, []
        text = self._text + "".join(map(_text_of, self._stream.ending))
        words, calls = read_calls(text, self._plan.names)
        if not calls:
            self.ending = self._stream.ending
            return held
        self.ending = [self._finish(payload) for payload in self._stream.ending]
        said = [self._chunk({"content": words})] if words else []
        return said + [
            self._chunk(delta) for number, call in enumerate(calls) for delta in _deltas(call, number)
        ]

    def _chunk(self, delta: dict[str, Any]) -> bytes:
        choice = {"index": self._stream.index, "delta": delta, "finish_reason": None}
        return self._stream.envelope.wrap(choices=[choice])

    def _finish(self, payload: bytes) -> bytes:
        """The end of the choice, for the reason that a call gives."""
        chunk = CHUNK.decode(payload)
        fields = self._stream.envelope.mend(payload, chunk)
        fields["choices"] = [{"index": self._stream.index, "delta": {}, "finish_reason": "tool_calls"}]
        return encode(fields)


def _text_of(payload: bytes) -> str:
    delta = CHUNK.decode(payload).choices[0].delta
    return (delta.content or "") if delta else ""


def _deltas(call: ToolCall, number: int) -> list[dict[str, Any]]:
    """A call as OpenAI streams it: first who is called, then with what."""
    head = {
        "index": number,
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": ""},
    }
    return [
        {"tool_calls": [head]},
        {"tool_calls": [{"index": number, "function": {"arguments": call.arguments}}]},
    ]
