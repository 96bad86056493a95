"""The door of the room for those who want work done: submit, look, cancel, follow."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

from jixi.core.clock import Clock
from jixi.jobs._records import JobRecords, Reach
from jixi.jobs._values import HOUSE, About, Job, NewJob
from jixi.storage import Database, Session, after_commit

_LOOK_EVERY_S: Final = 1.0
_NEWS_EVERY_S: Final = 0.2


class Jobs:
    """The jobs of every tenant. `owner` narrows a method to the jobs of one member, `house` widens it to those that are
    no tenant's.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._records = JobRecords(database)
        self._database = database
        self._clock = clock
        self._news = asyncio.Event()
        self._joining = asyncio.Lock()
        self.submitted = asyncio.Event()
        """Set where this process has submitted something, and another takes its place: a worker waits for the one that
        was there when it last looked.
        """

    async def submit(self, new: NewJob, session: Session | None = None) -> None:
        """Have a job done, once this returns; in `session`, once that is committed."""
        if session is not None:
            await self._records.add(new, self._clock.now(), session)
            after_commit(session, self.call_workers)
        else:
            async with self._database.session() as own:
                await self._records.add(new, self._clock.now(), own)
            self.call_workers()

    async def join(self, new: NewJob) -> Job:
        """The job that is at the same already, for the same tenant or the house, or this new one.

        The house joins whoever's it is: what it wants done is done for everybody.
        """
        async with self._joining:
            for job in await self._records.unfinished(new.kind, new.subject):
                if new.tenant_id in (job.tenant_id, HOUSE) or job.tenant_id == HOUSE:
                    return job
            await self.submit(new)
        return await self.get(new.tenant_id, new.id)

    async def unfinished(self, kind: str) -> list[Job]:
        """Everybody's jobs of that kind that nobody has cancelled, oldest first."""
        return await self._records.unfinished(kind, None)

    async def get(self, tenant_id: str, job_id: str, *, owner: str | None = None, house: bool = False) -> Job:
        """Raises `not_found`."""
        return await self._records.get(job_id, Reach(tenant_id, owner, house))

    async def page(
        self,
        tenant_id: str,
        *,
        owner: str | None = None,
        house: bool = False,
        about: About | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> list[Job]:
        """Newest first, behind the job with the id `after`."""
        return await self._records.page(Reach(tenant_id, owner, house), about or About(), limit, after)

    async def cancel(
        self, tenant_id: str, job_id: str, *, owner: str | None = None, house: bool = False
    ) -> Job:
        """Ask the job to stop; it ends a little later, cancelled or done. Repeating it changes nothing."""
        await self.get(tenant_id, job_id, owner=owner, house=house)
        async with self._database.session() as session:
            await self.ask_to_cancel(job_id, session)
        self.tell()
        return await self.get(tenant_id, job_id, owner=owner, house=house)

    async def ask_to_cancel(self, job_id: str, session: Session) -> None:
        """The same inside another room's transaction, for a job that the room knows to be the caller's."""
        await self._records.ask_to_cancel(job_id, self._clock.now(), session)
        after_commit(session, self.call_workers)

    async def watch(
        self, tenant_id: str, job_id: str, *, owner: str | None = None, house: bool = False
    ) -> AsyncGenerator[Job | None]:
        """The job now and after each change, until it is over. None, about once a second, says: nothing new.

        Changes that come fast are told together. Raises `not_found`.
        """
        version = 0
        while True:
            job = await self.get(tenant_id, job_id, owner=owner, house=house)
            yield job if job.version != version else None
            if job.finished:
                return
            version = job.version
            await self._wait_for_news()

    def call_workers(self) -> None:
        """Have the workers of this process look at once."""
        self.submitted.set()
        self.submitted = asyncio.Event()

    def tell(self) -> None:
        """Let those who watch look at once: this process has changed a job."""
        self._news.set()
        self._news = asyncio.Event()

    async def _wait_for_news(self) -> None:
        news = self._news
        await asyncio.sleep(_NEWS_EVERY_S)
        try:
            async with asyncio.timeout(_LOOK_EVERY_S - _NEWS_EVERY_S):
                await news.wait()
        except TimeoutError:
            return
