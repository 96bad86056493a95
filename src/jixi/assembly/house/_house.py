"""The house: every service, opened in order and closed in the reverse order."""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, Protocol, TypeVar

import structlog
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from jixi.assembly.house._audit import Audit
from jixi.assembly.house._background import Ground, open_background
from jixi.assembly.house._engines import open_fleet
from jixi.assembly.house._metering import Kept, Metering
from jixi.assembly.house._notices import Notice, notices_of
from jixi.assembly.house._observation import Observation
from jixi.assembly.house._outside import Neighbours, open_egress, open_providers, open_vault
from jixi.assembly.house._register import open_register
from jixi.assembly.house._supply import Supply, open_supply
from jixi.assembly.settings import Settings, locked_folder, prepare_folder
from jixi.assembly.store import model_store
from jixi.compute.chips import Chips
from jixi.compute.drivers import Command, Driver, Process, ProcessDriver
from jixi.compute.history import History
from jixi.core.clock import Clock, SystemClock
from jixi.core.errors import problem
from jixi.core.ports import Meter
from jixi.governance.audit import Traces
from jixi.governance.identity import AccessGate, Identity, load_or_create_pepper
from jixi.governance.ledger import Ledger, ProcessWriter, Statement
from jixi.governance.ledger import Limits as LedgerLimits
from jixi.jobs import Jobs
from jixi.models.answers import FirstAnswers
from jixi.models.batches import Batches, Files
from jixi.models.deployments import Fleet
from jixi.models.downloads import Downloads
from jixi.models.environments import Environments, Installations
from jixi.models.gateway import Aliases, Gateway, Limits, PrepaidMeter, Router
from jixi.models.imports import Imports
from jixi.models.memory import Rooms
from jixi.models.names import SettledNames
from jixi.models.providers import Providers
from jixi.models.registry import ModelRegistry
from jixi.models.responses import Quota, ResponseStore
from jixi.models.rollouts import Neighbours as Near
from jixi.models.rollouts import Rollouts
from jixi.models.sources import ModelStore
from jixi.storage import Database, Vault, migrate
from jixi.telemetry import CountingMeter, Metrics, Traffic

_DATABASE: Final = "jixi.db"
_PEPPER: Final = "pepper"
_LEAST_PEPPER: Final = 16
_LONGEST_SOCKET: Final = 107
_FOR_POSTGRES: Final = "PG"


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """What the server and the CLI are handed. `setup_link` is the one-time link while there is no administrator."""

    settings: Settings
    clock: Clock
    database: Database
    vault: Vault
    identity: Identity
    ledger: Ledger
    metering: Metering
    limits: LedgerLimits
    statement: Statement
    registry: ModelRegistry
    store: ModelStore
    fleet: Fleet
    rollouts: Rollouts
    environments: Environments
    installations: Installations
    rooms: Rooms
    node_history: History
    providers: Providers
    supply: Supply
    aliases: Aliases
    gateway: Gateway
    responses: ResponseStore
    answers: FirstAnswers
    jobs: Jobs
    files: Files
    batches: Batches
    downloads: Downloads
    imports: Imports
    metrics: Metrics
    traffic: Traffic
    traces: Traces
    setup_link: str | None
    chips: Chips = field(default_factory=Chips.load)

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
    async with AsyncExitStack() as stack:
        _own_folder(settings, stack)
        database = await _open_database(settings, stack)
        identity = await started(stack, Identity(database, clock, pepper(settings)))
        vault = open_vault(settings)
        responses = await started(stack, make_responses(settings, database, vault, clock))
        ledger = await started(stack, make_ledger(settings, database, clock, ProcessDriver()))
        jobs = Jobs(database, clock)
        metering = await started(stack, Metering(ledger.resources, identity.members.first_tenant))
        engines = await open_fleet(settings, database, clock, jobs, metering, stack)
        fleet = engines.fleet
        egress = open_egress(settings, stack)
        aliases = Aliases(database, clock, lambda: {*_names(fleet), *providers.names()})
        neighbours = Neighbours(partial(_names, fleet, aliases), aliases.behind)
        providers = await open_providers(settings, database, clock, egress, stack, neighbours)
        await started(stack, aliases)
        store, names = model_store(settings, egress), SettledNames(database)
        supply = await open_supply(settings, engines, ledger, store, jobs, names, stack)
        seen = _watching(Observation(settings, database, clock, fleet), stack)
        meter = PrepaidMeter(CountingMeter(ledger, seen.metrics, seen.traffic), clock)
        gateway = make_gateway(settings, [fleet, providers], aliases, meter, seen, clock)
        stack.push_async_callback(gateway.close)
        fleet.waiting, fleet.changed = gateway.queues, gateway.look
        ground = Ground(settings, clock, database, vault, identity, ledger, gateway, meter, supply)
        background = await open_background(ground, engines, jobs, stack)
        near = Near(partial(_all_names, fleet, aliases, providers), aliases.behind)
        register = await open_register(supply, database, clock, near, stack)
        metering.stores = _stores(background.files, responses, register.registry)
        house = House(
            settings=settings,
            clock=clock,
            database=database,
            vault=vault,
            identity=identity,
            ledger=ledger,
            limits=LedgerLimits(database, clock),
            statement=Statement(database, clock),
            store=supply.store,
            **engines._asdict(),
            providers=providers,
            supply=supply,
            aliases=aliases,
            gateway=gateway,
            responses=responses,
            **background._asdict(),
            **register._asdict(),
            metrics=seen.metrics,
            traffic=seen.traffic,
            traces=seen.traces,
            setup_link=await _setup_link(settings, identity),
        )
        _audit(house, stack)
        structlog.get_logger().info("house_opened", data_dir=str(settings.data_dir))
        yield house


