"""`Line`: a connection to the ledger's process. What is submitted in one turn of the loop travels together."""

import asyncio
import contextlib
from collections import deque
from typing import Any, Final, Protocol, cast

import msgspec
import structlog

from jixi.core.errors import problem
from jixi.governance.ledger._frames import Frames, frame
from jixi.governance.ledger._operations import (
    UNAVAILABLE,
    Operation,
    decode_results,
    encode_operation,
    encode_operations,
)
from jixi.governance.ledger._writer import resolve

_log = structlog.get_logger()
_GRACE_S: Final = 10.0
_AT_ONCE: Final = 6


class Owner(Protocol):
    """Whom a line tells that it is there, and that it has gone."""

    def opened(self, line: "Line") -> bytes | None:
        """The first words to the process, if there are any; None where it is not wanted."""
        ...

    def lost(self, line: "Line") -> None: ...


class Line(asyncio.Protocol):
    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._frames = Frames()
        self._outgoing: list[msgspec.Raw] = []
        self._moved = self._loop.time()
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._asked = False
        self._closed: asyncio.Future[None] = self._loop.create_future()

    def submit(self, operation: Operation) -> asyncio.Future[Any]:
        try:
            encoded = encode_operation(operation)
        except (OverflowError, TypeError) as error:
            _log.error("ledger_operation_refused", operation=type(operation).__name__)
            raise problem("ledger_unavailable") from error
        future: asyncio.Future[Any] = self._loop.create_future()
        if not self._outgoing:
            self._loop.call_soon(self._flush)
        if not self._waiting:
            self._moved = self._loop.time()
        self._outgoing.append(encoded)
        self._waiting.append(future)
        # Where it writes nothing for us, so many need not wait for the end of the turn.
        if len(self._outgoing) == len(self._waiting) >= _AT_ONCE:
            self._flush()
        return future

    async def finish(self) -> None:
        """Wait for what was submitted, then hang up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_S):
                while self._waiting:
                    await asyncio.wait(list(self._waiting))
        self._owner.lost(self)
        self._transport.close()
        await asyncio.wait({self._closed}, timeout=_GRACE_S)

    def ask(self) -> None:
        """Have it show that it is alive, where it owes no answer: nothing is submitted, and it says so."""
        if not self._waiting and not self._asked:
            self._asked, self._moved = True, self._loop.time()
            self._transport.write(frame(encode_operations([])))

    def is_stuck(self, seconds: float) -> bool:
        """Whether it has waited so long for any answer."""
        return (bool(self._waiting) or self._asked) and self._loop.time() - self._moved > seconds

    def abort(self) -> None:
        self._transport.abort()

    def _flush(self) -> None:
        if self._outgoing and not self._closed.done():
            self._transport.write(frame(encode_operations(self._outgoing)))
        self._outgoing.clear()

    # Called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        greeting = self._owner.opened(self)
        if greeting is None:
            self._transport.abort()
        elif greeting:
            self._transport.write(frame(greeting))

    def data_received(self, data: bytes) -> None:
        self._moved, self._asked = self._loop.time(), False
        for payload in self._frames.feed(data):
            results = decode_results(payload)
            if UNAVAILABLE in results:
                _log.error("ledger_write_failed", operations=len(results))
            resolve([self._waiting.popleft() for _ in results], results)

    def connection_lost(self, exc: Exception | None) -> None:
        self._owner.lost(self)
        resolve(list(self._waiting), [UNAVAILABLE] * len(self._waiting))
        self._waiting.clear()
        self._closed.set_result(None)
