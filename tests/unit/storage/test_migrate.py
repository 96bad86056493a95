"""The schema: made once, changed as a whole or not at all, never taken over from a newer program."""

import asyncio
import shutil
from pathlib import Path

import pytest
from sqlalchemy import MetaData, text

import jixi.storage
from jixi.storage import Database, migrate

SCRIPTS = Path(jixi.storage.__file__).parent / "migrations"
NEXT = '''
"""{what}"""
import sqlalchemy as sa
from alembic import op
revision = "9999"
down_revision = "{head}"
def upgrade():
    op.create_table("extras", sa.Column("id", sa.Integer, primary_key=True))
    op.bulk_insert(sa.table("extras", sa.column("id", sa.Integer)), [{{"id": 1}}])
    {last}
'''


async def _tables(database: Database) -> set[str]:
    found = MetaData()
    async with database.session() as session:
        connection = await session.connection()
        await connection.run_sync(found.reflect)
    return set(found.tables)


async def _revision(database: Database) -> str:
    async with database.session() as session:
        return (await session.execute(text("SELECT version_num FROM alembic_version"))).scalar_one()


async def _later_version(database: Database, folder: Path, last: str) -> Path:
    """The migrations of a later version of the program, which ends its own in the statement `last`."""
    scripts = folder / "migrations"
    shutil.copytree(SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    migration = NEXT.format(what="Later", head=await _revision(database), last=last)
    (scripts / "versions" / "9999_later.py").write_text(migration)
    return scripts


async def test_an_empty_database_gets_every_table_and_a_second_time_changes_nothing(
    database_url: str,
) -> None:
    database = Database(database_url)
    assert await asyncio.to_thread(migrate, database)
    made = await _tables(database)
    assert {"members", "api_keys", "charges", "holds", "prices"} <= made
    assert not await asyncio.to_thread(migrate, database)
    assert await _tables(database) == made
    await database.close()


async def test_nodes_that_start_together_migrate_once(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(4)]
    await asyncio.gather(*(asyncio.to_thread(migrate, each) for each in databases))
    assert "charges" in await _tables(databases[0])
    for each in databases:
        await each.close()


async def test_a_migration_that_fails_leaves_everything_as_it_was(database: Database, tmp_path: Path) -> None:
    before, revision = await _tables(database), await _revision(database)
    scripts = await _later_version(database, tmp_path, "raise RuntimeError('power cut')")
    with pytest.raises(RuntimeError, match="power cut"):
        await asyncio.to_thread(migrate, database, scripts)
    assert await _tables(database) == before
    assert await _revision(database) == revision


async def test_an_old_sqlite_file_is_copied_before_it_is_changed(database: Database, tmp_path: Path) -> None:
    revision = await _revision(database)
    scripts = await _later_version(database, tmp_path, "pass")
    assert await asyncio.to_thread(migrate, database, scripts)
    assert "extras" in await _tables(database)
    copies = sorted(path.name for path in tmp_path.glob("*.bak"))
    assert copies == ([] if database.is_postgres else [f"jixi.db.{revision}.bak"])
    if copies:
        copy = Database(f"sqlite:///{tmp_path / copies[0]}")
        assert "extras" not in await _tables(copy)
        await copy.close()


async def test_a_schema_of_a_newer_program_is_refused(database: Database, tmp_path: Path) -> None:
    scripts = await _later_version(database, tmp_path, "pass")
    await asyncio.to_thread(migrate, database, scripts)
    with pytest.raises(ValueError, match="newer than this version"):
        await asyncio.to_thread(migrate, database)


async def test_names_that_are_in_use_are_taken_from_then_on_and_one_given_twice_is_the_alias_s(
    database_url: str, tmp_path: Path
) -> None:
    database, before = Database(database_url), tmp_path / "migrations"
    shutil.copytree(SCRIPTS, before, ignore=shutil.ignore_patterns("__pycache__", "001[7-9]*", "002*"))
    await asyncio.to_thread(migrate, database, before)
    async with database.session() as session:
        for row in (
            (
                "aliases (id, name, description, targets, fallbacks, retries, enabled, created_at, version)"
                " VALUES ('als_1', 'both', '', '[]', '[]', 0, true, '2026-01-01', 1)"
            ),
            (
                "deployments (id, name, tenant_id, member_id, description, wanted, revision, revisions, created_at,"
                " changed_at, version) VALUES ('dep_1', 'both', '', '', '', '', 1, 1, '2026-01-01', '2026-01-01', 1),"
                " ('dep_2', 'one', '', '', '', '', 1, 1, '2026-01-01', '2026-01-01', 1)"
            ),
        ):
            await session.execute(text(f"INSERT INTO {row}"))
    await asyncio.to_thread(migrate, database)
    async with database.session() as session:
        names = await session.execute(text("SELECT name, owner_id FROM public_names ORDER BY name"))
        assert [tuple(row) for row in names] == [("both", "als_1"), ("one", "dep_2")]
    await database.close()