class _Service(Protocol):
    async def start(self) -> None: ...

    async def close(self) -> None: ...


S = TypeVar("S", bound=_Service)


async def started(stack: AsyncExitStack, service: S) -> S:
    """The service, at work until the stack is closed."""
    await service.start()
    stack.push_async_callback(service.close)
    return service


def _names(fleet: Fleet, aliases: Aliases | None = None, besides: str = "") -> set[str]:
    """The public names of deployments and aliases, but for those of the deployment `besides`."""
    return fleet.names(besides) | (aliases.names() if aliases is not None else set())


def _all_names(fleet: Fleet, aliases: Aliases, providers: Providers, besides: str) -> set[str]:
    """Those of providers' models with them."""
    return _names(fleet, aliases, besides) | {*providers.names()}


def make_responses(settings: Settings, database: Database, vault: Vault, clock: Clock) -> ResponseStore:
    """What keeps Responses, in the house and in the processes before it."""
    quota = Quota(settings.max_responses, settings.max_responses_bytes)
    return ResponseStore(database, vault, clock, settings.responses_kept_days, quota)


def _own_folder(settings: Settings, stack: AsyncExitStack) -> None:
    """The data folder is this house's alone until `stack` is closed, and what killed servers left in it is gone."""
    prepare_folder(settings.data_dir)
    stack.enter_context(locked_folder(settings.data_dir))
    _tidy(settings.data_dir / "run")


def _stores(files: Files, responses: ResponseStore, registry: ModelRegistry) -> dict[str, Kept]:
    """Where tenants keep things, by the names that stand on statements."""
    return {"files": files.kept, "responses": responses.kept, "models": registry.kept}


def _watching(seen: Observation, stack: AsyncExitStack) -> Observation:
    seen.start()
    stack.push_async_callback(seen.close)
    return seen


def _audit(house: House, stack: AsyncExitStack) -> None:
    audit = Audit(house.statement, house.metrics.ledger_discrepancies)
    audit.start()
    stack.push_async_callback(audit.close)


def pepper(settings: Settings) -> bytes:
    """The pepper of the data folder, or the one that several servers share; raises `settings_unreadable`."""
    if settings.pepper_file is None:
        return load_or_create_pepper(settings.data_dir / _PEPPER)
    try:
        shared = settings.pepper_file.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise problem("settings_unreadable", path=str(settings.pepper_file), reason=reason) from error
    if len(shared) < _LEAST_PEPPER:
        reason = f"a pepper has {_LEAST_PEPPER} bytes or more"
        raise problem("settings_unreadable", path=str(settings.pepper_file), reason=reason)
    return shared


def make_gateway(
    settings: Settings,
    routers: Sequence[Router],
    aliases: Aliases,
    meter: Meter,
    seen: Observation,
    clock: Clock,
) -> Gateway:
    """The gateway of this process, be it the house itself or a process before it."""
    limits = Limits(
        retries=settings.retries,
        breaker=settings.breaker_failures,
        drains=settings.provider_drains,
        drain_s=settings.provider_drain_s,
        wake_s=settings.wake_s,
    )
    gateway = Gateway(
        routers,
        AccessGate(),
        meter,
        clock,
        aliases=aliases,
        limits=limits,
        observer=seen.observer,
    )
    seen.watch(gateway)
    return gateway


def make_ledger(settings: Settings, database: Database, clock: Clock, driver: Driver) -> Ledger:
    """A ledger with a writer of its own."""
    if settings.ledger_writer == "thread":
        return Ledger(database, clock)

    def start(argv: tuple[str, ...]) -> Awaitable[Process]:
        return driver.start("ledger", Command(argv=argv, env=database_environment()))

    # Named after this process: the writer of one that was killed never comes to us.
    writer = ProcessWriter(database, socket_path(settings, "ledger"), start, shared=writer_socket(settings))
    return Ledger(database, clock, writer)


def writer_socket(settings: Settings) -> Path | None:
    """Where the ledger's process of this house takes operations of the gateway processes; None where it takes none."""
    if settings.processes == 1 or settings.ledger_writer == "thread":
        return None
    return socket_path(settings, "writer")


def database_environment() -> dict[str, str]:
    """What our environment says about the database, for processes that open it, too."""
    return {name: value for name, value in os.environ.items() if name.startswith(_FOR_POSTGRES)}


def socket_path(settings: Settings, purpose: str) -> Path:
    """Where this process may listen for others of this server; raises `data_dir_unusable`."""
    folder = settings.data_dir / "run"
    folder.mkdir(mode=0o700, exist_ok=True)
    socket = folder / f"{purpose}-{os.getpid()}.sock"
    if len(os.fsencode(socket)) > _LONGEST_SOCKET:
        reason = f"its path is too long for the sockets in it, by {len(os.fsencode(socket)) - _LONGEST_SOCKET} bytes"
        raise problem("data_dir_unusable", path=str(settings.data_dir), reason=reason)
    return socket


def _tidy(folder: Path) -> None:
    """Remove the sockets of servers that were killed."""
    for stale in folder.glob("*-*.sock"):
        stale.unlink()


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


def database_of(settings: Settings) -> Database:
    """The database, as it is: nothing is made or migrated."""
    return Database(_database_url(settings))


async def _open_database(settings: Settings, stack: AsyncExitStack) -> Database:
    """The database, open and migrated, until `stack` is closed.

    Raises `database_unusable` with the reason and without the password.
    """
    address = _database_url(settings)
    try:
        database = Database(address)
        await asyncio.to_thread(migrate, database)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise problem("database_unusable", reason=reason.rstrip(".")) from error
    stack.push_async_callback(database.close)
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
