"""The values that jobs are spoken of in."""

from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from msgspec import Struct

from jixi.core.errors import PROBLEMS, JixiError

JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
FINISHED: frozenset[JobState] = frozenset({"succeeded", "failed", "cancelled"})
HOUSE: Final = "house"
"""In place of a tenant and of a member: whose jobs those are that nobody asked for but the settings."""


class NewJob(NamedTuple):
    """What is to be done, and for whom. `subject` is the id of what the job is about, in the handler's own room."""

    id: str
    tenant_id: str
    member_id: str
    kind: str
    subject: str
    total: int = 0


class About(NamedTuple):
    """Which jobs are meant; None leaves it open."""

    state: JobState | None = None
    kind: str | None = None
    subject: str | None = None


class Job(Struct, frozen=True, kw_only=True):
    """A job as it stands. `attempt` counts claims in a row without progress, `version` every change that shows.

    `facts` are what its handler tells of it besides the sums.
    """

    id: str
    tenant_id: str
    member_id: str
    kind: str
    subject: str
    state: JobState
    attempt: int
    token: int
    done: int
    failed: int
    total: int
    facts: dict[str, Any]
    error_code: str | None
    error_facts: dict[str, str]
    cancel_requested_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    version: int

    @property
    def finished(self) -> bool:
        return self.state in FINISHED

    @property
    def error(self) -> JixiError | None:
        """Why it failed."""
        if self.error_code is None:
            return None
        return JixiError(PROBLEMS[self.error_code], dict(self.error_facts))


class Pacing(Struct, frozen=True, kw_only=True):
    """How a worker goes about it.

    A job whose worker died is taken over `lease_s` later at the latest, plus `poll_s`. `most` jobs run in one process,
    `most_of_tenant` of the worker's kinds for one tenant in all processes together. `attempts` claims in a row
    without progress end a job.
    """

    lease_s: float = 10
    poll_s: float = 2
    drain_s: float = 5
    retry_s: float = 1
    most: int = 8
    most_of_tenant: int = 2
    attempts: int = 5

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.lease_s)
