"""Models of the store, and the deployments that run them."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from jixi.core.principal import Scope
from jixi.wire.admin._base import Listing, Response


class Model(Response):
    """An entry of the catalogue and whether it is on this machine."""

    id: str = Field(examples=["qwen2.5-coder-0.5b-instruct"])
    name: str
    description: str
    kinds: list[Scope]
    languages: list[str]
    license: str = Field(examples=["Apache-2.0"])
    license_class: Literal["research", "commercial"]
    parameters: str = Field(examples=["0.5B"])
    size_bytes: int
    context: int = Field(description="Tokens that the model was made for.")
    source: str | None = Field(description="Where its file is coming from, while it is fetched.")
    state: Literal["available", "downloading", "downloaded", "failed"]
    downloaded_bytes: int
    weak: bool = Field(description="A stand-in: it answers, but not well.")
    deployed_as: list[str]


class ModelList(Listing):
    items: list[Model]


class Reason(Response):
    """Why something is as it is, with what to do, in the reader's language."""

    code: str
    message: str
    remedy: str | None


class Deployment(Response):
    """A model that is served under a name, and how its engine is doing."""

    name: str = Field(examples=["qwen2.5-coder-0.5b-instruct"])
    engine: str = Field(examples=["llamacpp"])
    model_id: str | None
    kinds: list[Scope]
    description: str
    state: Literal["pending", "pulling", "starting", "ready", "degraded", "stopped", "failed"]
    reason: Reason | None
    since: datetime
    context: int = Field(description="Tokens for one call.")
    parallel: int = Field(description="Calls at once.")
    threads: int | None
    in_flight: int
    tokens_per_second: float
    restarts: int
    memory_bytes: int | None
    weak: bool


class DeploymentList(Listing):
    items: list[Deployment]


class LogText(Response):
    """The last lines that the engine wrote, oldest first."""

    lines: list[str]
