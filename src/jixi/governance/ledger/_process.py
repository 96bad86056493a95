"""The ledger's writer in a process of its own, over a Unix socket.

A thread that speaks to a database gives up the interpreter's lock some thirty times for each group and waits behind
the event loop to get it back; a process has a lock of its own. Why and how much: docs/decisions/ledger.md.
"""

import asyncio
import contextlib
import sys
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, Protocol, cast

import msgspec
import structlog

from jixi.core.errors import JixiError, problem
from jixi.governance.ledger._frames import Frames, frame
from jixi.governance.ledger._operations import (
    UNAVAILABLE,
    Operation,
    decode_results,
    encode_operation,
    encode_operations,
)
from jixi.governance.ledger._writer import resolve
from jixi.storage import Database

_log = structlog.get_logger()
_GRACE_S: Final = 10.0
_FIRST_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 5.0
_LOOK_EVERY_S: Final = 1.0


class Program(Protocol):
    """A started program, as drivers give it."""

    async def wait(self) -> int: ...

    async def stop(self, grace_s: float) -> None: ...


Start = Callable[[tuple[str, ...]], Awaitable[Program]]


class ProcessWriter:
    """Keeps the process running: one that dies is started again, and what it had not answered is unavailable.

    Whether that was written the ledger finds out as after any crash: by the lease of the hold.
    """

    def __init__(
        self, database: Database, socket: Path, start: Start, *, up_within_s: float = 30, stuck_s: float = 20
    ) -> None:
        self._address = database.url.render_as_string(hide_password=False)
        self._socket = socket
        self._start = start
        self._up_within_s = up_within_s
        self._stuck_s = stuck_s
        self._line: _Line | None = None
        self._closing = False
        self._up = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._closing = False
        self._up.clear()
        self._socket.unlink(missing_ok=True)
        self._server = await asyncio.get_running_loop().create_unix_server(
            lambda: _Line(self), str(self._socket)
        )
        self._socket.chmod(0o600)
        self._keeper = asyncio.create_task(self._keep(), name="ledger-process")
        try:
            async with asyncio.timeout(self._up_within_s):
                await self._up.wait()
        except TimeoutError as error:
            await self.close()
            raise problem("ledger_unavailable") from error

    def submit(self, operation: Operation) -> asyncio.Future[Any]:
        if self._line is None:
            raise problem("ledger_unavailable")
        return self._line.submit(operation)

    async def close(self) -> None:
        self._closing = True
        if self._keeper is not None:
            if self._line is not None:
                await self._line.finish()
                await asyncio.wait({self._keeper}, timeout=_GRACE_S)
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
        if self._server is not None:
            self._server.close()
            self._socket.unlink(missing_ok=True)

    def opened(self, line: "_Line") -> bytes | None:
        """The first words to the process that has just come: which database. None for a second caller."""
        if self._line is not None:
            return None
        self._line = line
        self._up.set()
        return self._address.encode()

    def lost(self, line: "_Line") -> None:
        if self._line is line:
            self._line = None

    async def _end_of(self, program: Program) -> int | None:
        """Its exit status; None where it hangs and had better be stopped."""
        ended = asyncio.ensure_future(program.wait())
        try:
            while not ended.done():
                await asyncio.wait({ended}, timeout=_LOOK_EVERY_S)
                if self._line is not None and self._line.is_stuck(self._stuck_s):
                    self._line.abort()
                    return None
            return ended.result()
        finally:
            ended.cancel()

    async def _keep(self) -> None:
        argv = (sys.executable, "-P", "-m", "jixi.governance.ledger._worker", str(self._socket))
        pause = _FIRST_PAUSE_S
        while True:
            try:
                program = await self._start(argv)
                try:
                    status = await self._end_of(program)
                finally:
                    await program.stop(_GRACE_S)
                if self._closing:
                    return
                _log.error("ledger_process_ended", status=status)
            except JixiError as error:
                _log.error("ledger_process_not_started", reason=str(error))
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)


class _Line(asyncio.Protocol):
    """The connection to one process. What is submitted in one turn of the loop travels together."""

    def __init__(self, writer: ProcessWriter) -> None:
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._frames = Frames()
        self._outgoing: list[msgspec.Raw] = []
        self._moved = self._loop.time()
        self._waiting: deque[asyncio.Future[Any]] = deque()
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
        return future

    async def finish(self) -> None:
        """Wait for what was submitted, then hang up, which ends the process."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_S):
                while self._waiting:
                    await asyncio.wait(list(self._waiting))
        self._writer.lost(self)
        self._transport.close()
        await asyncio.wait({self._closed}, timeout=_GRACE_S)

    def is_stuck(self, seconds: float) -> bool:
        """Whether it has waited so long for any answer."""
        return bool(self._waiting) and self._loop.time() - self._moved > seconds

    def _flush(self) -> None:
        if self._outgoing and not self._closed.done():
            self._transport.write(frame(encode_operations(self._outgoing)))
        self._outgoing.clear()

    def abort(self) -> None:
        self._transport.abort()

    # Called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        greeting = self._writer.opened(self)
        if greeting is None:
            self._transport.abort()
        else:
            self._transport.write(frame(greeting))

    def data_received(self, data: bytes) -> None:
        self._moved = self._loop.time()
        for payload in self._frames.feed(data):
            results = decode_results(payload)
            if UNAVAILABLE in results:
                _log.error("ledger_write_failed", operations=len(results))
            resolve([self._waiting.popleft() for _ in results], results)

    def connection_lost(self, exc: Exception | None) -> None:
        self._writer.lost(self)
        resolve(list(self._waiting), [UNAVAILABLE] * len(self._waiting))
        self._waiting.clear()
        self._closed.set_result(None)
