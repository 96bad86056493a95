"""Deployments: models that are served under public names, what they are to be, and how they are doing."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from jixi.core.principal import Scope
from jixi.wire.admin._base import Listing, ModelName, Request, Response, whole
from jixi.wire.admin._engines import EngineState
from jixi.wire.admin._models import Reason

_WORD = r"^[A-Za-z0-9][A-Za-z0-9._:+-]*$"
_LINE = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$"

DeploymentState = Literal["pending", "pulling", "starting", "ready", "degraded", "stopped", "failed"]
Word = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=120, pattern=_WORD)]
Description = Annotated[str, StringConstraints(strict=True, max_length=500, pattern=_LINE)]
Context = Annotated[int, Field(strict=True, ge=256, le=1_048_576), BeforeValidator(whole)]
ParallelCalls = Annotated[int, Field(strict=True, ge=1, le=65_536), BeforeValidator(whole)]
Threads = Annotated[int, Field(strict=True, ge=1, le=1024), BeforeValidator(whole)]
Number = Annotated[int, Field(strict=True, ge=1, le=1_000_000), BeforeValidator(whole)]
MemoryBytes = Annotated[int, Field(strict=True, ge=1, le=2**50), BeforeValidator(whole)]
Cpus = Annotated[float, Field(strict=True, gt=0, le=4096)]
Gpus = (
    Annotated[float, Field(strict=True, ge=0, le=1)]
    | Annotated[int, Field(strict=True, ge=2, le=64), BeforeValidator(whole)]
)
PublicName = Annotated[ModelName, Field(min_length=1)]


def _named(schema: dict[str, Any]) -> None:
    """As a map whose names have a pattern: as `patternProperties` it would take any other name, too."""
    ((schema["propertyNames"]["pattern"], schema["additionalProperties"]),) = schema.pop(
        "patternProperties"
    ).items()


Adapters = Annotated[dict[PublicName, Word], Field(max_length=64, json_schema_extra=_named)]
_ADAPTERS = (
    "LoRA adapters that its engines serve beside it: the name that callers send for each, and the version of a model"
    " of your own, tuned from this one, that it is."
)
_MEMORY = "What one replica takes, where you know it better."
_CPUS = "CPUs that a Ray cluster sets aside for each replica; by default its threads, or one."
_GPUS = (
    "Accelerators that a Ray cluster sets aside for each replica: a share of one, or whole ones; by default as many as"
    " its engine needs."
)


Seconds = Annotated[float, Field(ge=1, le=86_400)]


class DeploymentScale(Response):
    """How many replicas there are, and when there is one more or one less."""

    least: int
    most: int
    idle_s: float | None = Field(description="Without a call for so long, all end; null: never.")
    queue: float = Field(description="Calls that wait, for each replica, from which on there is one more.")
    tokens_per_second: float | None = Field(description="Of each replica, from which on there is one more.")
    up_s: float
    down_s: float


class ScaleRequest(Request):
    """How many replicas there are to be. With `least` 0 the first call starts one, and the last ends when idle."""

    least: Annotated[int, Field(strict=True, ge=0, le=1000), BeforeValidator(whole)] = 1
    most: Annotated[int, Field(strict=True, ge=1, le=1000), BeforeValidator(whole)] = 1
    idle_s: Seconds | None = Field(default=None, description="End all replicas after so long without a call.")
    queue: Annotated[float, Field(gt=0, le=10_000)] = Field(
        default=2, description="Calls that wait, for each replica, from which on there is one more."
    )
    tokens_per_second: Annotated[float, Field(gt=0, le=1_000_000)] | None = Field(
        default=None, description="Of each replica, from which on there is one more."
    )
    up_s: Seconds = Field(default=10, description="How long the load must ask for one more.")
    down_s: Seconds = Field(default=300, description="How long the load must fit on one less.")


class DeploymentJob(Response):
    """The job that it waits for: a download, or the installation of its engine; see /api/jobs."""

    id: str
    done: int
    total: int
    speed: int | None = Field(description="Bytes a second.")
    left_s: float | None = Field(description="Seconds until it is done, at this speed.")


class DeploymentReplica(Response):
    """One running engine of the deployment."""

    number: int
    state: DeploymentState
    reason: Reason | None
    revision: int = Field(description="What it runs.")
    since: datetime
    restarts: int
    leaving: bool = Field(description="It gets no more calls and ends with those that it has.")
    in_flight: int
    tokens_per_second: float
    memory_bytes: int | None


class DeploymentUpdate(Response):
    """The last rolling update. One that failed has brought the replicas back to what they ran before, and
    `revision` of the deployment with them.
    """

    revision: int
    state: Literal["pulling", "running", "done", "failed"]
    replaced: int
    replicas: int = Field(description="How many are to be replaced; none where only their number changes.")
    since: datetime
    reason: Reason | None


class Deployment(Response):
    """A model that is served under a name, and how its engines are doing."""

    id: str = Field(
        examples=["dep_01k9yq3v8m4t6n2c5b7d9f1h3j"], description="The name, where the settings define it."
    )
    name: str = Field(examples=["qwen2.5-coder-0.5b-instruct"])
    origin: Literal["api", "settings"] = Field(
        description="One of the settings is changed in jixi.toml; it is stopped and started here."
    )
    engine: str = Field(examples=["llamacpp"])
    model_id: str | None = Field(
        description="Null where the engine brings its own, and for another organisation's own model."
    )
    variant: str | None = Field(
        description="Of the model; for one of your own, the id of its version, for another organisation's null."
    )
    kinds: list[Scope]
    description: str
    wanted: Literal["running", "stopped"]
    state: DeploymentState
    reason: Reason | None
    since: datetime
    context: int = Field(description="Tokens for one call.")
    parallel: int = Field(description="Calls at once.")
    threads: int | None
    in_flight: int
    queued: int = Field(description="Calls that wait for a place.")
    tokens_per_second: float
    restarts: int
    memory_bytes: int | None
    weak: bool
    replicas: list[DeploymentReplica]
    replicas_wanted: int
    revision: int = Field(description="What is to run.")
    update: DeploymentUpdate | None
    job: DeploymentJob | None
    created_at: datetime | None
    version: int | None = Field(description="For If-Match; null where the settings define it.")


class DeploymentList(Listing):
    items: list[Deployment]


class DeploymentPlan(Response):
    """What a revision runs."""

    model_id: str | None
    variant: str | None
    engine: str
    context: int
    parallel: int
    threads: int | None
    scale: DeploymentScale
    memory_bytes: int | None
    cpus: float | None
    gpus: float | None
    adapters: dict[str, str | None] = Field(
        description="The version behind each name; null for a file that the settings name, and for a version that is"
        " another organisation's."
    )
    options: dict[str, Any] | None = Field(description="Null for those who may not manage deployments.")
    accept_license: str | None


class DeploymentRevision(Response):
    """What was to run from some moment on, and who said so."""

    number: int
    plan: DeploymentPlan
    member_id: str
    created_at: datetime


class DeploymentChange(Response):
    """Who did what to a deployment, and when."""

    id: str
    action: Literal["create", "update", "start", "stop", "restart", "rollback", "auto_rollback", "delete"]
    revision: int
    member_id: str | None = Field(description="Null for what the platform has done by itself.")
    at: datetime
    tried: int | None = Field(description="The revision that could not be run, where it went back by itself.")
    reason: Reason | None = Field(description="Why that could not be run.")


class DeploymentDetail(Deployment):
    """A deployment with what it runs, and its last fifty revisions and changes, newest first."""

    plan: DeploymentPlan
    revisions: list[DeploymentRevision]
    changes: list[DeploymentChange]


class DeploymentDraft(Request):
    """What is to run. What is left out is chosen: the first variant that an engine of this machine runs."""

    model_id: Word | None = Field(
        default=None,
        description="An entry of the catalogue, or a model of your own. Null for an engine that brings its own.",
        examples=["qwen2.5-coder-0.5b-instruct"],
    )
    variant: Word | None = Field(default=None, examples=["q4-k-m"])
    engine: Word | None = Field(default=None, examples=["llamacpp"])
    context: Context | None = Field(
        default=None, description="Tokens of one call, prompt and answer together."
    )
    parallel: ParallelCalls = Field(default=2, description="Calls at once.")
    threads: Threads | None = None
    scale: ScaleRequest = Field(default_factory=ScaleRequest)
    memory_bytes: MemoryBytes | None = Field(default=None, description=_MEMORY)
    cpus: Cpus | None = Field(default=None, description=_CPUS)
    gpus: Gpus | None = Field(default=None, description=_GPUS)
    adapters: Adapters = Field(
        default_factory=dict,
        description=_ADAPTERS,
        examples=[{"assistant:legal": "ver_01k9h3v5c7q2m4n6p8r0t1w3y5"}],
    )
    options: dict[str, Any] = Field(default_factory=dict, description="What the engine takes besides.")
    accept_license: Word | None = Field(
        default=None,
        description="The id of a licence for research alone: whoever names it says that the use is covered by it.",
    )


class DeploymentRequest(DeploymentDraft):
    """A new deployment. All is checked before anything starts."""

    name: ModelName = Field(
        min_length=1, description="The name that callers send; no other model may have it."
    )
    description: Description = ""


class DeploymentRevise(Request):
    """What is to change; fields that are left out stay. Another model has its variant and engine chosen anew; what was
    said of the memory and the adapters of the one before goes. `adapters` are all that there are to be.
    """

    description: Description | None = None
    model_id: Word | None = None
    variant: Word | None = None
    engine: Word | None = None
    context: Context | None = None
    parallel: ParallelCalls | None = None
    threads: Threads | None = None
    scale: ScaleRequest | None = None
    memory_bytes: MemoryBytes | None = Field(default=None, description=_MEMORY)
    cpus: Cpus | None = Field(default=None, description=_CPUS)
    gpus: Gpus | None = Field(default=None, description=_GPUS)
    adapters: Adapters | None = Field(default=None, description=_ADAPTERS)
    options: dict[str, Any] | None = None
    accept_license: Word | None = None


class DeploymentPreviewRequest(DeploymentDraft):
    """A deployment that is thought of; with a name, it is said whether that and those of its adapters are free."""

    name: ModelName | None = Field(default=None, min_length=1)


class RollbackRequest(Request):
    """Which revision is to run again."""

    revision: Number


class PreviewLicense(Response):
    """The licence that the model comes under."""

    id: str
    name: str
    license_class: Literal["research", "commercial"]
    conditions: str | None
    url: str | None
    to_accept: str | None = Field(
        description="What `accept_license` must name for this model to be deployed."
    )


class PreviewSource(Response):
    """Where the files would come from, the first of those that are tried."""

    kind: str
    where: str


class PreviewFit(Response):
    """Whether one replica fits into memory now; sizes in bytes, of all its accelerators together."""

    verdict: Literal["yes", "after_unloading", "no", "unknown"]
    needed_bytes: int | None
    weights_bytes: int | None
    repacked_bytes: int | None = Field(
        description="What of `weights_bytes` comes on top of the files: llama.cpp lays matrices out anew for a"
        " processor's vector units and may hold them twice; an upper bound where the files are not here."
    )
    cache_bytes: int | None = Field(
        description="For the context of all calls at once; null where nobody knows."
    )
    free_bytes: int
    node: str | None
    places: list[str] = Field(description="Ids of accelerators, or `memory`.")
    unload: list[str] = Field(description="Deployments that would have to end first.")


class DeploymentPreview(Response):
    """What deploying this would mean. `problems` are all that stand in its way now; none: it can be created."""

    model_id: str | None
    variant: str | None
    engine: str
    context: int
    license: PreviewLicense | None
    private: bool = Field(
        description="The model is one organisation's own, while a deployment answers every organisation's calls."
    )
    size_bytes: int | None
    size_estimated: bool
    download_bytes: int | None = Field(description="What is not here yet; 0: nothing is to be fetched.")
    free_bytes: int = Field(description="Free on the disk of the store.")
    source: PreviewSource | None
    engine_state: EngineState
    fit: PreviewFit | None = Field(
        description="Null for an engine that brings its own model, and where engines run on a cluster."
    )
    problems: list[Reason]


class LogText(Response):
    """The last lines that the engine wrote, oldest first."""

    lines: list[str]
