"""One attempt at a job, as its handler sees it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Protocol, TypeVar

from jixi.core.clock import Clock
from jixi.core.errors import JixiError
from jixi.jobs._records import Fence, LeaseLostError
from jixi.jobs._values import Job
from jixi.storage import Database, Session, whole

__all__ = ["Handler", "JobCancelledError", "JobPausedError", "JobRun", "LeaseLostError", "until_told"]

T = TypeVar("T")


class JobCancelledError(Exception):
    """The handler has stopped because the job was to be cancelled."""


class JobPausedError(Exception):
    """The handler has stopped for now, because this process is about to end; another goes on."""


class JobRun:
    """A leased job. Whatever the handler writes must go through `fence`, in the transaction that writes it.

    `cancelled` is set once somebody wants the job to stop, `draining` once this process is about to end. The handler
    then begins nothing new, and soon raises JobCancelledError or JobPausedError, unless it was done anyhow.
    """

    def __init__(self, job: Job, database: Database, clock: Clock, deadline: float) -> None:
        self.job = job
        self.fence = Fence(job.id, job.token)
        self.cancelled = asyncio.Event()
        self.draining = asyncio.Event()
        self.at_end: Callable[[Session], Awaitable[None]] | None = None
        """What the handler's room writes in the transaction that ends the job, so that neither is without the other."""
        self._database = database
        self._clock = clock
        self._deadline = deadline
        if job.cancel_requested_at is not None:
            self.cancelled.set()

    def check(self) -> None:
        """Raise LeaseLostError where the lease may have run out: nothing may be begun for the job any more.

        It asks the clock alone, so a process that was stopped for long knows it at once.
        """
        if self._clock.monotonic() >= self._deadline:
            raise LeaseLostError(self.job.id)

    async def progress(
        self,
        *,
        done: int | None = None,
        failed: int | None = None,
        total: int | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """Note how far the job is; raises LeaseLostError."""
        await self._hold(done=done, failed=failed, total=total, facts=facts)

    @whole
    async def _hold(self, **told: Any) -> None:
        async with self._database.session() as session:
            await self.fence.hold(session, **told)

    def renewed(self, job: Job, deadline: float) -> None:
        """The lease holds until `deadline`."""
        self._deadline = deadline
        if job.cancel_requested_at is not None:
            self.cancelled.set()


class Handler(Protocol):
    """What does the work of one kind of job.

    It may be called again for the same job after any death, and goes on from what its room has kept. A JixiError
    ends the job as failed; any other error lets it be tried again a few times.
    """

    async def run(self, run: JobRun) -> None:
        """Do the work, or what is left of it."""
        ...

    async def gave_up(self, run: JobRun, error: JixiError) -> None:
        """The job is about to fail for `error`: the room notes that of its subject."""
        ...


async def until_told(
    run: JobRun, work: Coroutine[Any, Any, T], beside: Coroutine[Any, Any, None] | None = None
) -> T:
    """What `work` comes to, unless the job is to end before; `beside` goes on as long as it does.

    Both are cancelled, and have ended, where it raises JobCancelledError or JobPausedError.
    """
    working = asyncio.ensure_future(work)
    telling = asyncio.ensure_future(beside if beside is not None else asyncio.Event().wait())
    ends = [asyncio.ensure_future(each) for each in (run.cancelled.wait(), run.draining.wait())]
    tasks: list[asyncio.Future[Any]] = [working, telling, *ends]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if telling.done():
            telling.result()
        if working.done():
            return working.result()
        raise JobCancelledError if run.cancelled.is_set() else JobPausedError
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
