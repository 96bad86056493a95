"""A process with a worker: `python -m tests.unit.jobs.program DATABASE_URL`. Each step of a job leaves a row."""

import asyncio
import sys

from sqlalchemy import text

from jixi.core.clock import SystemClock
from jixi.core.errors import JixiError
from jixi.jobs import JobRun, Jobs, LeaseLostError, Pacing, Worker
from jixi.storage import Database

STEPS = 40
STEP_S = 0.03
LEASE_S = 0.5
EFFECT = text("INSERT INTO effects (job_id, token, step) VALUES (:job_id, :token, :step)")


class Steps:
    """Goes on behind the last step of which there is a row. It heeds no warning, and tries to write to the last."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self, run: JobRun) -> None:
        step = run.job.done
        try:
            while step < STEPS:
                await self._write(run, step := step + 1)
                await asyncio.sleep(STEP_S)
        except asyncio.CancelledError:
            try:
                await self._write(run, step + 1)
            except LeaseLostError:
                say("refused")
            raise
        except LeaseLostError:
            say("refused")
            raise

    async def gave_up(self, run: JobRun, error: JixiError) -> None:
        say(error.code)

    async def _write(self, run: JobRun, step: int) -> None:
        async with self._database.session() as session:
            await run.fence.hold(session, done=step)
            await session.execute(EFFECT, {"job_id": run.job.id, "token": run.fence.token, "step": step})
        say(f"step {step}")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def main(url: str) -> None:
    database = Database(url)
    clock = SystemClock()
    pacing = Pacing(lease_s=LEASE_S, poll_s=0.05)
    worker = Worker(Jobs(database, clock), database, clock, {"count": Steps(database)}, pacing)
    await worker.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
