"""`EngineClient`: the pooled HTTP/1.1 client for engines on this machine. No TLS, no redirects, no surprises.

A general client costs more than half of what a Python gateway spends on a call, hence one of our own.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

_HIGH_WATER: Final = 256 * 1024
_LOW_WATER: Final = 64 * 1024
_MAX_BODY: Final = 256 * 1024 * 1024
_MAX_IDLE: Final = 64


class EngineConnectionError(ConnectionError):
    """The engine could not be reached, or its answer was cut, garbled or larger than any answer should be."""


class _UnansweredError(EngineConnectionError):
    """The connection ended before the engine sent a single byte of its answer."""


class EngineResponse:
    """An answer whose headers are in. Take the body once: whole by `read`, or as it comes by `blocks`."""

    __slots__ = (
        "_blocks",
        "_buffered",
        "_connection",
        "_error",
        "_finished",
        "_paused",
        "_raw_headers",
        "_waiter",
        "_whole",
        "status",
    )

    def __init__(self, connection: "_Connection") -> None:
        self.status = 0
        self._connection: _Connection | None = connection
        self._raw_headers: list[tuple[bytes, bytes]] = []
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
        return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self._raw_headers}

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

    async def arrival(self) -> None:
        """Wait until there is more to take, or until the body has ended; raises where it was cut."""
        if self._error is not None:
            raise self._error
        waiter = self._waiter = asyncio.get_running_loop().create_future()
        try:
            await waiter
        finally:
            self._waiter = None

    def abort(self) -> None:
        """Close the connection, which tells the engine to stop. Does nothing once the body has arrived."""
        if self._connection is not None:
            self._connection.abort()

    async def headers_arrived(self) -> None:
        """Wait until `status` is known."""
        while self.status == 0:
            await self.arrival()

    def start(self, status: int) -> None:
        self.status = status
        self._wake()

    def add_header(self, name: bytes, value: bytes) -> None:
        self._raw_headers.append((name, value))

    def add_block(self, block: bytes) -> None:
        self._blocks.append(block)
        self._buffered += len(block)
        if not self._whole:
            if self._buffered > _HIGH_WATER:
                self._pause()
            self._wake()
        elif self._buffered > _MAX_BODY:
            self.fail(EngineConnectionError("the engine's answer is too large"))
            self.abort()

    def finish(self) -> None:
        self._finished = True
        self._connection = None
        self._wake()

    def fail(self, error: EngineConnectionError) -> None:
        if not self._finished and self._error is None:
            self._error = error
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


class _Connection(asyncio.Protocol):
    """One connection: carries one exchange at a time and goes back to its client's pool after each."""

    def __init__(self, client: "EngineClient") -> None:
        self.usable = True
        self._client = client
        self._parser = HttpResponseParser(self)
        self._response: EngineResponse | None = None
        self._heard = False
        self._complete = False
        self._paused = False

    async def exchange(self, head: bytes, body: bytes) -> EngineResponse:
        """Send a request and wait for the answer's headers; what interrupts the wait ends the connection."""
        response = self._response = EngineResponse(self)
        self._heard = self._complete = False
        self._transport.writelines((head, body)) if body else self._transport.write(head)
        try:
            await response.headers_arrived()
        except BaseException:
            self.abort()
            raise
        return response

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
        self._client.opened(self)

    def data_received(self, data: bytes) -> None:
        self._heard = True
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            self.usable = False
            self._fail(EngineConnectionError("the engine's answer is not HTTP"))
        if not self.usable or self._response is None:
            self.abort()
        elif self._complete:
            self._release()

    def connection_lost(self, exc: Exception | None) -> None:
        self.usable = False
        self._client.lost(self)
        if self._heard:
            self._fail(EngineConnectionError("the engine closed the connection in the middle of its answer"))
        else:
            self._fail(_UnansweredError("the engine closed the connection before it answered"))

    # Called by the parser, inside data_received.

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._response is not None and not self._complete:
            self._response.add_header(name, value)

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
        self._client.released(self)

    def _fail(self, error: EngineConnectionError) -> None:
        if self._response is not None:
            self._response.fail(error)


class EngineClient:
    """Keeps connections to one engine open between calls. `address` is its Unix socket, or host and port."""

    def __init__(self, address: Path | tuple[str, int]) -> None:
        self._address = address
        self._idle: list[_Connection] = []
        self._open: set[_Connection] = set()

    async def send(
        self, path: str, body: bytes = b"", *, method: str = "POST", request_id: str = ""
    ) -> EngineResponse:
        """Send a request; returns when the headers of the answer are in. Raises `EngineConnectionError`.

        A kept connection that the engine closed meanwhile is replaced once; nothing is sent twice after the
        first byte of an answer. Cancelling the call closes its connection.
        """
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: engine\r\nX-Request-Id: {request_id}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode("ascii")
        if (kept := self._take_idle()) is not None:
            try:
                return await kept.exchange(head, body)
            except _UnansweredError:
                pass
        return await (await self._connect()).exchange(head, body)

    async def close(self) -> None:
        """Close every connection; calls still running end with `EngineConnectionError`."""
        self._idle.clear()
        for connection in tuple(self._open):
            connection.abort()

    def opened(self, connection: _Connection) -> None:
        self._open.add(connection)

    def released(self, connection: _Connection) -> None:
        if len(self._idle) < _MAX_IDLE:
            self._idle.append(connection)
        else:
            connection.abort()

    def lost(self, connection: _Connection) -> None:
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def _take_idle(self) -> _Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
        return None

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        try:
            if isinstance(self._address, Path):
                _, made = await loop.create_unix_connection(lambda: _Connection(self), str(self._address))
            else:
                _, made = await loop.create_connection(lambda: _Connection(self), *self._address)
        except OSError as error:
            raise EngineConnectionError(f"the engine cannot be reached: {error.strerror}") from error
        return made
