"""`Crew`: the replicas of one deployment, those that come, serve and leave."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace

from jixi.models.deployments._changes import Pulse
from jixi.models.deployments._handover import Handover
from jixi.models.deployments._keeper import Keeper
from jixi.models.deployments._replica import Replica
from jixi.models.deployments._spec import DeploymentSpec
from jixi.models.deployments._surroundings import Surroundings
from jixi.models.engines import Engine


class Crew:
    """`rotation` are the replicas that calls may go to, in the order of their numbers."""

    def __init__(self, around: Surroundings, changed: Callable[[], None]) -> None:
        self.rotation: tuple[Replica, ...] = ()
        self.restarts_before = 0
        """Of replicas that have gone."""
        self.rooms = Handover(around.room, around.clear, around.freed)
        self._around = replace(around, room=self.rooms.room, clear=self.rooms.clear)
        self._changed = changed
        self._keepers: list[Keeper] = []
        self._leaving: dict[Keeper, asyncio.Task[None]] = {}
        self._pulse = Pulse()

    @property
    def every(self) -> list[Keeper]:
        """All of them, those that leave included."""
        return self._keepers

    @property
    def staying(self) -> list[Keeper]:
        return [each for each in self._keepers if not each.leaving]

    def start(self, spec: DeploymentSpec, engine: Engine, *, proves: bool = False) -> Keeper:
        """One more, with the lowest number that is free."""
        taken = {each.number for each in self._keepers}
        number = next(number for number in itertools.count(1) if number not in taken)
        made = Keeper(spec, engine, self._around, number, self._note, proves=proves)
        self._keepers.append(made)
        self._keepers.sort(key=lambda each: each.number)
        made.start()
        self._note()
        return made

    def take_over(self, spec: DeploymentSpec) -> bool:
        """From now on those that suit `spec` are of it, as they are; whether all do that stay. It tells nobody: calls
        may wait for an update that is not under way at this moment.
        """
        for each in self.staying:
            if each.suits(spec):
                each.spec = spec
        return all(each.spec is spec for each in self.staying)

    def dismiss(self, keeper: Keeper) -> "asyncio.Task[None]":
        """Let it leave; the task ends when it has gone."""
        if keeper not in self._leaving:
            name = f"leave of replica {keeper.number} of {keeper.spec.name}"
            keeper.leaving = True
            self._leaving[keeper] = asyncio.create_task(self._see_off(keeper), name=name)
            self._note()
        return self._leaving[keeper]

    async def gone(self) -> None:
        """Let all leave, and wait until they have gone."""
        for keeper in self.staying:
            self.dismiss(keeper)
        if self._leaving:
            await asyncio.wait(list(self._leaving.values()))

    async def end(self) -> None:
        """End all now."""
        ends = [asyncio.create_task(each.end()) for each in self._keepers]
        if ends:
            await asyncio.wait(ends)
        for task in self._leaving.values():
            task.cancel()
        self._leaving.clear()
        self._keepers.clear()
        self._note()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds that changes with its replicas."""
        while not holds():
            await self._pulse.next().wait()

    async def _see_off(self, keeper: Keeper) -> None:
        try:
            await keeper.leave()
        finally:
            self._leaving.pop(keeper, None)
            if keeper in self._keepers:
                self._keepers.remove(keeper)
                self.restarts_before += keeper.restarts
            self._note()
            # Who looked since it gave its room back may have waited for it to be gone.
            self._around.freed.beat()

    def _note(self) -> None:
        ways = (each.replica for each in self._keepers)
        self.rotation = tuple(way for way in ways if way is not None)
        self._pulse.beat()
        self._changed()
