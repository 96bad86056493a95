"""A stream in Anthropic's events: pings while there is nothing to say, an error where it breaks."""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, Final

from jixi.core.errors import problem
from jixi.models.dialects import ChunksToEvents, completion_to_message
from jixi.models.gateway import ByteStream, FrameReader, untellable
from jixi.server._scope import request_id_of
from jixi.server.anthropic._answers import anthropic_event

_PING: Final = b'event: ping\ndata: {"type":"ping"}\n\n'
_PING_EVERY_S: Final = 10
_TYPE: Final = re.compile(rb'\{"type":"(\w+)"')


class MessageTeller:
    """What the gateway answers, translated as it comes. A stream never ends like a whole message unless it is one.

    Raises ValueError for what cannot be told in this form.
    """

    def __init__(self, scope: Mapping[str, Any], model: str) -> None:
        self._scope = scope
        self._model = model
        self._id = f"msg_{request_id_of(scope).partition('_')[2]}"
        self._reader = FrameReader()
        self._machine = ChunksToEvents(message_id=self._id, request_id=request_id_of(scope))
        self._ended = False
        self._last: tuple[bytes, list[bytes]] = b"", []
        self.body = b""
        """The whole message, where it is no stream."""

    def whole(self, body: bytes) -> None:
        self.body = completion_to_message(body, message_id=self._id)

    def end(self, block: bytes) -> None:
        self._last = block, self._told(block)

    async def blocks(self, stream: ByteStream) -> AsyncGenerator[bytes]:
        """Blocks of events."""
        first = True
        async with aclosing(_paced(stream)) as paced:
            async for block in paced:
                events = self._translated(block, stream) if block is not None else _PING
                if events and first:
                    first = False
                    head, gap, rest = events.partition(b"\n\n")
                    events = head + gap + _PING + rest
                if events:
                    yield events
                if self._ended:
                    return
        error = problem("engine_error", model=self._model, reason="its answer was cut")
        yield anthropic_event(self._scope, error)

    def _translated(self, block: bytes, stream: ByteStream) -> bytes:
        judged, last = self._last
        try:
            events = last if block == judged else self._told(block)
        except ValueError:
            self._ended = True
            error = untellable(self._model)
            stream.break_off(error)
            return anthropic_event(self._scope, error)
        self._ended = bool(events) and _name(events[-1]) in (b"message_stop", b"error")
        return b"".join([b"event: %b\ndata: %b\n\n" % (_name(event), event) for event in events])

    def _told(self, block: bytes) -> list[bytes]:
        return [event for payload in self._reader.feed(block) for event in self._machine.feed(payload)]


async def _paced(stream: ByteStream) -> AsyncGenerator[bytes | None]:
    """The stream's blocks, and None whenever there was none for a while."""
    reading: asyncio.Future[bytes] | None = None
    try:
        while True:
            reading = reading or asyncio.ensure_future(anext(stream))
            done, _ = await asyncio.wait({reading}, timeout=_PING_EVERY_S)
            if not done:
                yield None
                continue
            try:
                block = reading.result()
            except StopAsyncIteration:
                return
            reading = None
            yield block
    finally:
        if reading is not None:
            reading.cancel()


def _name(event: bytes) -> bytes:
    found = _TYPE.match(event)
    return found[1] if found else b""
