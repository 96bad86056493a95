"""The worker: claims jobs, keeps their leases, and brings each to one end."""

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from jixi.core.clock import Clock
from jixi.core.errors import JixiError, problem
from jixi.jobs._jobs import Jobs
from jixi.jobs._records import KEPT, JobRecords, LeaseLostError
from jixi.jobs._run import Handler, JobCancelledError, JobPausedError, JobRun
from jixi.jobs._values import Job, JobState, Pacing
from jixi.storage import Database

_log = structlog.get_logger()
_BEATS: Final = 3
_LONGEST_RETRY_S: Final = 60.0
_TIDY_S: Final = 3600.0


class Worker:
    """Runs the jobs of the kinds that it has handlers for. Any number of processes may have one."""

    def __init__(
        self,
        jobs: Jobs,
        database: Database,
        clock: Clock,
        handlers: Mapping[str, Handler],
        pacing: Pacing | None = None,
    ) -> None:
        self._jobs = jobs
        self._records = JobRecords(database)
        self._database = database
        self._clock = clock
        self._handlers = handlers
        self._pacing = pacing or Pacing()
        self._running: dict[asyncio.Task[None], JobRun] = {}
        self._loop: asyncio.Task[None] | None = None
        self._tidied = clock.monotonic()

    async def start(self) -> None:
        """Begin to claim; what an earlier process left is taken over once its lease has run out."""
        self._loop = asyncio.create_task(self._claim_on(), name="jobs-worker")

    async def close(self) -> None:
        """Claim no more, let what runs come to a good place, and give it back for another process to go on."""
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.wait([self._loop])
            self._loop = None
        for run in self._running.values():
            run.draining.set()
        if self._running:
            await asyncio.wait(self._running, timeout=self._pacing.drain_s)
        for task in list(self._running):
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)

    async def _claim_on(self) -> None:
        while True:
            submitted = self._jobs.submitted
            try:
                while len(self._running) < self._pacing.most and await self._claim():
                    pass
                await self._tidy()
            except SQLAlchemyError as error:
                _log.error("jobs_not_claimed", error=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pacing.poll_s):
                    await submitted.wait()

    async def _claim(self) -> bool:
        began = self._clock.monotonic()
        job = await self._records.claim(self._handlers.keys(), self._clock.now(), self._pacing)
        if job is None:
            return False
        run = JobRun(job, self._database, self._clock, began + self._pacing.lease_s)
        task = asyncio.create_task(self._work(run), name=f"job-{job.id}")
        self._running[task] = run
        task.add_done_callback(self._ended)
        self._jobs.tell()
        return True

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._jobs.call_workers()
        self._jobs.tell()

    async def _work(self, run: JobRun) -> None:
        """Run the handler beside a heart that beats; where the lease is lost, both end."""
        ended = asyncio.Event()
        handling = asyncio.create_task(self._handle(run))
        beating = asyncio.create_task(self._beat(run, ended))
        try:
            await asyncio.wait([handling, beating], return_when=asyncio.FIRST_COMPLETED)
        finally:
            lost = beating.done()
            ended.set()
            handling.cancel()
            await asyncio.wait([handling, beating])
        if lost or (not handling.cancelled() and isinstance(handling.exception(), LeaseLostError)):
            _log.warning("job_lease_lost", job=run.job.id, token=run.job.token)
        elif not handling.cancelled() and (error := handling.exception()) is not None:
            _log.error("job_not_ended", job=run.job.id, error=type(error).__name__)

    async def _beat(self, run: JobRun, ended: asyncio.Event) -> None:
        """Renew the lease until it is lost, or until the run has ended."""
        while not ended.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pacing.lease_s / _BEATS):
                    await ended.wait()
                return
            began = self._clock.monotonic()
            try:
                run.check()
                job = await self._records.renew(run.fence, self._clock.now() + self._pacing.lease)
                run.renewed(job, began + self._pacing.lease_s)
            except LeaseLostError:
                return
            except SQLAlchemyError as error:
                _log.error("job_lease_not_renewed", job=run.job.id, error=type(error).__name__)

    async def _handle(self, run: JobRun) -> None:
        handler = self._handlers[run.job.kind]
        try:
            self._check_attempts(run.job)
            await handler.run(run)
        except JobCancelledError:
            await self._finish(run, "cancelled")
        except JixiError as error:
            await self._fail(run, error)
        except JobPausedError:
            await self._give_back(run)
        except asyncio.CancelledError:
            await self._give_back(run)
            raise
        except LeaseLostError:
            raise
        except Exception:  # noqa: BLE001  (whatever broke it, the job is tried again)
            _log.exception("job_broke_down", job=run.job.id, kind=run.job.kind, attempt=run.job.attempt)
            await self._records.release(run.fence, self._clock.now() + self._pause(run.job), begun=True)
        else:
            await self._finish(run, "succeeded")

    def _check_attempts(self, job: Job) -> None:
        if job.attempt > self._pacing.attempts:
            raise problem("job_crashed", attempts=self._pacing.attempts)

    async def _fail(self, run: JobRun, error: JixiError) -> None:
        if run.job.attempt <= self._pacing.attempts + 1:
            await self._handlers[run.job.kind].gave_up(run, error)
        await self._finish(run, "failed", error)

    async def _finish(self, run: JobRun, state: JobState, error: JixiError | None = None) -> None:
        await self._records.finish(run.fence, state, error, self._clock.now(), run.at_end)
        _log.info("job_finished", job=run.job.id, kind=run.job.kind, state=state)

    async def _give_back(self, run: JobRun) -> None:
        """Another process goes on at once; where that cannot be written, it goes on when the lease has run out."""
        with contextlib.suppress(LeaseLostError, SQLAlchemyError):
            await self._records.release(run.fence, self._clock.now(), begun=False)

    def _pause(self, job: Job) -> timedelta:
        return timedelta(seconds=min(_LONGEST_RETRY_S, self._pacing.retry_s * 2 ** (job.attempt - 1)))

    async def _tidy(self) -> None:
        if self._clock.monotonic() - self._tidied >= _TIDY_S:
            self._tidied = self._clock.monotonic()
            await self._records.forget_before(self._clock.now() - KEPT)
