"""What the kernel says: the processors that we may use, and, in small files, control groups and numbers in them."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path


def processors() -> set[int]:
    """The numbers of those on which this process may run."""
    return os.sched_getaffinity(0) if sys.platform == "linux" else set(range(os.cpu_count() or 1))


def groups(root: Path) -> Iterator[Path]:
    """The folders of this process's control groups, each with those above it. `root` is where /proc and /sys are."""
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


def cpu_limit(group: Path) -> float | None:
    """How many processors a control group may use at once; None where that is not limited."""
    quota, period = number(group / "cpu.cfs_quota_us"), number(group / "cpu.cfs_period_us")
    if said := words(group / "cpu.max"):
        quota, period = (int(each) if each.isdigit() else None for each in (*said, "", "")[:2])
    return quota / period if quota is not None and quota > 0 and period else None


def statistic(path: Path, name: str) -> int | None:
    """The number beside a name, in a file of both."""
    said = words(path)
    return int(said[said.index(name) + 1]) if name in said else None


def number(path: Path) -> int | None:
    """None for what is not there, and for "max"."""
    said = words(path)
    return int(said[0]) if said and said[0].lstrip("-").isdigit() else None


def words(path: Path) -> list[str]:
    """Nothing where the file is not there or may not be read."""
    try:
        return path.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError):
        return []
