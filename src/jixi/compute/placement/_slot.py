"""`Slot`: one accelerator, or the main memory of one node, and how a need fits it."""

from collections import Counter

from jixi.compute.inventory import Accelerator
from jixi.compute.placement._need import MAIN_MEMORY, Need


class Slot:
    """`foreign` is the most that others may hold, be it the driver or programs that are not ours."""

    __slots__ = ("accelerator", "capacity", "foreign", "groups", "node", "number", "reserved")

    def __init__(self, number: int, node: str, accelerator: Accelerator | None) -> None:
        self.number = number
        self.node = node
        self.accelerator = accelerator
        self.capacity = 0
        self.foreign = 0
        self.reserved = 0
        self.groups = Counter[str]()

    @property
    def id(self) -> str:
        return MAIN_MEMORY if self.accelerator is None else self.accelerator.id

    @property
    def kind(self) -> tuple[str, str]:
        """What accelerators have in common over which one model may be spread."""
        return ("", "") if self.accelerator is None else (self.accelerator.vendor, self.accelerator.model)

    @property
    def free(self) -> int:
        """Bytes; less than 0 where others have taken what was reserved."""
        return self.capacity - self.foreign - self.reserved

    def observe(self, capacity: int, used: int, least: int, most: int) -> None:
        """Take over what is in use now, by others and by us together. Of what we reserved `least` has surely been
        taken, and `most` at most.

        Others hold at least what is used beyond the one, and at most what is used beyond the other. Between the two
        stays what they held before: what rises may be ours, for what we reserved may not have been taken yet, and so
        may what falls, for an engine frees memory once it has loaded.
        """
        self.foreign = max(0, min(max(self.foreign, used - most), used - least))
        self.capacity = capacity

    def hold(self, group: str, held: int) -> None:
        """Reserve so many bytes for a replica of the group."""
        self.reserved += held
        self.groups[group] += 1

    def give_back(self, group: str, held: int) -> None:
        self.reserved -= held
        self.groups[group] -= 1

    def suits(self, need: Need) -> bool:
        """Whether the need's kind of memory is here and enough of it is free."""
        if (self.accelerator is None) == (need.accelerators > 0):
            return False
        if (
            need.vendors is not None
            and self.accelerator is not None
            and self.accelerator.vendor not in need.vendors
        ):
            return False
        return need.of(self.capacity) <= self.free
