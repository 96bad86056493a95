"""What is said to the driver itself: many rows in one statement, or a statement without any."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from jixi.storage._types import time_texts

T = TypeVar("T")
_STATEMENTS: Final = 1024


def execute_rows(connection: Connection, sql: str, rows: Sequence[Sequence[Any]]) -> int:
    """Run `sql` once for all `rows`: its `{rows}`, which stands behind VALUES, becomes `(?, ?), (?, ?)`. Returns how
    many rows it changed: none where there are none.

    The driver gives up the interpreter's lock at each step of each statement, and a thread beside a busy event loop
    waits to get it back: a statement for each row would cost the ledger half of its pace. Times must be in UTC, and a
    column that holds one in the first row holds times alone.
    """
    return _run(connection, sql, rows, _count) if rows else 0


def fetch_rows(connection: Connection, sql: str, rows: Sequence[Sequence[Any]]) -> Sequence[Any]:
    """The rows that such a statement returns: plain tuples, and times as the driver has them."""
    return _run(connection, sql, rows, _all)


def run_statement(connection: Connection, sql: str) -> None:
    """Run `sql`, which takes nothing and gives nothing."""
    _run(connection, sql, [()], _count)


def _run(connection: Connection, sql: str, rows: Sequence[Sequence[Any]], take: Callable[[Any], T]) -> T:
    """By the driver's own cursor: what SQLAlchemy does around it costs as much as the statement."""
    dialect, width = connection.dialect, len(rows[0])
    values = [value for each in rows for value in each]
    if dialect.name == "sqlite":
        for at, value in enumerate(rows[0]):
            if isinstance(value, datetime):
                values[at::width] = time_texts(values[at::width])
    statement = _statement(sql, len(rows), width, "?" if dialect.paramstyle == "qmark" else "%s")
    try:
        cursor = connection.connection.cursor()
        try:
            cursor.execute(statement, values)
            return take(cursor)
        finally:
            cursor.close()
    except dialect.loaded_dbapi.Error as error:
        raise _translated(connection, statement, error) from error


@lru_cache(_STATEMENTS)
def _statement(sql: str, rows: int, width: int, place: str) -> str:
    row = f"({', '.join([place] * width)})"
    return sql.replace("{rows}", ", ".join([row] * rows))


def _count(cursor: Any) -> int:
    return cursor.rowcount


def _all(cursor: Any) -> Sequence[Any]:
    return cursor.fetchall()


def _translated(connection: Connection, statement: str, error: Exception) -> BaseException:
    """The error as SQLAlchemy tells it; a connection that broke is not used again."""
    dialect = connection.dialect
    broken = dialect.is_disconnect(error, connection.connection, None)  # pyright: ignore[reportArgumentType]
    if broken:
        connection.invalidate(error)
    return DBAPIError.instance(
        statement,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=broken,
        dialect=dialect,
    )
