"""`Patience`: a limit of time for each of thousands of calls that are on their way at once."""

import asyncio
from functools import lru_cache
from types import TracebackType
from typing import Final, Self

_TICKS_A_SECOND: Final = 10


class Patience:
    """As `asyncio.timeout`: what takes longer than `seconds` is cancelled, and TimeoutError raised in its place.

    It is up to a tenth of a second late, and for that all of them that end in the same tenth share one timer of the
    loop: a timer of its own costs a call more than its routing.
    """

    __slots__ = ("_before", "_bell", "_rang", "_seconds", "_task")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._rang = False

    def __enter__(self) -> Self:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("it limits a task")
        self._task, self._before = task, task.cancelling()
        tick = int((loop.time() + self._seconds) * _TICKS_A_SECOND) + 1
        bells = _bells_of(loop)
        bell = bells.get(tick)
        if bell is None:
            bell = bells[tick] = set()
            loop.call_at(tick / _TICKS_A_SECOND, _ring, bells, tick)
        bell.add(self)
        self._bell = bell
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bell.discard(self)
        if self._rang and self._task.uncancel() <= self._before and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def ring(self) -> None:
        self._rang = True
        self._task.cancel()


_Bells = dict[int, set[Patience]]


@lru_cache(1)
def _bells_of(loop: asyncio.AbstractEventLoop) -> _Bells:
    """Those of the loop that runs. Another loop makes others; what was begun before still rings."""
    return {}


def _ring(bells: _Bells, tick: int) -> None:
    for each in bells.pop(tick):
        each.ring()
