"""One connection to an engine, and the answer that comes over it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final, Protocol, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from jixi.core.usage import Usage

_HIGH_WATER: Final = 256 * 1024
_LOW_WATER: Final = 64 * 1024
_MAX_BODY: Final = 128 * 1024 * 1024
"""Of a whole answer: the images of one call fit, and two thousand vectors of four thousand numbers each."""


class EngineConnectionError(ConnectionError):
    """The engine could not be reached, or its answer was cut, garbled or larger than any answer should be.

    `usage` is what it said to have used by then, where it said so; `reached`: it may have seen the request;
    `too_large`: it answers, but without an end, as it would again.
    """

    def __init__(
        self, reason: str, usage: Usage | None = None, *, reached: bool = True, too_large: bool = False
    ) -> None:
        super().__init__(reason)
        self.usage = usage
        self.reached = reached
        self.too_large = too_large


class UnansweredError(EngineConnectionError):
    """The connection ended before the engine sent a single byte of its answer."""


class EngineResponse:
    """An answer whose headers are in. Take the body once: whole by `read`, or as it comes by `blocks`."""

    __slots__ = (
        "_blocks",
        "_buffered",
        "_connection",
        "_error",
        "_finished",
        "_loop",
        "_paused",
        "_waiter",
        "_whole",
        "raw_headers",
        "status",
    )

    def __init__(self, connection: "Connection") -> None:
        self.status = 0
        self._connection: Connection | None = connection
        self._loop = connection.loop
        self.raw_headers: list[tuple[bytes, bytes]] = []
        self._blocks: list[bytes] = []
        self._buffered = 0
        self._finished = False
        self._paused = False
        self._whole = False
        self._error: EngineConnectionError | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Names in lower case; of a repeated header the last one counts."""
        return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.raw_headers}

    @property
    def finished(self) -> bool:
        """Whether the body has arrived in full."""
        return self._finished

    async def read(self) -> bytes:
        """The whole body. Raises `EngineConnectionError` where it was cut."""
        self._whole = True
        self._resume()
        while not self._finished:
            await self.arrival()
        return b"".join(self._blocks)

    async def blocks(self) -> AsyncIterator[bytes]:
        """The body as it arrives; what arrived while the consumer was busy comes as one block.

        Raises `EngineConnectionError` where the body was cut, after all that did arrive.
        """
        while True:
            if block := self.take():
                yield block
            elif self._finished:
                return
            else:
                await self.arrival()

    def take(self) -> bytes:
        """What has arrived and was not taken yet, without waiting; empty where there is nothing."""
        waiting = self._blocks
        if not waiting:
            return b""
        block = waiting[0] if len(waiting) == 1 else b"".join(waiting)
        waiting.clear()
        self._buffered = 0
        self._resume()
        return block

    def arrival(self) -> asyncio.Future[None]:
        """Wait until there is more to take, or until the body has ended; raises where it was cut."""
        waiter = self._waiter = self._loop.create_future()
        if self._error is not None:
            waiter.set_exception(self._error)
        return waiter

    def abort(self) -> None:
        """Close the connection, which tells the engine to stop. Does nothing once the body has arrived."""
        if self._connection is not None:
            self._connection.abort()

    def start(self, status: int) -> None:
        self.status = status

    def add_block(self, block: bytes) -> None:
        self._blocks.append(block)
        self._buffered += len(block)
        if not self._whole:
            if self._buffered > _HIGH_WATER:
                self._pause()
        elif self._buffered > _MAX_BODY:
            self._blocks.clear()
            self.fail(EngineConnectionError("the engine's answer is too large", too_large=True))
            self.abort()

    def finish(self) -> None:
        self._finished = True
        self._connection = None

    def fail(self, error: EngineConnectionError) -> None:
        if not self._finished and self._error is None:
            self._error = error
            self._wake()

    def heard(self) -> None:
        """What came in one piece has been noted: who waits goes on, but who wants the whole body only at its end."""
        if self._finished or not self._whole:
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _pause(self) -> None:
        if not self._paused and self._connection is not None:
            self._paused = True
            self._connection.pause()

    def _resume(self) -> None:
        if self._paused and self._connection is not None and (self._whole or self._buffered < _LOW_WATER):
            self._paused = False
            self._connection.resume()


class Pool(Protocol):
    """Who keeps connections, and is told how each fares."""

    def opened(self, connection: "Connection") -> None: ...

    def released(self, connection: "Connection") -> None: ...

    def lost(self, connection: "Connection") -> None: ...


class Connection(asyncio.Protocol):
    """One connection: carries one exchange at a time and goes back to its pool after each."""

    def __init__(self, pool: Pool) -> None:
        self.usable = True
        self.loop = asyncio.get_running_loop()
        self._pool = pool
        self._parser = HttpResponseParser(self)
        self._response: EngineResponse | None = None
        self._heard = False
        self._complete = False
        self._paused = False

    async def exchange(self, head: bytes, body: bytes) -> EngineResponse:
        """Send a request and wait for the answer's headers; what interrupts the wait ends the connection."""
        response = self._response = EngineResponse(self)
        self._heard = self._complete = False
        # Behind what else runs in this turn: an engine is woken once for all the requests that leave together.
        self.loop.call_soon(self._leave, head + body)
        try:
            while response.status == 0:
                await response.arrival()
        except BaseException:
            self.abort()
            raise
        return response

    def _leave(self, request: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(request)

    def abort(self) -> None:
        self.usable = False
        self._transport.abort()

    def pause(self) -> None:
        self._paused = True
        self._transport.pause_reading()

    def resume(self) -> None:
        if self._paused:
            self._paused = False
            self._transport.resume_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._pool.opened(self)

    def data_received(self, data: bytes) -> None:
        self._heard = True
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            self.usable = False
            self._fail(EngineConnectionError("the engine's answer is not HTTP"))
        if self._response is not None:
            self._response.heard()
        if not self.usable or self._response is None:
            self.abort()
        elif self._complete:
            self._release()

    def connection_lost(self, exc: Exception | None) -> None:
        self.usable = False
        self._pool.lost(self)
        if self._heard:
            self._fail(EngineConnectionError("the engine closed the connection in the middle of its answer"))
        else:
            self._fail(UnansweredError("the engine closed the connection before it answered"))

    # Called by the parser, inside data_received.

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._response is not None and not self._complete:
            self._response.raw_headers.append((name, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if self._response is not None and not self._complete and status >= 200:
            self._response.start(status)

    def on_body(self, body: bytes) -> None:
        if self._response is not None and not self._complete:
            self._response.add_block(body)

    def on_message_complete(self) -> None:
        if self._complete:
            self.usable = False
        elif self._parser.get_status_code() >= 200:
            self._complete = True
            self.usable = self.usable and self._parser.should_keep_alive()
            if self._response is not None:
                self._response.finish()

    def _release(self) -> None:
        self._response = None
        self.resume()
        self._pool.released(self)

    def _fail(self, error: EngineConnectionError) -> None:
        if self._response is not None:
            self._response.fail(error)
