"""Group commit: one thread applies everything that arrived while the last commit ran, in one transaction.

Durability then costs one fsync for many calls. Nothing else writes holds, charges or accounts' sums.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from jixi.core.errors import JixiError, problem
from jixi.storage import Database

T = TypeVar("T")
_log = structlog.get_logger()
_MOST: Final = 256


@dataclass(slots=True)
class _Ticket(Generic[T]):
    operation: T
    future: asyncio.Future[Any]
    result: Any = None


class GroupWriter(Generic[T]):
    """Writes operations of type T in groups. `apply` does so inside the open transaction and returns a result, or a
    JixiError, for each in order; where it raises, nothing of the group is written.
    """

    def __init__(self, database: Database, apply: Callable[[Connection, Sequence[T]], list[Any]]) -> None:
        self._database = database
        self._apply = apply
        self._queue: queue.SimpleQueue[_Ticket[T] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Begin to write; results are handed back on the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """Write what was submitted, then end the thread."""
        if self._thread is not None:
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)
            self._thread = None

    def submit(self, operation: T) -> asyncio.Future[Any]:
        """Resolves after the commit that holds `operation`; raises its JixiError, or `ledger_unavailable`."""
        if self._loop is None or self._thread is None:
            raise problem("ledger_unavailable")
        ticket = _Ticket(operation, self._loop.create_future())
        self._queue.put(ticket)
        return ticket.future

    def _run(self) -> None:
        engine = self._database.blocking_engine()
        connection: Connection | None = None
        try:
            while (tickets := self._next_group()) is not None:
                connection = self._write(engine, connection, tickets)
        finally:
            if connection is not None:
                connection.close()
            engine.dispose()

    def _next_group(self) -> list[_Ticket[T]] | None:
        first = self._queue.get()
        if first is None:
            return None
        group = [first]
        while len(group) < _MOST:
            try:
                ticket = self._queue.get_nowait()
            except queue.Empty:
                break
            if ticket is None:
                self._queue.put(None)
                break
            group.append(ticket)
        return group

    def _write(
        self, engine: Engine, connection: Connection | None, tickets: list[_Ticket[T]]
    ) -> Connection | None:
        """One transaction. Returns the connection for the next, or None where a new one had better be made."""
        try:
            connection = connection or engine.connect()
            with connection.begin():
                results = self._apply(connection, [ticket.operation for ticket in tickets])
            for ticket, result in zip(tickets, results, strict=True):
                ticket.result = result
        except IntegrityError:
            if connection is not None:
                self._write_apart(connection, tickets)
        except SQLAlchemyError as error:
            _log.error("ledger_write_failed", operations=len(tickets), error=type(error).__name__)
            for ticket in tickets:
                ticket.result = problem("ledger_unavailable")
            if connection is not None:
                connection.invalidate()
                connection.close()
                connection = None
        if self._loop is not None:
            self._loop.call_soon_threadsafe(_resolve, tickets)
        return connection

    def _write_apart(self, connection: Connection, tickets: list[_Ticket[T]]) -> None:
        """One operation offends a constraint: write each by itself, so that only the guilty one fails."""
        if len(tickets) == 1:
            tickets[0].result = problem("duplicate_request", request_id="")
            return
        for ticket in tickets:
            alone = _Ticket(ticket.operation, ticket.future)
            try:
                with connection.begin():
                    (alone.result,) = self._apply(connection, [ticket.operation])
            except IntegrityError:
                alone.result = problem("duplicate_request", request_id="")
            except SQLAlchemyError:
                alone.result = problem("ledger_unavailable")
            ticket.result = alone.result


def _resolve(tickets: list[_Ticket[Any]]) -> None:
    for ticket in tickets:
        if ticket.future.done():
            continue
        if isinstance(ticket.result, JixiError):
            ticket.future.set_exception(ticket.result)
        else:
            ticket.future.set_result(ticket.result)
