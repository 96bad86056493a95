"""Budgets become limits, and every sum of before is kept on the scopes and days that are new."""

import asyncio
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from jixi.core.errors import JixiError
from jixi.core.principal import Principal, Role
from jixi.governance.ledger import Ledger, Limits, LimitValues, Statement, Used
from jixi.storage import Database, UtcDateTime, migrate
from tests.clocks import FrozenClock
from tests.unit.governance.calls import a_call
from tests.unit.storage.test_migrate import SCRIPTS

_BEFORE = "0002_jobs"
_CALL = {"tenant_id": "ten_a", "member_id": "mem_a", "model": "m", "kind": "chat", "stream": False}


def _migrate_to(database: Database, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    engine = database.blocking_engine()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


async def _insert(database: Database, table: str, **values: object) -> None:
    columns = (
        sa.column(name, UtcDateTime if isinstance(value, datetime) else None)
        for name, value in values.items()
    )
    async with database.session() as session:
        await session.execute(sa.insert(sa.table(table, *columns)).values(values))


async def _charge(database: Database, name: str, key: str | None, at: datetime, cost: int) -> None:
    await _insert(
        database,
        "charges",
        **_CALL,
        request_id=name,
        key_id=key,
        opened_at=at,
        charged_at=at + timedelta(hours=1),
        day=(at + timedelta(hours=1)).date().isoformat(),
        month=f"{at:%Y-%m}",
        outcome="ok",
        input_tokens=1,
        cached_input_tokens=0,
        output_tokens=1,
        estimated=False,
        price_version=1,
        cost_micros=cost,
        currency="CNY",
        duration_ms=1,
    )


async def _as_it_was(database: Database, now: datetime) -> None:
    """A ledger of the version before: last month's call, one of yesterday, one of today, one that runs."""
    await _insert(
        database,
        "prices",
        version=1,
        model="m",
        currency="CNY",
        input_micros=1_000_000,
        cached_input_micros=1_000_000,
        output_micros=2_000_000,
        valid_from=now,
    )
    await _charge(database, "req_1", "key_a", now - timedelta(days=30), 5)
    await _charge(database, "req_2", "key_a", datetime(2026, 11, 22, 23, 30, tzinfo=UTC), 20)
    await _charge(database, "req_3", None, now, 100)
    await _insert(
        database,
        "holds",
        **_CALL,
        request_id="req_4",
        key_id="key_a",
        month="2026-11",
        amount_micros=300,
        price_version=1,
        opened_at=now,
        lease_until=now + timedelta(seconds=45),
        input_tokens=0,
        output_tokens=0,
    )
    for scope_id, scope, limit, version in (("ten_a", "tenant", 1_000, 3), ("key_b", "key", 7, 1)):
        await _insert(
            database,
            "budgets",
            scope_id=scope_id,
            tenant_id="ten_a",
            scope=scope,
            limit_micros=limit,
            version=version,
        )


async def test_budgets_become_limits_and_nothing_that_was_spent_is_forgotten(
    database_url: str, clock: FrozenClock
) -> None:
    database = Database(database_url)
    await asyncio.to_thread(_migrate_to, database, _BEFORE)
    await _as_it_was(database, clock.now())
    await asyncio.to_thread(migrate, database)
    limits, statement = Limits(database, clock), Statement(database, clock)
    assert await statement.discrepancies() == []
    found = {row.scope_id: row for row in await limits.of_tenant("ten_a")}
    running = Used(running=1, daily_held_micros=300, monthly_held_micros=300)
    whole = running._replace(daily_micros=100, monthly_micros=120)
    used = {scope_id: row.used for scope_id, row in found.items()}
    by_key = running._replace(monthly_micros=20)
    assert used == {"ten_a": whole, "mem_a": whole, "model:m": whole, "key_a": by_key, "key_b": Used()}
    assert (found["ten_a"].values, found["ten_a"].version) == (LimitValues(monthly_micros=1_000), 3)
    assert found["key_b"].values.monthly_micros == 7
    await _goes_on(database, clock)
    assert await statement.discrepancies() == []
    await database.close()


async def _goes_on(database: Database, clock: FrozenClock) -> None:
    """Calls are admitted under the old sums, and the one that ran is recovered."""
    ledger = Ledger(database, clock)
    await ledger.start()
    outcomes: list[str] = []
    for _ in range(3):
        caller = Principal(tenant_id="ten_a", member_id="mem_b", role=Role.DEVELOPER)
        try:
            await ledger.reserve(a_call(caller))
            outcomes.append("ok")
        except JixiError as error:
            outcomes.append(error.code)
    assert outcomes == ["ok", "budget_exceeded", "budget_exceeded"]
    clock.advance(46)
    assert await ledger.recover() == 1
    await ledger.close()
