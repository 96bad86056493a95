"""Engines: what runs models, and whether it is on this machine."""

from typing import Literal

from pydantic import Field

from jixi.core.principal import Scope
from jixi.wire.admin._base import Listing, Response
from jixi.wire.admin._jobs import Job

EngineState = Literal["ready", "beside", "absent", "installing"]


class EngineDetails(Response):
    """What an engine can do, and where it runs."""

    name: str = Field(examples=["whisper"])
    kinds: list[Scope]
    tools: Literal["native", "emulated", "none"]
    vision: bool
    adapters: Literal["gguf", "peft"] | None = Field(description="The form of LoRA adapters that it serves.")
    state: EngineState = Field(
        description="ready: in an environment of its own; beside: with Jixi itself; absent: it is to be installed; "
        "installing: a job is at it."
    )
    requirements: list[str] = Field(
        description="What its environment is made of; empty where it comes with Jixi."
    )
    missing: list[str] = Field(description="Packages that it lacks beside Jixi.")
    version: str | None = Field(description="Of what is here, or is to be installed.")
    size_bytes: int = Field(description="Of its environment; 0 where it has none.")
    kept_bytes: int = Field(
        description="Packages that an installation which did not end has left; the next one goes on with them."
    )
    job: Job | None = Field(
        description="The last installation that the caller's organisation has begun, under way or over."
    )
    deployed_as: list[str]


class EngineList(Listing):
    items: list[EngineDetails]
    free_bytes: int = Field(description="Free on the disk that takes environments.")
