"""What goes on behind the requests: blobs, the workers of jobs, files and batches."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Final, NamedTuple

from msgspec import structs

from jixi.assembly.house._engines import Engines
from jixi.assembly.house._supply import Supply
from jixi.assembly.settings import Settings
from jixi.core.clock import Clock
from jixi.governance.identity import Identity
from jixi.governance.ledger import Ledger
from jixi.jobs import Jobs, Pacing, Worker
from jixi.models.answers import FirstAnswers
from jixi.models.batches import (
    KIND,
    Batches,
    BatchHandler,
    BatchRecords,
    Caps,
    Files,
    Pace,
    Tools,
    places_in,
)
from jixi.models.downloads import DOWNLOAD, VERIFICATION, DownloadHandler, Downloads, VerificationHandler
from jixi.models.environments import INSTALLATION, InstallationHandler
from jixi.models.gateway import Conclude, Concluded, Gateway, PrepaidMeter
from jixi.models.imports import IMPORT, ImportHandler, ImportRecords, Imports
from jixi.models.registry import ModelRegistry
from jixi.storage import Blobs, Database, FolderBlobs, ObjectBlobs, Vault

_FOLDER: Final = "blobs"


class Ground(NamedTuple):
    """The services that batches, downloads, installations and kept answers stand on."""

    settings: Settings
    clock: Clock
    database: Database
    vault: Vault
    identity: Identity
    ledger: Ledger
    gateway: Gateway
    meter: PrepaidMeter
    supply: Supply


class Background(NamedTuple):
    jobs: Jobs
    files: Files
    batches: Batches
    answers: FirstAnswers
    downloads: Downloads
    imports: Imports


async def open_background(ground: Ground, engines: Engines, jobs: Jobs, stack: AsyncExitStack) -> Background:
    """Start the worker; jobs that an earlier process left go on by themselves."""
    settings, clock, database = ground.settings, ground.clock, ground.database
    caps = Caps(
        file_bytes=settings.max_file_bytes,
        tenant_bytes=settings.max_files_bytes,
        line_bytes=settings.max_body_bytes,
    )
    blobs = _blobs(settings)
    files = Files(database, blobs, clock, caps)
    tools = Tools(
        records=BatchRecords(database),
        blobs=blobs,
        gateway=ground.gateway,
        meter=ground.meter,
        conclude=concluding(ground.ledger),
        callers=ground.identity.standing,
        pace=Pace(places_in(ground.gateway), settings.batch_parallel),
        clock=clock,
        caps=caps,
        tell=jobs.tell,
    )
    pacing = Pacing(lease_s=settings.job_lease_s)
    worker = Worker(jobs, database, clock, {KIND: BatchHandler(tools)}, pacing)
    await files.start()
    stack.push_async_callback(files.close)
    await worker.start()
    stack.push_async_callback(worker.close)
    answers = FirstAnswers(database, ground.vault, clock, concluding(ground.ledger), ground.meter)
    imports = await _open_downloads(ground, engines, jobs, stack)
    batches = Batches(database, jobs, files, clock, caps)
    return Background(jobs, files, batches, answers, ground.supply.downloads, imports)


async def _open_downloads(ground: Ground, engines: Engines, jobs: Jobs, stack: AsyncExitStack) -> Imports:
    """Start workers for what brings models and engines here, apart from batches: neither waits for the other.

    Imports have one of their own: whatever tenants bring keeps no model of the catalogue and no engine waiting, and
    no tenant's keep those of another waiting, for whom one more goes on than a tenant may have.
    """
    supply, database, clock = ground.supply, ground.database, ground.clock
    registry = ModelRegistry(database, clock, supply.catalog)
    handlers = {
        DOWNLOAD: DownloadHandler(supply.catalog, supply.store),
        VERIFICATION: VerificationHandler(supply.catalog, supply.store),
        INSTALLATION: InstallationHandler(engines.environments),
    }
    most = ground.settings.downloads_at_once
    pacing = Pacing(lease_s=ground.settings.job_lease_s, most=most, most_of_tenant=most)
    importing = {IMPORT: ImportHandler(ImportRecords(database), registry, supply.store)}
    shared = structs.replace(pacing, most=most + 1)
    for worker in (
        Worker(jobs, database, clock, handlers, pacing),
        Worker(jobs, database, clock, importing, shared),
    ):
        await worker.start()
        stack.push_async_callback(worker.close)
    return Imports(database, clock, jobs, registry, offline=ground.settings.offline)


def _blobs(settings: Settings) -> Blobs:
    folder = settings.data_dir / _FOLDER
    return FolderBlobs(folder) if settings.blobs_url is None else ObjectBlobs(settings.blobs_url, folder)


def concluding(ledger: Ledger) -> Conclude:
    """The ledger's word on calls that nobody waits for any more."""

    async def conclude(tenant_id: str, prefix: str, since: datetime) -> Mapping[str, Concluded]:
        found = await ledger.conclude(tenant_id, prefix, since)
        return {request_id: Concluded(*how) for request_id, how in found.items()}

    return conclude
