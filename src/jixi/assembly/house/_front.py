"""The front: what a gateway process opens to answer calls of models, on the database of its house."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from jixi.assembly.house._background import concluding
from jixi.assembly.house._house import database_of, make_gateway, make_responses, pepper, started
from jixi.assembly.house._observation import Observation
from jixi.assembly.house._outside import open_egress, open_providers, open_vault
from jixi.assembly.settings import Settings
from jixi.core.clock import Clock, SystemClock
from jixi.governance.identity import Identity
from jixi.governance.ledger import Ledger, SharedWriter
from jixi.models.answers import FirstAnswers
from jixi.models.deployments import RemoteFleet
from jixi.models.gateway import Aliases, Gateway, PrepaidMeter
from jixi.models.responses import ResponseStore
from jixi.storage import Database, Vault
from jixi.telemetry import CountingMeter, Sink


@dataclass(frozen=True, kw_only=True, slots=True)
class Front:
    """What answers calls of models in a gateway process. The engines are the house's."""

    settings: Settings
    clock: Clock
    database: Database
    vault: Vault
    identity: Identity
    ledger: Ledger
    fleet: RemoteFleet
    gateway: Gateway
    responses: ResponseStore
    answers: FirstAnswers
    seen: Observation


@asynccontextmanager
async def open_front(
    settings: Settings, *watching: Sink, writer: Path | None = None
) -> AsyncGenerator[Front]:
    """Open what a gateway process needs; its house has prepared the folder and the database, and holds them.

    `watching` are told of every call, besides those whom the settings name. `writer` is where the ledger's process of
    the house listens; without it this process writes by itself.
    """
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        database = database_of(settings)
        stack.push_async_callback(database.close)
        identity = await started(stack, Identity(database, clock, pepper(settings)))
        own = Ledger(database, clock, None if writer is None else SharedWriter(writer), recovers=False)
        ledger = await started(stack, own)
        aliases = await started(stack, Aliases(database, clock, frozenset[str]))
        fleet = RemoteFleet(clock)
        stack.push_async_callback(fleet.close)
        egress = open_egress(settings, stack)
        providers = await open_providers(settings, database, clock, egress, stack)
        seen = Observation(settings, database, clock, None, *watching)
        seen.start()
        stack.push_async_callback(seen.close)
        meter = PrepaidMeter(CountingMeter(ledger, seen.metrics, seen.traffic), clock)
        gateway = make_gateway(settings, [fleet, providers], aliases, meter, seen, clock)
        stack.push_async_callback(gateway.close)
        vault = open_vault(settings)
        yield Front(
            settings=settings,
            clock=clock,
            database=database,
            vault=vault,
            identity=identity,
            ledger=ledger,
            fleet=fleet,
            gateway=gateway,
            responses=make_responses(settings, database, vault, clock),
            answers=FirstAnswers(database, vault, clock, concluding(ledger), meter),
            seen=seen,
        )
