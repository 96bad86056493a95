"""What a deployment is asked to be, and how patient its supervision is."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

_REST_S: Final = 600
State = Literal["pending", "pulling", "starting", "ready", "degraded", "stopped", "failed"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """How many replicas there are, and when there is one more or one less. The least and the most are the same where
    the number is fixed.
    """

    least: int = 1
    """So many run whatever the load. 0: the first is started by the first call, and the last ends when idle."""
    most: int = 1
    idle_s: float | None = None
    """After so many seconds without a call every replica ends, until a call comes; None: never, unless `least` is 0,
    and then after ten minutes.
    """
    queue: float = 2
    """Calls that wait, for each replica, from which on there is one more."""
    tokens_per_second: float | None = None
    """Tokens a second of each replica from which on there is one more; None: only the queue counts."""
    up_s: float = 10
    """How long the load must ask for one more, and the pause after each change before the next one up."""
    down_s: float = 300
    """How long the load must fit on one less before it ends."""

    @property
    def rests_after_s(self) -> float | None:
        """After how many seconds without a call every replica ends."""
        return _REST_S if self.idle_s is None and self.least == 0 else self.idle_s

    def within(self, wanted: int) -> int:
        """So many replicas, as far as it allows them: one at least, while any is to run."""
        least = max(1, self.least)
        return min(max(wanted, least), max(self.most, least))


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
    cpus: float | None = None
    """What a cluster sets aside for each replica; None: its threads, or one."""
    gpus: float | None = None
    """Accelerators in the same sense; None: as many as the engine needs with its options."""
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    description: str = ""
    start_s: float = 180
    """How long the engine may load before it is ended and tried again."""
    stall_s: float = 120
    """How long calls may wait without any sign of progress before the engine is ended and started again."""
    scale: Scale = field(default_factory=Scale)
    revision: int = 1
    """Counts the versions of this specification: an update goes to another one, and each replica runs one."""
    memory_bytes: int | None = None
    """What one replica needs of the memory where it runs; None where nobody has said."""
    adapters: Mapping[str, Path] = field(default_factory=dict[str, Path])
    """LoRA adapters that its engines serve beside it, each under a public name of its own: a GGUF file or a folder."""
    tenant_id: str | None = None
    """Whose it is; None: the house's."""

    @property
    def reserved_cpus(self) -> float:
        """What counts as set aside for each replica."""
        return self.cpus or self.threads or 1

    def runs_as(self, other: "DeploymentSpec") -> bool:
        """Whether a replica of the one is as good as one of the other: how many there are to be, and what is said of
        the deployment, is not of the replica.
        """
        said = replace(
            self,
            scale=other.scale,
            revision=other.revision,
            description=other.description,
            tenant_id=other.tenant_id,
        )
        return said == other


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a deployment is in its state: a stable code and the facts, for a reader's own language.

    exited (status, line) · start_timeout (seconds, line) · stalled (seconds, in_flight) · canary_failed (cause)
    · cannot_start (cause) · crash_loop (crashes, and the facts of the last) · restart_asked
    · engine_not_installed (engine, missing) · node_lacks_file (node, path) · no_node_fits (model, needs)
    · cluster_unreachable (address, reason) · no_room (needed, free) · idle · halted · superseded
    · replicas_not_ready (ready, wanted, and the last of what befell one) · those of `expect`.
    """

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """The timings of supervision that hold for every deployment, in seconds."""

    canary_s: float = 6
    """After so long without a call, ask for one token."""
    doubt_s: float = 12
    """After so long without progress no more calls are sent there, until it gets on. Longer than `canary_s`."""
    back_off_s: float = 1
    """The wait before the first restart; it doubles up to `back_off_most_s`."""
    back_off_most_s: float = 60
    steady_s: float = 60
    """After so long in the state ready, an engine's earlier failures are forgotten."""
    drain_s: float = 300
    """How long the calls of a replica that leaves may take to end."""
    linger_s: float = 2
    """For how long a replica that has left the rotation must have had no call: whoever chose it before, be it in
    another process, has asked it by then.
    """
    room_s: float = 10
    """A replica that lacks room asks again after so long, even where nothing has ended."""
    look_s: float = 1
    """How often a deployment's load is looked at."""
    grace_s: float = 5
    """How long an engine may take to end by itself."""
    crashes: int = 5
    """Failed starts in a row after which nobody waits for it any more."""
