"""Nodes: the machines that run models, and their accelerators."""

from typing import Literal

from pydantic import Field

from jixi.wire.admin._base import Listing, Response


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
    cpus: float
    memory_bytes: int
    used_bytes: int
    free_bytes: int = Field(description="What a replica could be given now, `memory_reserve` left out.")
    deployments: list[str] = Field(description="Whose replicas hold main memory of it.")
    accelerators: list[Accelerator]


class NodeList(Listing):
    items: list[Node]
