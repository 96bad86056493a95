"""Many rows in one statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from jixi.storage._types import time_text


def execute_rows(connection: Connection, sql: str, rows: Sequence[Sequence[Any]]) -> int:
    """Run `sql` once for all `rows`: its `{rows}`, which stands behind VALUES, becomes `(?, ?), (?, ?)`. Returns how
    many rows it changed: none where there are none.

    The driver gives up the interpreter's lock at each step of each statement, and a thread beside a busy event loop
    waits to get it back: a statement for each row would cost the ledger half of its pace. Times must be in UTC, and a
    column holds one in the first row where it holds any.
    """
    if not rows:
        return 0
    cursor = _run(connection, sql, rows)
    changed: int = cursor.rowcount
    cursor.close()
    return changed


def fetch_rows(connection: Connection, sql: str, rows: Sequence[Sequence[Any]]) -> Sequence[Any]:
    """The rows that such a statement returns: plain tuples, and times as the driver has them."""
    cursor = _run(connection, sql, rows)
    found: Sequence[Any] = cursor.fetchall()
    cursor.close()
    return found


def _run(connection: Connection, sql: str, rows: Sequence[Sequence[Any]]) -> Any:
    """By the driver's own cursor: what SQLAlchemy does around it costs as much as the statement."""
    dialect, width = connection.dialect, len(rows[0])
    row = f"({', '.join(['?' if dialect.paramstyle == 'qmark' else '%s'] * width)})"
    values = [value for each in rows for value in each]
    if dialect.name == "sqlite":
        for at, value in enumerate(rows[0]):
            if isinstance(value, datetime):
                values[at::width] = [time_text(each) for each in values[at::width]]
    statement = sql.replace("{rows}", ", ".join([row] * len(rows)))
    cursor = connection.connection.cursor()
    try:
        cursor.execute(statement, values)
    except Exception as error:
        cursor.close()
        raise _translated(connection, statement, error) from error
    return cursor


def _translated(connection: Connection, statement: str, error: Exception) -> BaseException:
    """The error as SQLAlchemy tells it; a connection that broke is not used again."""
    dialect = connection.dialect
    kind: type[Exception] = dialect.loaded_dbapi.Error
    if not isinstance(error, kind):
        return error
    broken = dialect.is_disconnect(error, connection.connection, None)  # pyright: ignore[reportArgumentType]
    if broken:
        connection.invalidate(error)
    return DBAPIError.instance(
        statement, None, error, kind, hide_parameters=True, connection_invalidated=broken, dialect=dialect
    )
