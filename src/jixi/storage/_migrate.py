"""Brings the database to this version's schema before anything serves, with a backup of SQLite first.

Alembic is imported by whoever migrates: the ledger's process and the gateways open a database and never do.
"""

import fcntl
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from jixi.storage._database import Database

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

_SCRIPTS = Path(__file__).parent / "migrations"


def migrate(database: Database, scripts_in: Path = _SCRIPTS) -> bool:
    """Upgrade to the newest schema; returns whether anything changed. Blocking: call it in a thread.

    An old SQLite file is copied to `<file>.<revision>.bak` first. A migration that fails changes nothing. A schema
    newer than this program is refused with a ValueError.
    """
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(scripts_in))
    scripts = ScriptDirectory.from_config(config)
    with _alone(database):
        return _migrate(database, config, scripts)


def _migrate(database: Database, config: "Config", scripts: "ScriptDirectory") -> bool:
    from alembic import command
    from alembic.migration import MigrationContext

    engine = database.blocking_engine()
    try:
        with engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
        if current == scripts.get_current_head():
            return False
        if current is not None:
            _check_known(scripts, current)
            _back_up(database, current)
        with engine.begin() as connection:
            _lock(connection)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        return True
    finally:
        engine.dispose()


def _check_known(scripts: "ScriptDirectory", revision: str) -> None:
    from alembic.util import CommandError

    try:
        scripts.get_revision(revision)
    except CommandError as error:
        raise ValueError(
            f"its schema {revision} is newer than this version of Jixi: start the version that made it"
        ) from error


@contextmanager
def _alone(database: Database) -> Generator[None]:
    """Nodes that start together on one SQLite file come one by one.

    A file's change to write-ahead logging fails at once where another connection reads: no timeout covers it.
    """
    if database.is_postgres or not database.url.database:
        yield
        return
    with Path(f"{database.url.database}.migrating").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _lock(connection: Connection) -> None:
    """Two nodes that start together migrate once: the second waits here and then finds nothing to do."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7318349394477056)")


def _back_up(database: Database, revision: str) -> None:
    if not database.is_postgres and database.url.database:
        path = Path(database.url.database)
        with (
            closing(sqlite3.connect(path)) as source,
            closing(sqlite3.connect(f"{path}.{revision}.bak")) as copy,
        ):
            source.backup(copy)
