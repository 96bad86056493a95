"""The database of the house: one address, an async engine for the rooms, a blocking one for the ledger's writer."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

Session = AsyncSession
"""What `Database.session` yields, for rooms that write together in one transaction."""
_WITHIN_S: Final = 2.0
_DISK_FULL: Final = "53100"
"""PostgreSQL's state for it."""
_DRIVERS = {
    "sqlite": ("sqlite+aiosqlite", "sqlite"),
    "postgresql": ("postgresql+psycopg", "postgresql+psycopg"),
}
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=10000",
)
# A process that is stopped in the midst of a transaction would keep its locks for ever.
_OPTIONS = "-c idle_in_transaction_session_timeout=10s"


class DatabaseAwayError(SQLAlchemyError):
    """No connection could be made, or the one in use broke: it may pass, and nothing that was asked is wrong."""


class DatabaseFullError(DatabaseAwayError):
    """It takes nothing more: the disk that holds it is full. What it has can be read."""


class Database:
    """Opens `url` (`sqlite:///path` or `postgresql://user@host/name`). Nothing connects before the first use."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self.url = parsed
        asynchronous, blocking = _DRIVERS[parsed.get_backend_name()]
        if self.is_postgres and "options" not in parsed.query:
            parsed = parsed.update_query_dict({"options": _OPTIONS})
        self.engine: AsyncEngine = create_async_engine(
            parsed.set(drivername=asynchronous), pool_pre_ping=self.is_postgres, hide_parameters=True
        )
        self._blocking_url: URL = parsed.set(drivername=blocking)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        if not self.is_postgres:
            event.listen(self.engine.sync_engine, "connect", _set_pragmas)

    @property
    def is_postgres(self) -> bool:
        return self.url.get_backend_name() == "postgresql"

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[AsyncSession]:
        """A transaction: commits at the end of the block, rolls back where it raises.

        Raises `DatabaseAwayError`, where a commit that was under way may have been made, and `DatabaseFullError`.
        """
        try:
            async with self._sessions() as session, session.begin():
                yield session
        except (OperationalError, InterfaceError) as error:
            if _is_full(error):
                raise DatabaseFullError(str(error.orig)) from error
            if _has_no_connection(error):
                raise DatabaseAwayError(type(error.orig).__name__) from error
            raise

    async def reach(self) -> None:
        """Return where the database takes a connection within two seconds; raises `DatabaseAwayError`."""
        try:
            async with asyncio.timeout(_WITHIN_S), self.session() as session:
                await session.connection()
        except TimeoutError as error:
            raise DatabaseAwayError(type(error).__name__) from error

    def blocking_engine(self) -> Engine:
        """A fresh engine for a thread of one's own; the caller disposes of it."""
        engine = create_engine(self._blocking_url, hide_parameters=True)
        if not self.is_postgres:
            event.listen(engine, "connect", _set_pragmas)
            event.listen(engine, "begin", _begin_immediate)
        return engine

    async def close(self) -> None:
        await self.engine.dispose()


def _is_full(error: DBAPIError) -> bool:
    found = error.orig
    return (
        getattr(found, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        or getattr(found, "sqlstate", None) == _DISK_FULL
    )


def _has_no_connection(error: DBAPIError) -> bool:
    """What PostgreSQL itself refuses has a state; where there is none, no answer came from it."""
    return error.connection_invalidated or getattr(error.orig, "sqlstate", "") is None


def _set_pragmas(connection: Any, _record: Any) -> None:
    """Durable and concurrent: WAL with synchronous=FULL means that a commit that returned survives a power cut."""
    if isinstance(connection, sqlite3.Connection):
        connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_immediate(connection: Any) -> None:
    """Take SQLite's write lock first: a read that later turns into a write would fail under concurrency."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
