"""Admission: as many calls as an engine works on at once, a bounded line behind them, and no more."""

import asyncio
from collections import deque
from typing import Final

from jixi.core.errors import JixiError, problem

_WEIGHT: Final = 0.1
_LONGEST_WAIT_S: Final = 60


class Lane:
    """The places of one replica. `limit` calls run, `most_waiting` wait in order."""

    def __init__(self, limit: int, most_waiting: int) -> None:
        self._limit = limit
        self._most_waiting = most_waiting
        self._running = 0
        self._line: deque[asyncio.Future[None]] = deque()
        self._mean_s = 1.0

    def join(self, model: str, *, admitted: bool = False) -> "Place":
        """Take a place; raises `overloaded` where the line is full. `admitted`: part of a call that has one."""
        loop = asyncio.get_running_loop()
        if self._running < self._limit:
            self._running += 1
            return Place(self, None, loop.time())
        if len(self._line) >= self._most_waiting and not admitted:
            raise self.overloaded(model)
        turn: asyncio.Future[None] = loop.create_future()
        self._line.append(turn)
        return Place(self, turn, loop.time())

    def overloaded(self, model: str) -> JixiError:
        """The refusal of a call that would wait too long, with the time after which it has better chances."""
        seconds = round(len(self._line) / self._limit * self._mean_s)
        retry_after = max(1, min(_LONGEST_WAIT_S, seconds))
        return problem("overloaded", model=model, waiting=len(self._line), retry_after=retry_after)

    def leave(self, turn: asyncio.Future[None] | None, took_s: float) -> None:
        """Give a place back: to the next in line, where someone waits."""
        if turn is not None and (turn.cancelled() or not turn.done()):
            if turn in self._line:
                self._line.remove(turn)
            return
        self._mean_s += _WEIGHT * (took_s - self._mean_s)
        while self._line:
            following = self._line.popleft()
            if not following.done():
                following.set_result(None)
                return
        self._running -= 1


class Place:
    """One call's place. It must be left exactly once; leaving again changes nothing."""

    __slots__ = ("_lane", "_left", "_since", "_turn")

    def __init__(self, lane: Lane, turn: "asyncio.Future[None] | None", since: float) -> None:
        self._lane = lane
        self._turn = turn
        self._since = since
        self._left = False

    @property
    def waits(self) -> bool:
        return self._turn is not None and not self._turn.done()

    async def turn(self) -> None:
        """Wait until the engine has room for this call."""
        if self._turn is not None:
            await self._turn
            self._since = asyncio.get_running_loop().time()

    def leave(self) -> None:
        if not self._left:
            self._left = True
            self._lane.leave(self._turn, asyncio.get_running_loop().time() - self._since)
