"""The way to a writer's process that another process of this server keeps running.

So all processes of a server commit together: two writers would wait for each other's commits instead.
"""

import asyncio
import contextlib
from pathlib import Path
from typing import Any, Final

import structlog

from jixi.core.errors import problem
from jixi.core.tasks import end_task
from jixi.governance.ledger._line import Line
from jixi.governance.ledger._operations import Operation

_log = structlog.get_logger()
_PAUSE_S: Final = 0.2


class SharedWriter:
    """Brings operations to the process that listens at `socket`, and comes back where that was started again.

    What it had not answered when the connection broke is unavailable, as with a process of one's own.
    """

    def __init__(self, socket: Path, *, up_within_s: float = 30) -> None:
        self._socket = socket
        self._up_within_s = up_within_s
        self._line: Line | None = None
        self._gone = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        try:
            async with asyncio.timeout(self._up_within_s):
                await self._connect()
        except TimeoutError as error:
            raise problem("ledger_unavailable") from error
        self._keeper = asyncio.create_task(self._keep(), name="ledger-line")

    def submit(self, operation: Operation) -> asyncio.Future[Any]:
        if self._line is None:
            raise problem("ledger_unavailable")
        return self._line.submit(operation)

    async def close(self) -> None:
        await end_task(self._keeper)
        self._keeper = None
        if self._line is not None:
            await self._line.finish()

    def opened(self, line: Line) -> bytes | None:
        """Nothing has to be said: its own house has told the process which database."""
        self._line = line
        self._gone.clear()
        return b""

    def lost(self, line: Line) -> None:
        if self._line is line:
            self._line = None
            self._gone.set()

    async def _connect(self) -> None:
        """Return when the process has taken the connection, however long it takes to listen."""
        while True:
            with contextlib.suppress(OSError):
                await asyncio.get_running_loop().create_unix_connection(lambda: Line(self), str(self._socket))
                return
            await asyncio.sleep(_PAUSE_S)

    async def _keep(self) -> None:
        while True:
            await self._gone.wait()
            _log.error("ledger_line_lost")
            await self._connect()
