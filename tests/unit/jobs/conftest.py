"""Workers with short leases over a real database."""

from collections.abc import AsyncIterator, Callable

import pytest

from jixi.core.clock import SystemClock
from jixi.jobs import Handler, Jobs, Pacing, Worker
from jixi.storage import Database

PACING = Pacing(lease_s=2, poll_s=0.05, drain_s=2, retry_s=0.01, most=4, attempts=3)
Hire = Callable[..., Worker]


@pytest.fixture
def jobs(database: Database) -> Jobs:
    return Jobs(database, SystemClock())


@pytest.fixture
async def hire(database: Database, jobs: Jobs) -> AsyncIterator[Hire]:
    """A worker that does `count` with the handler given; they are closed at the end."""
    workers: list[Worker] = []

    def hire(handler: Handler, pacing: Pacing = PACING) -> Worker:
        workers.append(Worker(jobs, database, SystemClock(), {"count": handler}, pacing))
        return workers[-1]

    yield hire
    for worker in workers:
        await worker.close()
