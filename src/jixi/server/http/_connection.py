"""`Connection`: uvicorn's, with answers that travel in one piece and a word when a caller leaves."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
from functools import lru_cache
from typing import Any, Final, cast
from urllib.parse import unquote

from httptools import parse_url
from starlette.types import Message
from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

CALLER: Final = "jixi.caller"
WHOLE: Final = "jixi.whole"
"""True in a scope whose `send` takes an answer in one message: of this type, with what the two of ASGI have."""
_START, _BODY = "http.response.start", "http.response.body"
_LENGTH, _CODING, _CONNECTION = b"content-length: ", b"transfer-encoding: ", b"connection: "
_STEERING: Final = frozenset({_LENGTH, _CODING, _CONNECTION})
_PLAIN: Final = bytes(each for each in range(256) if each in b"\t\r\n" or not (each < 0x20 or each == 0x7F))
_BODILESS: Final = (204, 304)

Headers = Sequence[tuple[bytes, bytes]]


class Caller:
    """Who is at the other end of a connection. `on_leave` is called when they hang up; `task` answers them."""

    __slots__ = ("left", "on_leave", "task")

    def __init__(self) -> None:
        self.left = False
        self.on_leave: Callable[[], None] | None = None
        self.task: asyncio.Task[None] | None = None

    def leave(self) -> None:
        self.left = True
        if self.on_leave is not None:
            self.on_leave()


class _Nothing:
    """Something to await that is over."""

    def __await__(self) -> Generator[Any, Any, None]:
        return cast("Generator[Any, Any, None]", _NO_STEPS)


_NO_STEPS: Final = iter(())
_NOTHING: Final = _Nothing()


class Connection(HttpToolsProtocol):
    """Uvicorn's connection, which says in each scope who its `CALLER` is.

    `rests_since` is the loop's time at which it began to wait for a request that did not come yet: whoever owns all
    connections looks now and then which of them rest for too long, so that no call needs a timer.
    """

    rests_since: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        super().connection_made(cast("asyncio.Transport", transport))
        self._caller = Caller()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._caller.leave()

    def data_received(self, data: bytes) -> None:
        self.rests_since = None
        super().data_received(data)

    def on_headers_complete(self) -> None:
        # As uvicorn has it, but for websockets and a limit of connections, which we do not serve and do not set.
        parser, app = cast("Any", self.parser), cast("Any", self).app
        version: str = parser.get_http_version()
        url = parse_url(self.url)
        path = url.path.decode("ascii")
        scope = cast("dict[str, Any]", self.scope)
        scope["method"] = parser.get_method().decode("ascii")
        scope["http_version"] = version
        scope["path"] = unquote(path) if "%" in path else path
        scope["raw_path"] = url.path
        scope["query_string"] = url.query or b""
        scope[CALLER] = self._caller
        scope[WHOLE] = True
        before = cast("RequestResponseCycle | None", self.cycle)
        self.cycle = _Cycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, app))

    def on_message_complete(self) -> None:
        super().on_message_complete()
        # A large body made uvicorn stop reading, and who does not read does not hear that the other side has left.
        if not self.pipeline:
            self.flow.resume_reading()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._caller.task = task = self.loop.create_task(cycle.run_asgi(app))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self.rests_since = self.loop.time()


def close_resting(connections: Iterable[Any], after_s: float) -> None:
    """Let go of the clients that have sent nothing more for so long."""
    then = asyncio.get_running_loop().time() - after_s
    for each in tuple(connections):
        if isinstance(each, Connection) and each.rests_since is not None and each.rests_since <= then:
            each.transport.close()


class _Cycle(RequestResponseCycle):
    """One request and its answer. An answer whose length is known leaves with its head in one write; of a stream, what
    comes in one turn of the loop does: uvicorn writes head and body apart, and uvloop sends each at once.
    """

    _parts: list[bytes]
    _leaves = False

    async def run_asgi(self, app: Any) -> None:
        try:
            await app(self.scope, self.receive, self.send)
            unfinished = not (self.response_complete or self.disconnected)
            if unfinished:
                self.logger.error("an answer was left without its end")
        except BaseException:
            unfinished = True
            self.logger.exception("an answer broke off")
        if unfinished and not self.response_started:
            await self.send_500_response()
        elif unfinished:
            self._leave()
            self.transport.close()
        # The connection holds the cycle: the other way round it must not.
        self.on_response = _nobody

    def send(self, message: Message) -> Awaitable[None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        if self.flow.write_paused and not self.disconnected:
            return self._send_later(message)
        if not self.disconnected:
            self._send_now(message)
        return _NOTHING

    async def _send_later(self, message: Message) -> None:
        await self.flow.drain()
        if not self.disconnected:
            self._send_now(message)

    def _send_now(self, message: Message) -> None:
        kind = message["type"]
        if self.response_started != (kind == _BODY) or self.response_complete:
            raise RuntimeError(f"{kind} in the wrong place")
        if kind != _BODY:
            self._begin(message["status"], message.get("headers", ()))
        if kind != _START:
            self._go_on(message.get("body", b""), more=message.get("more_body", False))

    def _begin(self, status: int, headers: Headers) -> None:
        """Raises RuntimeError where a header would break out of its line."""
        self.waiting_for_100_continue = False
        self.chunked_encoding, self.expected_content_length = None, 0
        lines: list[bytes] = []
        for name, value in (*self.default_headers, *headers):
            start = _start(name)
            if start in _STEERING:
                self._steer(start, value)
                if start == _CONNECTION:
                    continue
            lines += (start, value, b"\r\n")
        if not self.keep_alive:
            lines += (_CONNECTION, b"close", b"\r\n")
        if self.chunked_encoding is None and self.scope["method"] != "HEAD" and status not in _BODILESS:
            self.chunked_encoding = True
            lines += (_CODING, b"chunked", b"\r\n")
        block, count = b"".join(lines), len(lines) // 3
        if block.count(b"\r") != count or block.count(b"\n") != count or block.translate(None, _PLAIN):
            raise RuntimeError("a header holds control characters")
        self._parts = [b"%b%b\r\n" % (STATUS_LINE[status], block)]
        self.response_started = True
        if self.chunked_encoding:
            self._soon()

    def _steer(self, start: bytes, value: bytes) -> None:
        if start == _CONNECTION:
            self.keep_alive = self.keep_alive and b"close" not in value.lower()
        elif start == _CODING:
            self.expected_content_length, self.chunked_encoding = 0, True
        elif self.chunked_encoding is None:
            self.expected_content_length, self.chunked_encoding = int(value), False

    def _go_on(self, body: bytes, *, more: bool) -> None:
        if self.scope["method"] == "HEAD":
            self.expected_content_length = 0
        elif self.chunked_encoding:
            if body:
                self._parts.append(b"%x\r\n%b\r\n" % (len(body), body))
            if not more:
                self._parts.append(b"0\r\n\r\n")
        else:
            self.expected_content_length -= len(body)
            if self.expected_content_length < 0:
                raise RuntimeError("an answer is longer than it said")
            self._parts.append(body)
        if more:
            self._soon()
        elif self.expected_content_length:
            raise RuntimeError("an answer is shorter than it said")
        else:
            self._end()

    def _end(self) -> None:
        self.response_complete = True
        self._leave()
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()

    def _soon(self) -> None:
        if not self._leaves:
            self._leaves = True
            asyncio.get_running_loop().call_soon(self._leave)

    def _leave(self) -> None:
        self._leaves = False
        if self._parts:
            if not self.transport.is_closing():
                self.transport.write(b"".join(self._parts))
            self._parts.clear()


def _nobody() -> None:
    pass


@lru_cache(256)
def _start(name: bytes) -> bytes:
    """How the line of a header begins."""
    if HEADER_RE.search(name):
        raise RuntimeError("a header has no proper name")
    return name.lower() + b": "
