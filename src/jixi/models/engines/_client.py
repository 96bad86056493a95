"""`EngineClient`: the pooled HTTP/1.1 client for engines of ours. No TLS, no redirects, no surprises.

A general client costs more than half of what a Python gateway spends on a call, hence one of our own.
"""

import asyncio
import socket
import sys
from pathlib import Path
from typing import Final, NamedTuple

from jixi.core.trace import CONTEXT
from jixi.models.engines._connection import Connection, EngineConnectionError, EngineResponse, UnansweredError
from jixi.models.engines._protocol import LOOPBACK

_MAX_IDLE: Final = 64
_CONNECT_S: Final = 3
# A machine that vanished sends nothing, so its silence is measured: what was sent must be acknowledged, and a quiet
# connection is asked whether it is still there.
_SILENCE: Final = {
    socket.TCP_USER_TIMEOUT: 10_000,
    socket.TCP_KEEPIDLE: 5,
    socket.TCP_KEEPINTVL: 2,
    socket.TCP_KEEPCNT: 3,
}


class Address(NamedTuple):
    """Where an engine listens: on its Unix socket or, where `port` is given, there at `host`, for who knows `key`.

    The socket's path names the engine in either case.
    """

    socket: Path
    port: int | None = None
    key: str = ""
    host: str = LOOPBACK

    def __str__(self) -> str:
        return str(self.socket)


class EngineClient:
    """Keeps connections to one engine open between calls. A path is the address of its Unix socket."""

    def __init__(self, address: Path | Address) -> None:
        self.address = address if isinstance(address, Address) else Address(address)
        self._authority = f"Authorization: Bearer {self.address.key}\r\n" if self.address.key else ""
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._closed = False
        self._dismissed = False

    @property
    def dismissed(self) -> bool:
        """Whether its engine is ended because somebody wants it ended."""
        return self._dismissed

    def dismiss(self) -> None:
        """From now on its engine is ended on purpose; said before it is."""
        self._dismissed = True

    async def send(
        self,
        path: str,
        body: bytes = b"",
        *,
        method: str = "POST",
        request_id: str = "",
        content_type: str = "application/json",
    ) -> EngineResponse:
        """Send a request; returns when the headers of the answer are in. Raises `EngineConnectionError`.

        A kept connection that the engine closed meanwhile is replaced once; nothing is sent twice after the
        first byte of an answer. Cancelling the call closes its connection.
        """
        context = CONTEXT.get()
        trace = f"Traceparent: {context.onward}\r\n" if context is not None else ""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: engine\r\nX-Request-Id: {request_id}\r\n{trace}"
            f"{self._authority}Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode("ascii")
        if (kept := self._take_idle()) is not None:
            try:
                return await kept.exchange(head, body)
            except UnansweredError as unanswered:
                try:
                    fresh = await self._connect()
                except EngineConnectionError:
                    # It had the request, and has ended since.
                    raise unanswered from None
                return await fresh.exchange(head, body)
        return await (await self._connect()).exchange(head, body)

    async def died(self) -> bool:
        """Whether the engine has ended although nobody wanted it to: nobody listens there any more, and each start has
        an address of its own.
        """
        if self.dismissed:
            return False
        if self._closed:
            return True
        try:
            connection = await self._connect()
        except EngineConnectionError as error:
            return isinstance(error.__cause__, ConnectionRefusedError | FileNotFoundError)
        connection.abort()
        return False

    async def close(self) -> None:
        """Close every connection; calls still running end with `EngineConnectionError`."""
        self._closed = True
        self._idle.clear()
        for connection in tuple(self._open):
            connection.abort()

    def opened(self, connection: Connection) -> None:
        self._open.add(connection)

    def released(self, connection: Connection) -> None:
        if len(self._idle) < _MAX_IDLE:
            self._idle.append(connection)
        else:
            connection.abort()

    def lost(self, connection: Connection) -> None:
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def _take_idle(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
        return None

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            if self.address.port is None:
                _, made = await loop.create_unix_connection(lambda: Connection(self), str(self.address))
            else:
                made = await self._connect_to(self.address.host, self.address.port)
        except OSError as error:
            reason = f"the engine cannot be reached: {error.strerror or 'no answer'}"
            raise EngineConnectionError(reason, reached=False) from error
        return made

    async def _connect_to(self, host: str, port: int) -> Connection:
        loop = asyncio.get_running_loop()
        making = loop.create_connection(lambda: Connection(self), host, port)
        transport, made = await asyncio.wait_for(making, _CONNECT_S)
        if host != LOOPBACK and sys.platform == "linux":
            line: socket.socket = transport.get_extra_info("socket")
            line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in _SILENCE.items():
                line.setsockopt(socket.IPPROTO_TCP, option, value)
        return made


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]
