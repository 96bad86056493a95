"""What there is: a node, and the accelerators in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

Vendor = Literal["nvidia", "amd", "ascend"]
_GPUS: Final = ("nvidia", "amd")


class Holder(NamedTuple):
    """A process that holds bytes of an accelerator."""

    pid: int
    bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Accelerator:
    """A card, or a chip where a card has several. `id` is its name on its node; `index` is its number there among those
    of its vendor, by which engines are told. `utilisation` is from 0 to 1; what its driver does not say is None.

    `holders` are the processes that its driver names as those that hold its memory; none where it names none.
    """

    id: str
    vendor: Vendor
    index: int
    model: str
    memory_bytes: int
    used_bytes: int
    utilisation: float | None = None
    power_w: float | None = None
    holders: tuple[Holder, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A machine, or the part of one that a container may use. `cpus` is a fraction where a limit says so; `utilisation`
    of them is from 0 to 1, and `power_w` what their packages took, since it was last read; None where nobody says.
    """

    name: str
    cpus: float
    memory_bytes: int
    memory_used_bytes: int
    accelerators: tuple[Accelerator, ...] = ()
    utilisation: float | None = None
    power_w: float | None = None


def gpu_numbered(number: str, there: Iterable[Accelerator]) -> Accelerator | None:
    """That of a machine which CUDA or HIP, and so Ray, calls GPU `number`; None for another name, such as a UUID."""
    found = {each.vendor: each for each in there if str(each.index) == number}
    return next((found[vendor] for vendor in _GPUS if vendor in found), None)
