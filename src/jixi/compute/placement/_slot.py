"""`Slot`: one accelerator, or the main memory of one node, and how a need fits it."""

from collections import Counter

from jixi.compute.inventory import Accelerator
from jixi.compute.placement._need import MAIN_MEMORY, Need


class Slot:
    """`foreign` is what others hold, be it the driver or programs that are not ours. `used` is what was in use when one
    looked last, and `returned` what our replicas have given back since.
    """

    __slots__ = (
        "accelerator",
        "capacity",
        "foreign",
        "groups",
        "node",
        "number",
        "reserved",
        "returned",
        "used",
    )

    def __init__(self, number: int, node: str, accelerator: Accelerator | None) -> None:
        self.number = number
        self.node = node
        self.accelerator = accelerator
        self.capacity = 0
        self.foreign = 0
        self.reserved = 0
        self.used = 0
        self.returned = 0
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

    def observe(self, capacity: int, used: int) -> None:
        """Take over what is in use now, by others and by us together.

        Others hold at least what is used beyond all that we reserved, and at most all that is used. Between the two,
        what has risen is ours, for what we reserved may not have been taken yet; what has fallen on an accelerator was
        theirs, but for what our replicas gave back. Of main memory nothing follows from a fall: weights that are mapped
        count as reserved but not as used, and a little unrest of others would soon hide them.
        """
        fallen = 0 if self.accelerator is None else max(0, self.used - used - self.returned)
        self.foreign = max(0, min(max(self.foreign - fallen, used - self.reserved), used))
        self.capacity, self.used, self.returned = capacity, used, 0

    def hold(self, group: str, held: int) -> None:
        """Reserve so many bytes for a replica of the group."""
        self.reserved += held
        self.groups[group] += 1

    def give_back(self, group: str, held: int) -> None:
        self.reserved -= held
        self.returned += held
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
