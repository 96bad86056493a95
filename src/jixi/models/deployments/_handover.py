"""`Handover`: during an update the rooms of a deployment pass from its replicas to those that come after them."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from jixi.compute.drivers import Process
from jixi.models.deployments._changes import Pulse
from jixi.models.deployments._spec import DeploymentSpec
from jixi.models.deployments._surroundings import Clear, Lack, Room, RoomFor


@dataclass(frozen=True, kw_only=True, slots=True)
class _Lent:
    """A room that comes back to us."""

    env: Mapping[str, str]
    options: Mapping[str, Any]
    memory_bytes: int
    occupied: Callable[[Process], AbstractContextManager[Mapping[str, int]]]
    release: Callable[[], None]


class Handover:
    """From `begin` to `end` what a replica gives back is kept, and goes to the next one of the same deployment.

    Without that another deployment, which has waited for longer, could take the room that an update has made, and idle
    ones would end for room that the old replica is about to give.
    """

    def __init__(self, room: RoomFor, clear: Clear, freed: Pulse) -> None:
        self._room = room
        self._clear = clear
        self._freed = freed
        self._keeps = False
        self._kept: list[tuple[DeploymentSpec, Room]] = []

    def begin(self) -> None:
        self._keeps = True

    def end(self) -> None:
        """Let others have what is still kept."""
        self._keeps = False
        while self._kept:
            self._kept.pop()[1].release()
        self._freed.beat()

    def room(self, spec: DeploymentSpec) -> Room | Lack:
        """Room for one more replica: in place of one that is kept, where there is one."""
        if not self._kept:
            return self._lend(spec)
        before = self._free_one()
        found = self._lend(spec)
        if not isinstance(found, Lack):
            return found
        self._keep(before)
        return replace(found, without=partial(self._without, found))

    def clear(self, spec: DeploymentSpec, lack: Lack) -> None:
        """Have idle deployments end for `spec`, unless it is enough that an old replica leaves first."""
        if self._keeps and not self._kept and lack.without([spec.name]):
            return
        self._clear(spec, lack)

    def _without(self, lack: Lack, ended: Collection[str]) -> bool:
        """What is kept counts as free for the one that may have it."""
        if not self._kept:
            return lack.without(ended)
        before = self._free_one()
        try:
            return lack.without(ended)
        finally:
            self._keep(before)

    def _free_one(self) -> DeploymentSpec:
        before, kept = self._kept.pop()
        kept.release()
        return before

    def _keep(self, before: DeploymentSpec) -> None:
        if not isinstance(again := self._room(before), Lack):
            self._kept.append((before, again))

    def _lend(self, spec: DeploymentSpec) -> Room | Lack:
        found = self._room(spec)
        if isinstance(found, Lack):
            return found
        return _Lent(
            env=found.env,
            options=found.options,
            memory_bytes=found.memory_bytes,
            occupied=found.occupied,
            release=lambda: self._take_back(spec, found),
        )

    def _take_back(self, spec: DeploymentSpec, room: Room) -> None:
        if self._keeps:
            self._kept.append((spec, room))
        else:
            room.release()
