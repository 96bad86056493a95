"""A small HTTP/1.1 server for engines of our own: kept connections, one request at a time on each.

It serves a gateway alone, so it has no TLS, no virtual hosts and no routes beyond a comparison.
"""

import asyncio
import hmac
from collections import deque
from collections.abc import Callable
from typing import Any, Final, cast

import msgspec
from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from jixi.models.engines._protocol import LOOPBACK, Launch

_MAX_BODY: Final = 64 * 1024 * 1024
_REASONS: Final = {
    200: b"OK",
    400: b"Bad Request",
    401: b"Unauthorized",
    404: b"Not Found",
    429: b"Too Many Requests",
}


def answer(status: int, body: bytes, extra: bytes = b"") -> bytes:
    """A whole answer with a JSON body; `extra` is header lines."""
    reason = _REASONS.get(status, b"Unavailable")
    head = b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n"
    return head % (status, reason, len(body), extra) + body


def refusal(
    status: int,
    message: str,
    *,
    kind: str = "invalid_request_error",
    param: str | None = None,
    code: str | None = None,
) -> bytes:
    """The body of an error in OpenAI's form."""
    return msgspec.json.encode({"error": {"message": message, "type": kind, "param": param, "code": code}})


def only_model(name: str) -> bytes:
    """The body of /v1/models of an engine, which has one."""
    entry = {"id": name, "object": "model", "created": 0, "owned_by": "jixi"}
    return msgspec.json.encode({"object": "list", "data": [entry]})


class Connection(asyncio.Protocol):
    """One connection. A subclass answers `handle`, now or later, by `send` and then `done`.

    What answers later may be `_task`, which ends when the client leaves; `_may_write` is set while the client reads.
    """

    def __init__(self) -> None:
        self._parser = HttpRequestParser(self)
        self._url = b""
        self._body: list[bytes] = []
        self._size = 0
        self._waiting: deque[tuple[bytes, bytes, bool]] = deque()
        self._busy = False
        self._keep = True
        self._task: asyncio.Task[None] | None = None
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._expected = self._given = b""

    def expect(self, key: str) -> None:
        """Answer nobody who does not send this key."""
        self._expected = f"Bearer {key}".encode()

    def handle(self, path: bytes, body: bytes) -> None:
        """Answer a request. Is not called again on this connection before `done`. A subclass must."""
        raise NotImplementedError

    def send(self, data: bytes) -> None:
        self._transport.write(data)

    def done(self) -> None:
        """The answer is complete: take the next request or close, as the client wished."""
        self._busy = False
        if not self._keep:
            self._transport.close()
        elif self._waiting:
            path, body, keep = self._waiting.popleft()
            self._begin(path, body, keep=keep)

    def close(self) -> None:
        """End the connection once what was sent has left, whatever the answer still lacks."""
        self._transport.close()

    def reply(self, status: int, body: bytes, extra: bytes = b"") -> None:
        """A whole answer at once."""
        self.send(answer(status, body, extra))
        self.done()

    def _begin(self, path: bytes, body: bytes, *, keep: bool) -> None:
        self._busy = True
        self._keep = keep
        self.handle(path, body)

    # Called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            self.send(answer(400, refusal(400, "this is not HTTP/1.1"), b"Connection: close\r\n"))
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    # Called by the parser.

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._expected and name.lower() == b"authorization":
            self._given = value

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > _MAX_BODY:
            self._transport.abort()
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        path, keep = self._url, self._parser.should_keep_alive()
        given, self._url, self._size, self._given = self._given, b"", 0, b""
        self._body.clear()
        if not hmac.compare_digest(given, self._expected):
            self.send(answer(401, refusal(401, "the key of this engine is missing or wrong")))
            self._transport.close()
        elif self._busy:
            self._waiting.append((path, body, keep))
        else:
            self._begin(path, body, keep=keep)


async def serve(make: Callable[[], Connection], launch: Launch, besides: int | None = None) -> None:
    """Listen where the launch says, and on a port of loopback `besides`, until the process ends."""

    def guarded() -> Connection:
        made = make()
        made.expect(launch.key)
        return made

    loop = asyncio.get_running_loop()
    servers: list[Any] = []
    if launch.port is None:
        servers.append(await loop.create_unix_server(make, str(launch.socket), backlog=1024))
    else:
        servers.append(await loop.create_server(guarded, launch.host, launch.port, backlog=1024))
    if besides is not None:
        servers.append(await loop.create_server(make, LOOPBACK, besides, backlog=1024))
    await asyncio.gather(*(server.serve_forever() for server in servers))
