"""`Door`: takes connections from listening sockets, which other processes may share."""

import asyncio
import errno
from collections.abc import Callable, Sequence
from typing import Any, Final

import structlog

_BACKLOG: Final = 2048
_MOST_QUEUED: Final = 4096
_SHORT_OF_FILES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_REST_S: Final = 0.5
_HANDSHAKE_S: Final = 20.0


class Door:
    """Takes one connection for each turn of the loop, so that processes that share a socket share a burst, too.

    Closing it loses nothing: what the kernel has queued is taken first, and others who hold the socket go on with it.
    """

    def __init__(self, sockets: Sequence[Any], make: Callable[[], asyncio.BaseProtocol], tls: Any) -> None:
        self._sockets = sockets
        self._make = make
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._entering: set[asyncio.Task[None]] = set()
        self._is_open = False

    def open(self) -> None:
        """Begin to take connections."""
        self._is_open = True
        for each in self._sockets:
            each.setblocking(False)
            each.listen(_BACKLOG)
            self._loop.add_reader(each.fileno(), self._take, each)

    def close(self) -> None:
        """Take what waits already, then no more."""
        if self._is_open:
            self._is_open = False
            for each in self._sockets:
                self._loop.remove_reader(each.fileno())
                for _ in range(_MOST_QUEUED):
                    if not self._take(each):
                        break
                each.close()

    async def entered(self) -> None:
        """Wait until everybody who was taken is in."""
        if self._entering:
            await asyncio.wait(self._entering, timeout=_HANDSHAKE_S)

    def _take(self, listening: Any) -> bool:
        try:
            connection, _ = listening.accept()
        except OSError as error:
            if error.errno in _SHORT_OF_FILES:
                self._rest(listening, error)
            return False
        connection.setblocking(False)
        task = asyncio.create_task(self._enter(connection))
        self._entering.add(task)
        task.add_done_callback(self._entering.discard)
        return True

    async def _enter(self, connection: Any) -> None:
        try:
            await self._loop.connect_accepted_socket(
                self._make,
                connection,
                ssl=self._tls,
                ssl_handshake_timeout=None if self._tls is None else _HANDSHAKE_S,
            )
        except OSError:
            # The other side has left, or does not speak TLS: there is nobody to tell.
            connection.close()

    def _rest(self, listening: Any, error: OSError) -> None:
        """Out of descriptors or memory: the queue keeps those who come until some are free again."""
        structlog.get_logger().error("connection_not_taken", reason=error.strerror)
        self._loop.remove_reader(listening.fileno())
        self._loop.call_later(_REST_S, self._again, listening)

    def _again(self, listening: Any) -> None:
        if self._is_open:
            self._loop.add_reader(listening.fileno(), self._take, listening)
