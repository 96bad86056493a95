"""`Connection`: uvicorn's, with answers that travel in one piece and a word when a caller leaves."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple, cast
from urllib.parse import unquote

from httptools import parse_url
from starlette.types import Message
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from jixi.server.http._headers import headers_of

CALLER: Final = "jixi.caller"
WHOLE: Final = "jixi.whole"
"""True in a scope whose `send` takes an answer in one message: of this type, with what the two of ASGI have."""
_START, _BODY = "http.response.start", "http.response.body"
_LENGTH, _CODING, _CONNECTION = b"content-length: ", b"transfer-encoding: ", b"connection: "
_STEERING: Final = frozenset({_LENGTH, _CODING, _CONNECTION})
_PLAIN: Final = bytes(each for each in range(256) if each == 0x09 or not (each < 0x20 or each == 0x7F))
_CLOSES: Final = b"connection: close\r\n"
_CHUNKED: Final = b"transfer-encoding: chunked\r\n"
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

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

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
        if b"expect" in headers_of(scope):
            expected = [value.lower() for name, value in self.headers if name == b"expect"]
            self.expect_100_continue = b"100-continue" in expected
        before = cast("RequestResponseCycle | None", self.cycle)
        self.cycle = _Cycle(self, keep_alive=version != "1.0" and parser.should_keep_alive())
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, app))

    def on_body(self, body: bytes) -> None:
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.body += body
            if len(cycle.body) > HIGH_WATER_LIMIT:
                self.flow.pause_reading()
            cycle.message_event.set()

    def on_message_complete(self) -> None:
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.more_body = False
            cycle.message_event.set()
        # A large body made uvicorn stop reading, and who does not read does not hear that the other side has left.
        if self.flow.read_paused and not self.pipeline:
            self.flow.resume_reading()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._caller.task = task = self.loop.create_task(cycle.run_asgi(app))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def shutdown(self) -> None:
        self._hurry()
        super().shutdown()

    def send_400_response(self, msg: str) -> None:
        self._hurry()
        super().send_400_response(msg)

    def _hurry(self) -> None:
        """Before the connection closes: let go of an answer that would leave at the end of this turn."""
        if isinstance(self.cycle, _Cycle) and self.cycle.response_complete:
            self.cycle.leave()

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.flow.read_paused:
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
    """One request and its answer. What is said in one turn of the loop leaves in one write, behind all else that runs
    in it: uvicorn writes head and body apart, and to send wakes the other side, who then hears of many answers at once.
    """

    _parts: list[bytes]
    _leaves = False

    def __init__(self, connection: Connection, *, keep_alive: bool) -> None:
        # As uvicorn has it, but for a log of accesses: the border keeps one.
        self.scope = connection.scope
        self.transport = connection.transport
        self.flow = connection.flow
        self.logger = connection.logger
        self.default_headers = connection.server_state.default_headers
        self.message_event = asyncio.Event()
        self.on_response = connection.on_response_complete
        self.disconnected = False
        self.keep_alive = keep_alive
        self.waiting_for_100_continue = connection.expect_100_continue
        self.body = bytearray()
        self.more_body = True
        self.response_started = self.response_complete = False
        self.chunked_encoding = None
        self.expected_content_length = 0
        self._loop = connection.loop

    async def receive(self) -> Any:
        if self.more_body or not self.message_event.is_set() or self.waiting_for_100_continue:
            return await super().receive()
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        if self.flow.read_paused:
            self.flow.resume_reading()
        self.message_event.clear()
        body, self.body = self.body, bytearray()
        return {"type": "http.request", "body": bytes(body), "more_body": False}

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
            self.leave()
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
        told = (*self.default_headers, *headers)
        names, values = zip(*told, strict=True) if told else ((), ())
        form = _form(names)
        for place, start in form.steering:
            self._steer(start, values[place])
        lines = form.lines % values
        if b"".join(values).translate(None, _PLAIN):
            raise RuntimeError("a header holds control characters")
        if not self.keep_alive:
            lines += _CLOSES
        if self.chunked_encoding is None and self.scope["method"] != "HEAD" and status not in _BODILESS:
            self.chunked_encoding = True
            lines += _CHUNKED
        self._parts = [b"%b%b\r\n" % (STATUS_LINE[status], lines)]
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
        self.message_event.set()
        if self.keep_alive:
            self._soon()
        else:
            self.leave()
            self.transport.close()
        self.on_response()

    def _soon(self) -> None:
        if not self._leaves:
            self._leaves = True
            self._loop.call_soon(self.leave)

    def leave(self) -> None:
        """Send what was said and is still here."""
        self._leaves = False
        if self._parts:
            if not self.transport.is_closing():
                self.transport.write(b"".join(self._parts))
            self._parts.clear()


def _nobody() -> None:
    pass


class _Form(NamedTuple):
    """How the head of an answer reads: its lines, with a gap for each value, and which of them steer how it travels."""

    lines: bytes
    steering: tuple[tuple[int, bytes], ...]


@lru_cache(256)
def _form(names: tuple[bytes, ...]) -> _Form:
    """The form for headers of these names. Raises RuntimeError where one is none."""
    if any(HEADER_RE.search(name) for name in names):
        raise RuntimeError("a header has no proper name")
    starts = [name.lower() + b": " for name in names]
    # What `connection` says is told by a line of our own: its gap takes the value and shows nothing of it.
    lines = [b"%.0b" if start == _CONNECTION else start.replace(b"%", b"%%") + b"%b\r\n" for start in starts]
    steering = tuple((place, start) for place, start in enumerate(starts) if start in _STEERING)
    return _Form(b"".join(lines), steering)
