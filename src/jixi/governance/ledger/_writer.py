"""The writer of the ledger: whatever arrived while the last commit ran goes into the next one."""

import asyncio
import queue
import threading
from typing import Any, NamedTuple, Protocol

from jixi.core.errors import problem
from jixi.governance.ledger._commit import GroupCommit
from jixi.governance.ledger._operations import Operation, Refusal, Result
from jixi.storage import Database


class Writer(Protocol):
    """Takes operations in order and makes them durable in groups."""

    async def start(self) -> None:
        """Begin to write. Raises `ledger_unavailable`."""
        ...

    def submit(self, operation: Operation) -> asyncio.Future[Any]:
        """Resolves after the commit that holds `operation`; raises what refused it, or `ledger_unavailable`."""
        ...

    async def close(self) -> None:
        """Write what was submitted, then end."""
        ...


class _Ticket(NamedTuple):
    operation: Operation
    future: asyncio.Future[Any]


class ThreadWriter:
    """Writes from a thread of this process. Simple, but it shares the interpreter with the event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: queue.SimpleQueue[_Ticket | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, args=(self._loop,), name="ledger", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            await asyncio.to_thread(thread.join)

    def submit(self, operation: Operation) -> asyncio.Future[Any]:
        if self._loop is None or self._thread is None:
            raise problem("ledger_unavailable")
        ticket = _Ticket(operation, self._loop.create_future())
        self._queue.put(ticket)
        return ticket.future

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        commit = GroupCommit(self._database)
        while tickets := self._next_group():
            results = commit.write([ticket.operation for ticket in tickets])
            futures = [ticket.future for ticket in tickets]
            loop.call_soon_threadsafe(resolve, futures, results)
        commit.close()

    def _next_group(self) -> list[_Ticket]:
        """At least one ticket; none at the end."""
        group: list[_Ticket] = []
        while True:
            try:
                ticket = self._queue.get(block=not group)
            except queue.Empty:
                return group
            if ticket is None:
                if group:
                    self._queue.put(None)
                return group
            group.append(ticket)


def resolve(futures: list[asyncio.Future[Any]], results: list[Result]) -> None:
    """Hand the results to those who wait; who was cancelled meanwhile does not."""
    for future, result in zip(futures, results, strict=True):
        if future.done():
            continue
        if isinstance(result, Refusal):
            future.set_exception(result.error())
        else:
            future.set_result(result)
