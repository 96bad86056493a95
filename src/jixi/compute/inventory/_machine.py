"""Processors and main memory: what the machine has, or less where a control group (a container's limit) says so."""

from pathlib import Path
from typing import Final, NamedTuple

import psutil

from jixi.compute.inventory._kernel import cpu_limit, groups, number, processors, statistic

# What version 1 of control groups says where there is no limit: the largest number of pages.
_NO_LIMIT: Final = 2**60


class Machine(NamedTuple):
    """Processors, and main memory in bytes: all of it, and what cannot be had now."""

    cpus: float
    memory_bytes: int
    used_bytes: int


def read_machine(root: Path = Path("/")) -> Machine:
    """What this process may use. `root` is where /proc and /sys are."""
    whole = psutil.virtual_memory()
    cpus = float(len(processors()))
    total, free = whole.total, whole.available
    for group in groups(root):
        limit, used = _memory(group)
        if limit is not None and limit < whole.total:
            total, free = min(total, limit), min(free, max(0, limit - used))
        cpus = min(cpus, cpu_limit(group) or cpus)
    return Machine(cpus, total, total - min(free, total))


def _memory(group: Path) -> tuple[int | None, int]:
    """The limit, and what is used of it; pages of files that can be dropped at once are not."""
    for limit, used, idle in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        found = number(group / limit)
        if found is not None and found < _NO_LIMIT:
            dropped = statistic(group / "memory.stat", idle) or 0
            return found, max(0, (number(group / used) or 0) - dropped)
    return None, 0
