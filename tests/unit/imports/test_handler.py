"""Imports whose worker dies or loses its job while it gives them up."""

from pathlib import Path

import pytest

from jixi.core.clock import SystemClock
from jixi.core.errors import JixiError, problem
from jixi.jobs import Job, JobRun, Jobs, LeaseLostError, NewJob, Pacing, Worker
from jixi.models.catalog import Catalog
from jixi.models.imports import IMPORT, ImportDraft, ImportHandler, ImportRecords, Imports
from jixi.models.registry import ModelRegistry
from jixi.models.sources import ModelStore
from jixi.storage import Database
from tests.unit.jobs.handlers import ended
from tests.unit.registry.test_registry import DRAFT, OURS
from tests.unit.sources.conftest import MakeStore, hub, make_store
from tests.unit.sources.entries import published
from tests.unit.sources.hub import ScriptedHub

__all__ = ["hub", "make_store"]
SOURCE = {"kind": "huggingface", "repo": "org/tiny", "revision": "main", "anonymous": True}
PACING = Pacing(lease_s=1, poll_s=0.05)


class Dying(ImportHandler):
    """Dies once when all is given up and nothing is said yet."""

    def __init__(self, records: ImportRecords, registry: ModelRegistry, store: ModelStore) -> None:
        super().__init__(records, registry, store)
        self.gave = 0

    async def gave_up(self, run: JobRun, error: JixiError) -> None:
        await super().gave_up(run, error)
        self.gave += 1
        if self.gave == 1:
            raise OSError


class Ground:
    """An import that is begun, and all that its handler needs."""

    def __init__(self, database: Database, store: ModelStore) -> None:
        self.database, self.store, self.clock = database, store, SystemClock()
        self.jobs, self.records = Jobs(database, self.clock), ImportRecords(database)
        self.registry = ModelRegistry(database, self.clock, Catalog.load())

    async def begun(self) -> Job:
        model = await self.registry.add(OURS, "mem_1", DRAFT)
        imports = Imports(self.database, self.clock, self.jobs, self.registry)
        return await imports.start(OURS, "mem_1", model.id, ImportDraft(origin=SOURCE))

    def handler(self) -> Dying:
        return Dying(self.records, self.registry, self.store)


@pytest.fixture
def ground(database: Database, make_store: MakeStore) -> Ground:
    return Ground(database, make_store())


@pytest.fixture
async def job(ground: Ground) -> Job:
    return await ground.begun()


async def test_an_import_says_why_it_failed_though_its_worker_died_while_it_gave_up(
    ground: Ground, job: Job, hub: ScriptedHub
) -> None:
    hub.status = 404
    handler = ground.handler()
    worker = Worker(ground.jobs, ground.database, ground.clock, {IMPORT: handler}, PACING)
    await worker.start()
    over = await ended(ground.jobs, NewJob(job.id, OURS.tenant_id, "mem_1", IMPORT, job.subject))
    await worker.close()
    assert handler.gave == 2
    assert (over.state, over.error_code) == ("failed", "model_unreachable")
    assert await ground.records.get(job.subject.partition(":")[2]) is None


async def test_who_has_lost_an_import_to_another_worker_takes_nothing_from_it(
    ground: Ground, job: Job, tmp_path: Path
) -> None:
    handler = ground.handler()
    asked = await ground.records.get(job.subject.partition(":")[2])
    assert asked is not None
    await ground.store.bring_own(asked.model_id, asked.version_id, asked, lambda _: None)
    here = published(tmp_path / "models")
    late = JobRun(job, ground.database, ground.clock, ground.clock.monotonic())
    with pytest.raises(LeaseLostError):
        await handler.gave_up(late, problem("offline", param="source"))
    assert here
    assert published(tmp_path / "models") == here
    assert await ground.records.get(asked.version_id) == asked
