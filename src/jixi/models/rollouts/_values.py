"""A deployment as people want it, the revisions of what it runs, and the changes that it has seen."""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, field

from jixi.models.deployments import Reason, Scale

Wanted = Literal["running", "stopped"]
Action = Literal["create", "update", "start", "stop", "restart", "rollback", "auto_rollback", "delete"]


class _Said(Struct, frozen=True, kw_only=True):
    model: str | None = None
    variant: str | None = None
    parallel: int = 2
    threads: int | None = None
    options: dict[str, Any] = field(default_factory=dict[str, Any])
    scale: Scale = field(default_factory=Scale)
    memory_bytes: int | None = None
    cpus: float | None = None
    gpus: float | None = None
    adapters: dict[str, str] = field(default_factory=dict[str, str])
    """LoRA adapters by their public names: each is a version of a model of one's own."""
    accept_license: str | None = None
    """The id of a licence that would else forbid the use: whoever names it answers for keeping to it."""


class Draft(_Said, frozen=True, kw_only=True):
    """What somebody asks for; what is None is chosen. `model` is an entry of the catalogue or a model of one's own,
    whose variants are its versions; None is for an engine that brings its model with it.
    """

    engine: str | None = None
    context: int | None = None


class Plan(_Said, frozen=True, kw_only=True):
    """What a revision runs, with nothing left to choose."""

    engine: str
    context: int


class Rollout(Struct, frozen=True, kw_only=True):
    """A deployment. `revision` is the one that is to run, `revisions` how many there were; `version` counts every
    change. `tenant_id` and `member_id` are of whoever made it.
    """

    id: str
    name: str
    tenant_id: str
    member_id: str
    description: str
    wanted: Wanted
    revision: int
    revisions: int
    created_at: datetime
    changed_at: datetime
    version: int
    plan: Plan


class Revision(Struct, frozen=True, kw_only=True):
    """What was to run from some moment on, and who said so."""

    number: int
    plan: Plan
    member_id: str
    created_at: datetime


class Change(Struct, frozen=True, kw_only=True):
    """Who did what to a deployment and when; it is kept when the deployment has gone.

    Nobody did an `auto_rollback`: the revision that was `tried` could not be run, for that `reason`.
    """

    id: str
    deployment_id: str
    name: str
    action: Action
    revision: int
    member_id: str | None
    at: datetime
    tried: int | None = None
    reason: Reason | None = None
