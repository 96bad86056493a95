"""The ledger's writer in a process of its own, over a Unix socket.

A thread that speaks to a database gives up the interpreter's lock some thirty times for each group and waits behind
the event loop to get it back; a process has a lock of its own. Why and how much: docs/decisions/ledger.md.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, Protocol

import structlog

from jixi.core.errors import JixiError, problem
from jixi.core.tasks import end_task
from jixi.governance.ledger._line import Line
from jixi.governance.ledger._operations import Operation
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

    Whether that was written the ledger finds out as after any crash: by the lease of the hold. At `shared` the process
    takes operations of others, too: of whoever has a `SharedWriter`.
    """

    def __init__(
        self,
        database: Database,
        socket: Path,
        start: Start,
        *,
        shared: Path | None = None,
        up_within_s: float = 30,
        stuck_s: float = 20,
    ) -> None:
        self._address = database.url.render_as_string(hide_password=False)
        self._socket = socket
        self._shared = shared
        self._start = start
        self._up_within_s = up_within_s
        self._stuck_s = stuck_s
        self._line: Line | None = None
        self._closing = False
        self._up = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._closing = False
        self._up.clear()
        self._socket.unlink(missing_ok=True)
        self._server = await asyncio.get_running_loop().create_unix_server(
            lambda: Line(self), str(self._socket)
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
            await end_task(self._keeper)
            self._keeper = None
        if self._server is not None:
            self._server.close()
            for socket in (self._socket, self._shared):
                if socket is not None:
                    socket.unlink(missing_ok=True)

    def opened(self, line: "Line") -> bytes | None:
        """The first words to the process that has just come: which database. None for a second caller."""
        if self._line is not None:
            return None
        self._line = line
        self._up.set()
        return self._address.encode()

    def lost(self, line: "Line") -> None:
        if self._line is line:
            self._line = None

    async def _end_of(self, program: Program) -> int | None:
        """Its exit status; None where it hangs and had better be stopped."""
        ended, was_up = asyncio.ensure_future(program.wait()), False
        try:
            while not ended.done():
                await asyncio.wait({ended}, timeout=_LOOK_EVERY_S)
                if self._line is None:
                    # It may live on for others after it has hung up on us; then it must go, and a new one come.
                    if was_up and not self._closing and not ended.done():
                        return None
                    continue
                was_up = True
                if self._line.is_stuck(self._stuck_s):
                    self._line.abort()
                    return None
                self._line.ask()
            return ended.result()
        finally:
            ended.cancel()

    async def _keep(self) -> None:
        sockets = [str(self._socket)] if self._shared is None else [str(self._socket), str(self._shared)]
        argv = (sys.executable, "-P", "-m", "jixi.governance.ledger._worker", *sockets)
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
