"""Jobs: work that outlives its process. Submitted once, leased to one worker at a time, resumed after any death.

Owns: the table of jobs, leases and their fencing, progress, cancelling, retries. Must not: know what a job is about;
assembly registers a handler for each kind, and the handler's own room keeps what the job has made.
Tests: tests/unit/jobs, on SQLite and on PostgreSQL.
"""

from jixi.jobs._jobs import Jobs
from jixi.jobs._records import Fence
from jixi.jobs._run import Handler, JobCancelledError, JobPausedError, JobRun, LeaseLostError, until_told
from jixi.jobs._values import HOUSE, About, Job, JobState, NewJob
from jixi.jobs._worker import Pacing, Worker

__all__ = [
    "HOUSE",
    "About",
    "Fence",
    "Handler",
    "Job",
    "JobCancelledError",
    "JobPausedError",
    "JobRun",
    "JobState",
    "Jobs",
    "LeaseLostError",
    "NewJob",
    "Pacing",
    "Worker",
    "until_told",
]
