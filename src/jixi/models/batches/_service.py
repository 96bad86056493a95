"""The doors for callers: files, and batches over them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable
from typing import Any, Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from jixi.core.clock import Clock
from jixi.core.errors import JixiError, problem
from jixi.core.ids import new_id
from jixi.core.principal import Principal
from jixi.jobs import Jobs, NewJob
from jixi.models.batches._handler import KIND
from jixi.models.batches._records import FileRecords, Page
from jixi.models.batches._records_batches import BatchRecords
from jixi.models.batches._values import ENDPOINTS, ROOM, WINDOW, Batch, Caps, File, Purpose
from jixi.storage import BlobName, Blobs, Database

_log = structlog.get_logger()
_TIDY_EVERY_S: Final = 600.0


class Files:
    """The files of every tenant. `owner` narrows a method to the files of one member."""

    def __init__(self, database: Database, blobs: Blobs, clock: Clock, caps: Caps) -> None:
        self._records = FileRecords(database)
        self._blobs = blobs
        self._clock = clock
        self._caps = caps
        self._tidying: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to drop files whose time is over."""
        self._tidying = asyncio.create_task(self._keep_tidy(), name="files-tidy")

    async def close(self) -> None:
        if self._tidying is not None:
            self._tidying.cancel()
            await asyncio.wait([self._tidying])
            self._tidying = None

    async def kept(self) -> dict[str, int]:
        """Bytes of files that lie here, by tenant."""
        return await self._records.kept()

    async def add(
        self, caller: Principal, filename: str, chunks: AsyncIterable[bytes], *, file_id: str | None = None
    ) -> File:
        """Keep an input for batches; what `file_id` was given to before is that file, unchanged.

        Raises `quota_full`, `blob_too_large`, `disk_full`.
        """
        await self._records.check_room(caller.tenant_id, self._caps)
        now, file_id = self._clock.now(), file_id or new_id("file")
        blob = _blob(caller.tenant_id, file_id)
        size = await self._blobs.write(blob, chunks, self._caps.file_bytes)
        file = File(
            id=file_id,
            tenant_id=caller.tenant_id,
            member_id=caller.member_id,
            purpose="batch",
            filename=filename,
            bytes=size,
            created_at=now,
            expires_at=now + self._caps.kept,
        )
        try:
            return await self._records.add(file, self._caps)
        except JixiError:
            await self._blobs.delete(blob)
            raise

    async def get(self, tenant_id: str, file_id: str, *, owner: str | None = None) -> File:
        """Raises `not_found`."""
        return await self._records.get(tenant_id, file_id, owner)

    async def page(
        self, tenant_id: str, page: Page, *, owner: str | None = None, purpose: Purpose | None = None
    ) -> list[File]:
        return await self._records.page(tenant_id, owner, purpose, page)

    def read(self, file: File) -> AsyncGenerator[bytes]:
        return self._blobs.read(_blob(file.tenant_id, file.id))

    async def remove(self, tenant_id: str, file_id: str, *, owner: str | None = None) -> None:
        """Raises `not_found`, and `file_in_use` while a batch reads it."""
        file = await self.get(tenant_id, file_id, owner=owner)
        await self._records.remove(tenant_id, file_id)
        await self._blobs.delete(_blob(file.tenant_id, file.id))

    async def tidy(self) -> int:
        """Drop files whose time is over; returns how many."""
        outdated = await self._records.outdated(self._clock.now())
        for file in outdated:
            await self._records.remove(file.tenant_id, file.id)
            await self._blobs.delete(_blob(file.tenant_id, file.id))
        return len(outdated)

    async def _keep_tidy(self) -> None:
        while True:
            try:
                await self.tidy()
            except (SQLAlchemyError, OSError) as error:
                _log.error("files_not_tidied", error=type(error).__name__)
            await asyncio.sleep(_TIDY_EVERY_S)


class Batches:
    """The batches of every tenant. `owner` narrows a method to the batches of one member."""

    def __init__(self, database: Database, jobs: Jobs, files: Files, clock: Clock, caps: Caps) -> None:
        self._records = BatchRecords(database)
        self._database = database
        self._jobs = jobs
        self._files = files
        self._clock = clock
        self._caps = caps

    async def create(
        self,
        caller: Principal,
        input_file_id: str,
        endpoint: str,
        *,
        owner: str | None = None,
        metadata: dict[str, Any] | None = None,
        batch_id: str | None = None,
    ) -> Batch:
        """Have the lines of a file run; what `batch_id` was given to before is that batch, as it stands.

        Raises `not_found`, `invalid_value`, `scope_missing`, `quota_full`.
        """
        kind = ENDPOINTS.get(endpoint)
        if kind is None:
            known = ", ".join(ENDPOINTS)
            raise problem("invalid_value", param="endpoint", reason=f"endpoint: it must be one of {known}")
        if kind not in caller.scopes:
            raise problem("scope_missing", scope=kind.value)
        file = await self._files.get(caller.tenant_id, input_file_id, owner=owner)
        if file.purpose != "batch":
            reason = f"input_file_id: its purpose is {file.purpose!r}, not 'batch'"
            raise problem("invalid_value", param="input_file_id", reason=reason)
        batch = self._new(batch_id or new_id("batch"), caller, file, endpoint, metadata)
        job = NewJob(batch.job_id, caller.tenant_id, caller.member_id, KIND, batch.id)
        async with self._database.session() as session:
            if made := await self._records.add(session, batch, self._caps):
                await self._jobs.submit(job, session)
        if not made:
            return await self.get(caller.tenant_id, batch.id)
        return batch

    def _new(
        self, batch_id: str, caller: Principal, file: File, endpoint: str, metadata: dict[str, Any] | None
    ) -> Batch:
        now = self._clock.now()
        return Batch(
            id=batch_id,
            tenant_id=caller.tenant_id,
            member_id=caller.member_id,
            key_id=caller.key_id,
            job_id=new_id("job"),
            endpoint=endpoint,
            input_file_id=file.id,
            status="validating",
            ending=None,
            rest=None,
            faults=(),
            output_file_id=None,
            error_file_id=None,
            metadata=metadata,
            total=0,
            completed=0,
            failed=0,
            opened=0,
            created_at=now,
            expires_at=now + WINDOW,
            in_progress_at=None,
            finalizing_at=None,
            cancelling_at=None,
            ended_at=None,
        )

    async def get(self, tenant_id: str, batch_id: str, *, owner: str | None = None) -> Batch:
        """Raises `not_found`."""
        return await self._records.get(tenant_id, batch_id, owner)

    async def page(self, tenant_id: str, page: Page, *, owner: str | None = None) -> list[Batch]:
        return await self._records.page(tenant_id, owner, page)

    async def cancel(self, tenant_id: str, batch_id: str, *, owner: str | None = None) -> Batch:
        """Begin no more lines; those that run come to their end first. Repeating it changes nothing."""
        batch = await self.get(tenant_id, batch_id, owner=owner)
        if not batch.ended:
            async with self._database.session() as session:
                await self._records.begin_to_cancel(session, batch_id, self._clock.now())
                await self._jobs.ask_to_cancel(batch.job_id, session)
            self._jobs.tell()
        return await self.get(tenant_id, batch_id, owner=owner)


def _blob(tenant_id: str, file_id: str) -> BlobName:
    return BlobName(tenant_id, ROOM, file_id)
