"""The database of the house: one address, an async engine for the rooms, a blocking one for the ledger's writer."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any, Final

import structlog
from sqlalchemy import Engine, NullPool, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolIsFull
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from jixi.storage._rows import run_statement

Session = AsyncSession
"""What `Database.session` yields, for rooms that write together in one transaction."""
_WITHIN_S: Final = 2.0
_HOLDS_S: Final = 1.0
"""How long what came of a try to connect is told to whoever asks next."""
_LOG_EVERY_S: Final = 10.0
_DISK_FULL: Final = "53100"
"""PostgreSQL's state for it."""
_LONGEST_REASON: Final = 300
_STATEMENTS: Final = 256
_DRIVERS = {
    "sqlite": ("sqlite+aiosqlite", "sqlite"),
    "postgresql": ("postgresql+psycopg", "postgresql+psycopg"),
}
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=10000",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA wal_autocheckpoint=8000",
)
# A process that is stopped in the midst of a transaction would keep its locks for ever; a machine that went silent
# would be waited for until the kernel gives up, which takes hours.
_POSTGRES_DEFAULTS: Final = {
    "options": "-c idle_in_transaction_session_timeout=10s",
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "tcp_user_timeout": "15000",
}
_log = structlog.get_logger()


class DatabaseAwayError(SQLAlchemyError):
    """No connection could be had, or the one in use broke: it may pass, and nothing that was asked is wrong."""


class DatabaseFullError(DatabaseAwayError):
    """It takes nothing more: the disk that holds it is full. What it has can be read."""


class Database:
    """Opens `url` (`sqlite:///path` or `postgresql://user@host/name`). Nothing connects before the first use."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self.url = parsed
        asynchronous, blocking = _DRIVERS[parsed.get_backend_name()]
        if self.is_postgres:
            parsed = parsed.set(query={**_POSTGRES_DEFAULTS, **parsed.query})
        address = parsed.set(drivername=asynchronous)
        self.engine: AsyncEngine = create_async_engine(
            address, pool_pre_ping=self.is_postgres, hide_parameters=True
        )
        self._aside = create_async_engine(address, poolclass=NullPool, hide_parameters=True)
        self._probe: asyncio.Task[str] | None = None
        self._probed = self._logged = -_LOG_EVERY_S
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

        Raises `DatabaseAwayError`, where a commit that was under way may have been made, also where the pool gave no
        connection in its time, and `DatabaseFullError`.
        """
        try:
            async with self._sessions() as session, session.begin():
                yield session
        except PoolIsFull as error:
            raise self._logged_as(DatabaseAwayError(_reason(error))) from error
        except (OperationalError, InterfaceError) as error:
            if _is_full(error):
                raise self._logged_as(DatabaseFullError(_reason(error))) from error
            if _has_no_connection(error):
                raise self._logged_as(DatabaseAwayError(_reason(error))) from error
            raise

    async def reach(self) -> None:
        """Return where the database takes a connection within two seconds; raises `DatabaseAwayError`.

        The connection is not of the pool, which may merely be busy. However many ask, one try is made at a time, and
        what came of it holds for a second. A try that hangs is left to end by itself: to cancel it may hang as well.
        """
        probe, now = self._probe, monotonic()
        if probe is None or (probe.done() and now >= self._probed + _HOLDS_S):
            probe = self._probe = asyncio.create_task(self._try_to_connect())
            self._probed = now
        await asyncio.wait((probe,), timeout=_WITHIN_S)
        reason = probe.result() if probe.done() else f"no connection within {_WITHIN_S} s"
        if reason:
            raise self._logged_as(DatabaseAwayError(reason))

    async def _try_to_connect(self) -> str:
        """Why that failed, or nothing."""
        try:
            async with self._aside.connect():
                return ""
        except SQLAlchemyError as error:
            return _reason(error)

    def _logged_as(self, error: DatabaseAwayError) -> DatabaseAwayError:
        """`error`, logged: many fail at once, and one line tells it of all of them."""
        if (now := monotonic()) >= self._logged + _LOG_EVERY_S:
            self._logged = now
            full = isinstance(error, DatabaseFullError)
            _log.warning("database_full" if full else "database_away", reason=str(error))
        return error

    def blocking_engine(self) -> Engine:
        """A fresh engine for a thread of one's own; the caller disposes of it."""
        # Of each statement there is one for every number of rows, and to prepare one costs as much as to run it.
        kept = {} if self.is_postgres else {"cached_statements": _STATEMENTS}
        engine = create_engine(self._blocking_url, hide_parameters=True, connect_args=kept)
        if not self.is_postgres:
            event.listen(engine, "connect", _set_pragmas)
            event.listen(engine, "begin", _begin_immediate)
        return engine

    async def close(self) -> None:
        if self._probe is not None:
            self._probe.cancel()
        await self.engine.dispose()


def after_commit(session: Session, act: Callable[[], None]) -> None:
    """Have `act` called once what the session does is committed: before that, nobody else sees anything of it."""

    def committed(_session: object) -> None:
        act()

    event.listen(session.sync_session, "after_commit", committed, once=True)


def _reason(error: SQLAlchemyError) -> str:
    """In one line what the driver says of it, without the statement and its values."""
    found = error.orig if isinstance(error, DBAPIError) else error
    return " ".join(str(found).split())[:_LONGEST_REASON]


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
    """Durable and concurrent: WAL with synchronous=FULL means that a commit that returned survives a power cut.

    What SQLite needs for a statement alone stays in memory, and its log is written back every 8000 pages: pages that
    every commit changes are then written once for many.
    """
    if isinstance(connection, sqlite3.Connection):
        connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_immediate(connection: Any) -> None:
    """Take SQLite's write lock first: a read that later turns into a write would fail under concurrency."""
    run_statement(connection, "BEGIN IMMEDIATE")
