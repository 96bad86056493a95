"""Engines: what runs models, and whether it is on this machine."""

from typing import Literal

from pydantic import Field

from jixi.core.principal import Scope
from jixi.wire.admin._base import Listing, Response
from jixi.wire.admin._models import Reason


class EngineDetails(Response):
    """What an engine can do, and where it runs."""

    name: str = Field(examples=["whisper"])
    kinds: list[Scope]
    tools: Literal["native", "emulated", "none"]
    vision: bool
    state: Literal["ready", "beside", "absent", "installing"] = Field(
        description="ready: in an environment of its own; beside: with Jixi itself; absent: it is to be installed."
    )
    requirements: list[str] = Field(
        description="What its environment is made of; empty where it comes with Jixi."
    )
    missing: list[str] = Field(description="Packages that it lacks beside Jixi.")
    size_bytes: int
    phase: Literal["downloading", "installing"] | None
    downloaded_bytes: int
    failure: Reason | None = Field(description="Why it could not be installed the last time.")
    deployed_as: list[str]


class EngineList(Listing):
    items: list[EngineDetails]
