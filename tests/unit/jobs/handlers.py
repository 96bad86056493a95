"""Handlers that count, and what tests wait with."""

import asyncio
from collections.abc import Awaitable, Callable

from jixi.core.errors import JixiError
from jixi.core.ids import new_id
from jixi.jobs import Job, JobRun, Jobs, NewJob

WITHIN_S = 60


class Doing:
    """Does what it is told with each run, and remembers the runs and what it gave up."""

    def __init__(self, do: Callable[[JobRun], Awaitable[None]]) -> None:
        self._do = do
        self.runs: list[JobRun] = []
        self.given_up: list[str] = []

    async def run(self, run: JobRun) -> None:
        self.runs.append(run)
        await self._do(run)

    async def gave_up(self, run: JobRun, error: JixiError) -> None:
        await run.progress()
        self.given_up.append(error.code)


async def nothing(run: JobRun) -> None:
    """Be done at once."""


async def forever(run: JobRun) -> None:
    await asyncio.Event().wait()


def new_job(tenant: str | None = None, member: str | None = None) -> NewJob:
    return NewJob(
        new_id("job"), tenant or new_id("ten"), member or new_id("mem"), "count", new_id("batch"), 3
    )


async def submit(jobs: Jobs, tenant: str | None = None) -> NewJob:
    new = new_job(tenant)
    await jobs.submit(new)
    return new


async def ended(jobs: Jobs, new: NewJob) -> Job:
    """The job once it is over."""
    async with asyncio.timeout(WITHIN_S):
        async for job in jobs.watch(new.tenant_id, new.id):
            if job is not None and job.finished:
                return job
    raise AssertionError("the job was not followed to its end")


async def until(condition: Callable[[], bool]) -> None:
    """Return once `condition` holds."""
    async with asyncio.timeout(WITHIN_S):
        while not condition():
            await asyncio.sleep(PAUSE_S)


PAUSE_S = 0.01
