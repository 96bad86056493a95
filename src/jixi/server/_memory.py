"""The memory of a process that does nothing but serve."""

import ctypes
import gc
import sys
from typing import Final

import psutil
import structlog

_log = structlog.get_logger()
_YOUNG: Final = 50_000
_OLDER: Final = 20
_COLLAPSE: Final = 25
"""MADV_COLLAPSE of Linux 6.1: into huge pages with it, now, whatever is the machine's habit."""
_HUGE: Final = 2 * 1024 * 1024
_DENSE: Final = 0.8


def settle_memory() -> None:
    """Have what has been built until now stay where it is and cost calls as little as it can.

    Call it once the server is complete, and only where the process is the server's own.
    """
    _spare_what_lasts()
    _use_huge_pages()


def _spare_what_lasts() -> None:
    """Leave it out of every later collection, and collect less often.

    Some half a million objects of a server last as long as it does; to walk them again and again would cost a call
    as much as its routing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _OLDER, _OLDER)


def _use_huge_pages() -> None:
    """A call touches code and objects all over the interpreter's memory, and a processor knows the places of only so
    many pages by heart. What is half empty stays as it is, for it would grow. Where the kernel cannot or may not,
    nothing happens: why and how much is in docs/decisions/stack.md.
    """
    try:
        _collapse()
    except (AttributeError, OSError, ValueError, psutil.Error) as error:
        _log.debug("huge_pages_not_used", reason=str(error))


def _collapse() -> None:
    if sys.platform != "linux":
        return
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for area in psutil.Process().memory_maps(grouped=False):
        first, last = (int(each, 16) for each in area.addr.split("-"))
        dense = area.rss >= _DENSE * (last - first)
        first, last = -(-first // _HUGE) * _HUGE, last // _HUGE * _HUGE
        if dense and first < last and area.perms == "rw-p" and area.path in ("[anon]", "[heap]"):
            madvise(first, last - first, _COLLAPSE)
