"""Processors and main memory: what the machine has, or less where a control group (a container's limit) says so."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import psutil

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
    cpus = float(len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1)
    total, free = whole.total, whole.available
    for group in _groups(root):
        limit, used = _memory(group)
        if limit is not None and limit < whole.total:
            total, free = min(total, limit), min(free, max(0, limit - used))
        cpus = min(cpus, _cpus(group) or cpus)
    return Machine(cpus, total, total - min(free, total))


def _groups(root: Path) -> Iterator[Path]:
    """The folders of this process's control groups, each with those above it."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    mounts = root / "sys/fs/cgroup"
    for line in lines:
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if set(controllers.split(",")) & {"", "memory", "cpu"}:
            top = mounts / controllers if controllers else mounts
            # Inside a container, the path may be one that only the machine around it can see.
            own = top / path.strip("/")
            yield top
            while own != top and own.is_relative_to(top):
                if own.is_dir():
                    yield own
                own = own.parent


def _memory(group: Path) -> tuple[int | None, int]:
    """The limit, and what is used of it; pages of files that can be dropped at once are not."""
    for limit, used, idle in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        found = _number(group / limit)
        if found is not None and found < _NO_LIMIT:
            return found, max(0, (_number(group / used) or 0) - _statistic(group / "memory.stat", idle))
    return None, 0


def _cpus(group: Path) -> float | None:
    quota, period = _number(group / "cpu.cfs_quota_us"), _number(group / "cpu.cfs_period_us")
    if said := _words(group / "cpu.max"):
        quota, period = (int(each) if each.isdigit() else None for each in (*said, "", "")[:2])
    return quota / period if quota is not None and quota > 0 and period else None


def _statistic(path: Path, name: str) -> int:
    words = _words(path)
    return int(words[words.index(name) + 1]) if name in words else 0


def _number(path: Path) -> int | None:
    """None for what is not there, and for "max"."""
    words = _words(path)
    return int(words[0]) if words and words[0].lstrip("-").isdigit() else None


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError):
        return []
