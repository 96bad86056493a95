"""Sessions, times and bulk statements behave alike on SQLite and on PostgreSQL."""

import asyncio
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select, text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.exc import TimeoutError as PoolIsFull

from jixi.storage import Database, DatabaseAwayError, UtcDateTime, execute_rows

META = MetaData()
moments = Table(
    "moments", META, Column("id", Integer, primary_key=True), Column("at", UtcDateTime, nullable=False)
)
MOST_CONNECTIONS = 100
NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(autouse=True)
async def table(database: Database) -> None:
    async with database.session() as session:
        await (await session.connection()).run_sync(META.create_all)


async def _ids(database: Database) -> list[int]:
    async with database.session() as session:
        return list((await session.execute(select(moments.c.id).order_by(moments.c.id))).scalars())


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-3.5))])
async def test_a_time_comes_back_as_the_same_moment_in_utc(database: Database, zone: timezone) -> None:
    async with database.session() as session:
        await session.execute(insert(moments).values(id=1, at=NOON.astimezone(zone)))
    async with database.session() as session:
        found = (await session.execute(select(moments.c.at))).scalar_one()
    assert (found, found.tzinfo) == (NOON, UTC)


async def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="zone"):
        async with database.session() as session:
            await session.execute(insert(moments).values(id=1, at=NOON.replace(tzinfo=None)))


async def test_a_block_that_raises_leaves_nothing_behind(database: Database) -> None:
    async def half() -> None:
        async with database.session() as session:
            await session.execute(insert(moments).values(id=1, at=NOON))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await half()
    assert await _ids(database) == []


async def test_many_rows_go_in_by_one_statement_or_not_at_all(database: Database) -> None:
    def write(rows: list[tuple[int, datetime]]) -> None:
        engine = database.blocking_engine()
        try:
            with engine.begin() as connection:
                execute_rows(connection, "INSERT INTO moments (id, at) VALUES {rows}", rows)
        finally:
            engine.dispose()

    await asyncio.to_thread(write, [(number, NOON) for number in range(300)])
    with pytest.raises(IntegrityError):
        await asyncio.to_thread(write, [(300, NOON), (7, NOON)])
    assert await _ids(database) == list(range(300))
    async with database.session() as session:
        assert set((await session.execute(select(moments.c.at))).scalars()) == {NOON}


async def test_sqlite_keeps_what_it_acknowledged(database: Database) -> None:
    if database.is_postgres:
        pytest.skip("these are settings of SQLite")
    async with database.session() as session:
        pragmas = [
            (await session.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert pragmas == ["wal", 2, 1]


async def test_who_gets_no_connection_of_a_busy_pool_is_told_so_and_the_database_is_still_reached(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool: Any = database.engine.sync_engine.pool
    monkeypatch.setattr(pool, "_timeout", 0.01)
    async with AsyncExitStack() as held:
        with suppress(PoolIsFull):
            for _ in range(MOST_CONNECTIONS):
                await held.enter_async_context(database.engine.connect())
        with pytest.raises(DatabaseAwayError, match="QueuePool"):
            await _ids(database)
        await database.reach()
    assert await _ids(database) == []
