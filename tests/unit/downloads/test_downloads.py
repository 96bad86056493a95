"""A download is a job: begun once, followed, cancelled, resumed by whoever comes next."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jixi.core.clock import SystemClock
from jixi.core.principal import Principal, Role
from jixi.jobs import Job, Jobs, Pacing, Worker
from jixi.models.catalog import Catalog
from jixi.models.downloads import DOWNLOAD, VERIFICATION, DownloadHandler, Downloads, VerificationHandler
from jixi.models.sources import ModelStore
from jixi.storage import Database
from tests.unit.sources.conftest import MakeStore
from tests.unit.sources.entries import HUGGINGFACE, entry_of
from tests.unit.sources.hub import CONTENT, NAME, ScriptedHub

ADMIN = Principal(tenant_id="ten_1", member_id="mem_1", role=Role.PLATFORM_ADMIN)
ENTRY = entry_of(HUGGINGFACE)
CATALOG = Catalog([ENTRY])
PACING = Pacing(lease_s=2, poll_s=0.05, drain_s=2, retry_s=0.01)
WITHIN_S = 60


class Works:
    """A store, a worker that fills it, and the door to both."""

    def __init__(self, database: Database, store: ModelStore) -> None:
        self.jobs = Jobs(database, SystemClock())
        self.store = store
        self.downloads = Downloads(self.jobs, CATALOG)
        handlers = {
            DOWNLOAD: DownloadHandler(CATALOG, store),
            VERIFICATION: VerificationHandler(CATALOG, store),
        }
        self.worker = Worker(self.jobs, database, SystemClock(), handlers, PACING)

    async def ended(self, job: Job) -> Job:
        async with asyncio.timeout(WITHIN_S):
            async for each in self.jobs.watch(ADMIN.tenant_id, job.id):
                if each is not None and each.finished:
                    return each
        raise AssertionError("the job was not followed to its end")

    async def under_way(self, job: Job) -> Job:
        """The job once its first bytes are noted."""
        async with asyncio.timeout(WITHIN_S):
            async for each in self.jobs.watch(ADMIN.tenant_id, job.id):
                if each is not None and each.done > 0:
                    return each
        raise AssertionError("nothing came")


@pytest.fixture
async def works(database: Database, make_store: MakeStore) -> AsyncIterator[Works]:
    made = Works(database, make_store())
    await made.worker.start()
    yield made
    await made.worker.close()


async def test_a_download_brings_the_model_and_tells_where_from(works: Works) -> None:
    job = await works.ended(await works.downloads.start(ADMIN, "tiny"))
    assert (job.state, job.done, job.total) == ("succeeded", len(CONTENT), len(CONTENT))
    assert (job.kind, job.subject, job.facts["source"]) == ("download", "tiny:q8-0", "huggingface")
    assert works.store.state(ENTRY) == "downloaded"


async def test_a_download_that_is_under_way_is_not_begun_again(works: Works, hub: ScriptedHub) -> None:
    hub.stall_after = 3_000_000
    first = await works.downloads.start(ADMIN, "tiny")
    running = await works.under_way(first)
    assert 0 < running.done < running.total == len(CONTENT)
    assert running.facts["source"] == "huggingface"
    assert (await works.downloads.start(ADMIN, "tiny", "q8-0")).id == first.id
    await works.jobs.cancel(ADMIN.tenant_id, first.id)
    assert (await works.ended(first)).state == "cancelled"
    assert works.store.state(ENTRY) == "available"
    hub.stall_after = None
    second = await works.ended(await works.downloads.start(ADMIN, "tiny"))
    assert (second.id != first.id, second.state) == (True, "succeeded")
    assert [job.id for job in await works.downloads.page(ADMIN, "tiny")] == [second.id, first.id]
    assert hub.ranges[-1] != hub.ranges[0], "what had come was fetched again"


async def test_a_download_says_why_it_failed(works: Works, hub: ScriptedHub) -> None:
    hub.files[NAME] = CONTENT[:-1] + b"!"
    job = await works.ended(await works.downloads.start(ADMIN, "tiny"))
    assert (job.state, job.error_code) == ("failed", "digest_mismatch")
    assert job.error is not None
    assert NAME in job.error.message()


async def test_a_worker_that_ends_gives_the_download_to_the_next(
    works: Works,
    database: Database,
    make_store: MakeStore,
    hub: ScriptedHub,
) -> None:
    hub.stall_after = 3_000_000
    job = await works.downloads.start(ADMIN, "tiny")
    await works.under_way(job)
    await works.worker.close()
    hub.stall_after = None
    other = Works(database, make_store())
    await other.worker.start()
    assert (await other.ended(job)).state == "succeeded"
    await other.worker.close()


async def test_a_verification_finds_what_has_rotted(works: Works, tmp_path: Path) -> None:
    job = await works.ended(await works.downloads.verify(ADMIN, "tiny"))
    assert job.error_code == "model_not_here"
    await works.ended(await works.downloads.start(ADMIN, "tiny"))
    assert (await works.ended(await works.downloads.verify(ADMIN, "tiny"))).state == "succeeded"
    files = works.store.files(ENTRY)
    assert files is not None
    files["model"].write_bytes(bytes(len(CONTENT)))
    job = await works.ended(await works.downloads.verify(ADMIN, "tiny"))
    assert (job.error_code, job.error_facts["files"]) == ("model_damaged", NAME)
    assert works.store.files(ENTRY) is None
    assert (await works.ended(await works.downloads.start(ADMIN, "tiny"))).state == "succeeded"
    assert works.store.files(ENTRY) is not None
