"""Nodes: the machines that run models, their accelerators, and what they did over time."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from jixi.wire.admin._base import Instant, Listing, Response


class Accelerator(Response):
    """A card, or a chip of one."""

    id: str = Field(examples=["nvidia-0"])
    vendor: Literal["nvidia", "amd", "ascend"]
    model: str = Field(examples=["NVIDIA H100 80GB HBM3"])
    memory_bytes: int
    used_bytes: int = Field(description="In use now, by whomever.")
    free_bytes: int = Field(description="What a replica could be given now.")
    utilisation: float | None = Field(description="From 0 to 1; null where the driver does not say.")
    power_w: float | None
    deployments: list[str] = Field(description="Whose replicas hold memory of it.")


class Node(Response):
    """A machine, or what a container's limits leave of one."""

    name: str
    state: Literal["alive", "silent", "lost"] = Field(
        description="Of a cluster's node: whether it answers, does not, or is not in the cluster any more."
    )
    seen_at: Instant = Field(description="When it was read; what is said of it is of then.")
    counted: dict[str, float] = Field(
        description="How many accelerators a Ray cluster counts on it, by the model that it names.",
        examples=[{"H100": 8}],
    )
    cpus: float
    utilisation: float | None = Field(description="Of the CPUs, from 0 to 1; null at the first reading.")
    power_w: float | None = Field(description="Of the CPU packages; null where the kernel does not say.")
    memory_bytes: int
    used_bytes: int
    free_bytes: int = Field(
        description="What a replica could be given now: without `memory_reserve`, or of what a cluster gives out."
    )
    deployments: list[str] = Field(description="Whose replicas hold main memory of it.")
    accelerators: list[Accelerator]


class NodeList(Listing):
    items: list[Node]


class NodeEnergy(Response):
    """Power over time, by the trapezoid rule. Nothing is added for times without a measurement."""

    kwh: float | None = Field(description="Null where nobody told power.")
    measured: float = Field(description="From 0 to 1: the share of the time for which it is known.")


class NodePoint(Response):
    """One step."""

    at: Instant = Field(description="Its beginning.")
    utilisation: float | None = Field(description="On average, from 0 to 1.")
    used_bytes: int = Field(description="The most in use.")
    power_w: float | None = Field(description="On average.")
    energy: NodeEnergy


class NodePlace(Response):
    """An accelerator, or `memory`: the CPUs and main memory."""

    id: str = Field(examples=["memory", "nvidia-0"])
    model: str | None
    memory_bytes: int
    energy: NodeEnergy
    points: list[NodePoint] = Field(description="Oldest first; steps without a sample are left out.")


class NodeStay(Response):
    """From when to when replicas of a deployment were seen to hold memory of a place."""

    deployment: str
    place: str
    began_at: Instant
    ended_at: Instant
    held_bytes: int = Field(description="The most that they held.")
    ongoing: bool


class NodeHistory(Response):
    """A node over time."""

    node: str
    since: datetime
    until: datetime
    step_s: int
    pace_s: int = Field(description="Seconds from one sample to the next.")
    energy: NodeEnergy = Field(description="Of all places; `measured` is their average.")
    places: list[NodePlace]
    stays: list[NodeStay] = Field(description="In the order in which they began.")
