"""What one program of ours takes of this machine: it and all that it has started."""

from pathlib import Path
from typing import NamedTuple

import psutil

from jixi.compute.inventory._kernel import statistic


class Program(NamedTuple):
    """Its processes, and bytes of main memory that are surely its own: no pages of files, which the kernel drops when
    it needs room, and, of processes that may share what they have, those of the largest alone.
    """

    pids: frozenset[int]
    own_bytes: int


def read_program(pid: int) -> Program:
    """By its first process. Takes some milliseconds; blocks."""
    try:
        first = psutil.Process(pid)
        family = {each.pid for each in (first, *first.children(recursive=True))}
    except psutil.NoSuchProcess:
        return Program(frozenset(), 0)
    return Program(frozenset(family), max(_own(each) for each in family))


def _own(pid: int) -> int:
    return 1024 * (statistic(Path(f"/proc/{pid}/status"), "RssAnon:") or 0)
