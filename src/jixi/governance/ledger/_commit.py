"""Group commit: a group of operations in one transaction, so that durability costs one fsync for many calls."""

from collections.abc import Sequence
from typing import Final

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError, OperationalError

from jixi.governance.ledger._operations import UNAVAILABLE, Operation, Refusal, Result
from jixi.governance.ledger._records_calls import apply
from jixi.governance.ledger._records_gauges import Gauges, NewScopesError, is_deadlock, open_gauges
from jixi.storage import Database

_log = structlog.get_logger()
_MOST: Final = 256
_TRIES: Final = 4
_ONE_IS_GUILTY: Final = (IntegrityError, DataError, OverflowError)


class GroupCommit:
    """Writes groups over one connection, from one thread. Nothing else writes holds, charges or accounts' sums."""

    def __init__(self, database: Database) -> None:
        self._engine = database.blocking_engine()
        self._connection: Connection | None = None
        self._gauges = Gauges()

    def write(self, operations: Sequence[Operation]) -> list[Result]:
        """A result for each, in order: all of it is durable then, or has its refusal.

        A burst is cut into groups, for a statement takes only so many parameters.
        """
        starts = range(0, len(operations), _MOST)
        return [result for at in starts for result in self._write_group(operations[at : at + _MOST])]

    def _write_group(self, operations: Sequence[Operation]) -> list[Result]:
        try:
            connection = self._connection = self._connection or self._engine.connect()
            try:
                return self._write_together(connection, operations)
            except _ONE_IS_GUILTY:
                return [self._write_alone(connection, operation) for operation in operations]
        except Exception as error:  # noqa: BLE001  (whatever it is, callers wait for an answer and the next group comes)
            _log.error("ledger_write_failed", operations=len(operations), error=type(error).__name__)
            self._give_up()
            return [UNAVAILABLE] * len(operations)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()

    def _give_up(self) -> None:
        """Drop the connection: the next group opens a new one."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _write_alone(self, connection: Connection, operation: Operation) -> Result:
        """Where one operation offends, each is written by itself: only the guilty one fails."""
        try:
            return self._write_together(connection, [operation])[0]
        except IntegrityError:
            return Refusal("duplicate_request", {"request_id": ""})
        except (DataError, OverflowError):
            _log.error("ledger_operation_refused", operation=type(operation).__name__)
            return UNAVAILABLE

    def _write_together(self, connection: Connection, operations: Sequence[Operation]) -> list[Result]:
        for _ in range(_TRIES):
            try:
                return self._apply(connection, operations)
            except NewScopesError as new:
                # In a transaction of its own: two writers that make the same gauges must not wait for each
                # other's locks.
                with connection.begin():
                    open_gauges(connection, new.scopes)
            except OperationalError as error:
                if not is_deadlock(error):
                    raise
        return self._apply(connection, operations)

    def _apply(self, connection: Connection, operations: Sequence[Operation]) -> list[Result]:
        try:
            with connection.begin():
                results = apply(connection, self._gauges, operations)
        except BaseException:
            self._gauges.forget()
            raise
        self._gauges.keep()
        return results
