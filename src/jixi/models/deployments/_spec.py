"""What a deployment is asked to be, what it is, and how patient its supervision is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from jixi.core.principal import Scope

State = Literal["pending", "pulling", "starting", "ready", "degraded", "stopped", "failed"]


@dataclass(frozen=True, kw_only=True, slots=True)
class DeploymentSpec:
    """A model to serve under `name`, the public name that callers send. `files` maps roles to verified files."""

    name: str
    engine: str
    model_id: str | None = None
    files: Mapping[str, Path] = field(default_factory=dict[str, Path])
    context: int = 4096
    parallel: int = 2
    threads: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    description: str = ""
    start_s: float = 180
    """How long the engine may load before it is ended and tried again."""
    stall_s: float = 120
    """How long calls may wait without any sign of progress before the engine is ended and started again."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a deployment is in its state: a stable code and the facts, for a reader's own language.

    exited (status, line) · start_timeout (seconds, line) · stalled (seconds, in_flight) · canary_failed (cause)
    · cannot_start (cause) · crash_loop (crashes, and the facts of the last) · restart_asked · those of `expect`.
    """

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, kw_only=True, slots=True)
class DeploymentStatus:
    """A deployment as it is now. `last_failure` stays after a recovery; `retry_in_s` is set while it waits."""

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
    pid: int | None
    in_flight: int
    tokens_per_second: float
    resident_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """The timings of supervision that hold for every deployment, in seconds."""

    canary_s: float = 30
    """After so long without a call, ask for one token."""
    back_off_s: float = 1
    """The wait before the first restart; it doubles up to `back_off_most_s`."""
    back_off_most_s: float = 60
    steady_s: float = 60
    """After so long in the state ready, an engine's earlier failures are forgotten."""
    grace_s: float = 5
    """How long an engine may take to end by itself."""
    crashes: int = 5
    """Failed starts in a row after which nobody waits for it any more."""
