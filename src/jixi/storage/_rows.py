"""Many rows in one statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, CursorResult

from jixi.storage._types import time_text


def execute_rows(connection: Connection, sql: str, rows: Sequence[Sequence[Any]]) -> CursorResult[Any]:
    """Run `sql` once for all `rows`: its `{rows}`, which stands behind VALUES, becomes `(?, ?), (?, ?)`.

    The driver gives up the interpreter's lock at each step of each statement, and a thread beside a busy event loop
    waits to get it back: a statement for each row would cost the ledger half of its pace. Times must be in UTC, and a
    column holds one in the first row where it holds any.
    """
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    row = f"({', '.join([mark] * len(rows[0]))})"
    values = [value for each in rows for value in each]
    if connection.dialect.name == "sqlite" and any(isinstance(value, datetime) for value in rows[0]):
        values = [time_text(value) if isinstance(value, datetime) else value for value in values]
    return connection.exec_driver_sql(sql.replace("{rows}", ", ".join([row] * len(rows))), tuple(values))


def fetch_rows(connection: Connection, sql: str, rows: Sequence[Sequence[Any]]) -> Sequence[Any]:
    """The driver's own rows of such a query: plain tuples, several times as fast, and times as the driver has them."""
    result = execute_rows(connection, sql, rows)
    found: Sequence[Any] = result.cursor.fetchall() if result.cursor is not None else ()
    result.close()
    return found
