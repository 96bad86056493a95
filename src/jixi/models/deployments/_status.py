"""What a deployment and its replicas are at this moment."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from jixi.core.principal import Scope
from jixi.models.deployments._spec import Reason, State


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplicaStatus:
    """One replica as it is now. `number` tells it from the others of its deployment and is given again once it has
    gone; `last_failure` stays after a recovery; `leaving`: it gets no more calls and ends with those that it has.
    """

    number: int
    state: State
    reason: Reason | None
    revision: int
    since: datetime
    restarts: int
    last_failure: Reason | None
    retry_in_s: float | None
    leaving: bool
    pid: int | None
    in_flight: int
    tokens_per_second: float
    resident_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Update:
    """The last rolling update: to which revision, how far it is, and where it failed, why; then the replicas are
    brought back to the revision from which it began.
    """

    revision: int
    state: Literal["running", "done", "failed"]
    replaced: int
    replicas: int
    """How many are to be replaced."""
    since: datetime
    reason: Reason | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DeploymentStatus:
    """A deployment as it is now. `last_failure` stays after a recovery; `retry_in_s` is set while it waits.

    `wanted` is how many replicas there should be now, `revision` what the next one would run; `queued` counts the
    calls that wait for a place.
    """

    name: str
    engine: str
    model_id: str | None
    description: str
    kinds: frozenset[Scope]
    context: int
    parallel: int
    state: State
    reason: Reason | None
    since: datetime
    restarts: int
    last_failure: Reason | None
    retry_in_s: float | None
    wanted: int
    revision: int
    replicas: tuple[ReplicaStatus, ...]
    update: Update | None
    queued: int

    @property
    def source(self) -> str:
        """What is behind it."""
        return self.engine

    @property
    def pid(self) -> int | None:
        """The process of its first replica that has one."""
        return next((each.pid for each in self.replicas if each.pid is not None), None)

    @property
    def in_flight(self) -> int:
        return sum(each.in_flight for each in self.replicas)

    @property
    def tokens_per_second(self) -> float:
        return sum(each.tokens_per_second for each in self.replicas)

    @property
    def resident_bytes(self) -> int:
        return sum(each.resident_bytes for each in self.replicas)
