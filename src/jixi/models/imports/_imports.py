"""The door for those who want a version brought."""

import asyncio
from typing import Final

from msgspec.structs import replace

from jixi.core.clock import Clock
from jixi.core.errors import problem
from jixi.core.ids import new_id
from jixi.jobs import Job, Jobs, NewJob
from jixi.models.catalog import BITS
from jixi.models.imports._handler import IMPORT
from jixi.models.imports._records import ImportRecords
from jixi.models.imports._values import Import, ImportDraft
from jixi.models.registry import ModelRegistry, Viewer
from jixi.storage import Database

_MOST: Final = 100


class Imports:
    """Begins imports. `offline` servers begin none."""

    def __init__(
        self, database: Database, clock: Clock, jobs: Jobs, registry: ModelRegistry, *, offline: bool = False
    ) -> None:
        self._records = ImportRecords(database)
        self._database = database
        self._clock = clock
        self._jobs = jobs
        self._registry = registry
        self._offline = offline
        self._joining = asyncio.Lock()

    async def start(self, viewer: Viewer, member_id: str, model_id: str, draft: ImportDraft) -> Job:
        """The job that brings a version of the model: a new one, or the one that is at the same already.

        Raises `not_found`, `invalid_value`, `quota_full`, `offline`.
        """
        base_id = await self._registry.check_place(viewer, model_id, draft.base_id)
        if draft.precision is not None and draft.precision not in BITS:
            raise problem("invalid_value", param="precision", reason=f"precision: one of {', '.join(BITS)}")
        if self._offline:
            raise problem("offline", param="source")
        asked = Import(
            version_id=new_id("ver"),
            model_id=model_id,
            tenant_id=viewer.tenant_id,
            member_id=member_id,
            created_at=self._clock.now(),
            draft=replace(draft, base_id=base_id),
        )
        async with self._joining:
            return await self._under_way(asked) or await self._begun(asked)

    async def _under_way(self, asked: Import) -> Job | None:
        subjects = {each.subject for each in await self._records.like(asked)}
        jobs = await self._jobs.unfinished(IMPORT) if subjects else []
        return next((job for job in jobs if job.subject in subjects), None)

    async def _begun(self, asked: Import) -> Job:
        new = NewJob(new_id("job"), asked.tenant_id, asked.member_id, IMPORT, asked.subject)
        async with self._database.session() as session:
            await self._records.add(session, asked, _MOST)
            await self._jobs.submit(new, session)
        return await self._jobs.get(asked.tenant_id, new.id)
