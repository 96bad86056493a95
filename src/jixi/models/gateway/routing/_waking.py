"""Calls that wait for a model that sleeps: a bounded line for each, in which tenants take turns."""

import asyncio
from collections.abc import Sequence

from jixi.core.errors import problem
from jixi.models.gateway._ports import Limits, Router
from jixi.models.gateway.routing._line import FairLine

_AGAIN_S = 5


class Waking:
    """Has models woken, each once for all who wait for it."""

    def __init__(self, routers: Sequence[Router], limits: Limits) -> None:
        self._routers = routers
        self._limits = limits
        self._rooms: dict[str, _Room] = {}

    def awaited(self, model: str) -> bool:
        """Whether calls for it should wait rather than be refused."""
        return any(router.awaited(model) for router in self._routers)

    def waiting(self, model: str) -> int:
        """How many calls wait for it."""
        return self._rooms[model].line.count if model in self._rooms else 0

    def waiting_of(self, tenant: str) -> int:
        """How many of the tenant's calls wait for any."""
        return sum(room.line.waiting(tenant) for room in self._rooms.values())

    def nudge(self, model: str) -> None:
        """Have it woken, and wait for nothing."""
        if self.awaited(model):
            self._room(model)

    async def wait(self, model: str, tenant: str, *, batch: bool) -> None:
        """Wait until it serves, or has no hope to, `wake_s` seconds at most.

        Raises `overloaded` where too many wait already, `share_used_up` where too many of the tenant's do.
        """
        room = self._room(model)
        mine = room.line.waiting(tenant)
        if mine >= room.line.share(tenant):
            if room.line.is_alone(tenant):
                raise problem("overloaded", model=model, waiting=mine, retry_after=_AGAIN_S)
            raise problem("share_used_up", model=model, waiting=mine, retry_after=_AGAIN_S)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        room.line.add(tenant, turn, batch=batch)
        try:
            await asyncio.wait({turn}, timeout=self._limits.wake_s)
        finally:
            room.line.remove(tenant, turn)

    async def close(self) -> None:
        """Wait for nothing any more."""
        tasks = [room.task for room in self._rooms.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _room(self, model: str) -> "_Room":
        if model not in self._rooms:
            self._rooms[model] = _Room(asyncio.create_task(self._wake(model)), self._limits.waiting)
        return self._rooms[model]

    async def _wake(self, model: str) -> None:
        try:
            for router in self._routers:
                if await router.wake(model):
                    return
        finally:
            line = self._rooms.pop(model).line
            while (turn := line.pop()) is not None:
                if not turn.done():
                    turn.set_result(None)


class _Room:
    def __init__(self, task: asyncio.Task[None], most: int) -> None:
        self.task = task
        self.line = FairLine[asyncio.Future[None]](most)
