"""Nodes as tests need them."""

from collections.abc import Sequence

from jixi.compute.inventory import Accelerator, Node

GIB = 2**30


def node(
    name: str, gib: Sequence[float] = (), *, memory: float = 64, used: float = 0, model: str = "H100"
) -> Node:
    """A node with an accelerator of each of these sizes; `memory` is its main memory, `used` what is in use of it."""
    return Node(
        name=name,
        cpus=8,
        memory_bytes=round(memory * GIB),
        memory_used_bytes=round(used * GIB),
        accelerators=tuple(
            Accelerator(
                id=f"nvidia-{index}",
                vendor="nvidia",
                index=index,
                model=model,
                memory_bytes=round(size * GIB),
                used_bytes=0,
            )
            for index, size in enumerate(gib)
        ),
    )
