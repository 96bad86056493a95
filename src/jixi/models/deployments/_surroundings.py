"""What every replica of a fleet is given, and the room that it asks for before it starts."""

import itertools
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from jixi.compute.drivers import Command, Driver, Process
from jixi.core.clock import Clock
from jixi.models.deployments._changes import Pulse
from jixi.models.deployments._spec import DeploymentSpec, Patience, Reason
from jixi.models.engines import Address, Engine, Launch

Interpreter = Callable[[Engine], Path | None]
"""Where an engine runs: the Python of its own environment, or None, beside Jixi. Raises `engine_not_installed`."""


class Room(Protocol):
    """The memory that one replica was given, until it is given back. `env` tells its engine which accelerators it may
    use, and `options`, added to those of the deployment, how much of them. `memory_bytes` is main memory that a cluster
    is to set aside.
    """

    @property
    def env(self) -> Mapping[str, str]: ...

    @property
    def options(self) -> Mapping[str, Any]: ...

    @property
    def memory_bytes(self) -> int: ...

    def occupied(self, process: Process, /) -> AbstractContextManager[Mapping[str, int]]:
        """Around the life of an engine process that runs in it: thousandths of accelerators that it has, by their
        model; of one that is shared by its part of the memory.
        """
        ...

    def release(self) -> None:
        """Give it back; called once."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Lack:
    """There is no room: the bytes that are `needed` and `free`. `without` says whether there would be enough if the
    deployments of these names had ended.
    """

    needed: int
    free: int
    without: Callable[[Collection[str]], bool]

    @property
    def reason(self) -> Reason:
        return Reason("no_room", {"needed": self.needed, "free": self.free})


RoomFor = Callable[[DeploymentSpec], Room | Lack]
"""Asked before a replica starts, and again whenever another has ended: its room, or what it lacks. Does no I/O that
takes long.
"""

Clear = Callable[[DeploymentSpec, Lack], None]
"""Asked to end idle deployments for one that finds no room."""


class Anywhere:
    """Room for everything: who has no inventory does not count."""

    def __init__(self) -> None:
        self.env: Mapping[str, str] = {}
        self.options: Mapping[str, Any] = {}
        self.memory_bytes = 0

    def occupied(self, process: Process) -> AbstractContextManager[Mapping[str, int]]:
        return nullcontext({})

    def release(self) -> None:
        """There is nothing to give back."""


def anywhere(_spec: DeploymentSpec) -> Room:
    return Anywhere()


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What every replica of a fleet is given.

    `shared`: other processes send it calls, too. `noted` is told the name of every deployment that has changed,
    `clear` asked to end idle ones for one that finds no room, and `freed` beats when a replica has given room back.
    """

    driver: Driver
    clock: Clock
    sockets: Path
    patience: Patience
    shared: bool
    interpreter: Interpreter
    room: RoomFor
    clear: Clear
    noted: Callable[[str], None]
    freed: Pulse = field(default_factory=Pulse)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def socket(self) -> Path:
        """A path that no engine has had; its name is short."""
        return self.sockets / f"{next(self.numbers)}.sock"


def launch(
    spec: DeploymentSpec, address: Address, python: Path | None = None, room: Room | None = None
) -> Launch:
    """What the engine is asked for one replica of `spec`."""
    options = spec.options if room is None else {**spec.options, **room.options}
    return Launch(
        model=spec.name,
        socket=address.socket,
        host=address.host,
        port=address.port,
        key=address.key,
        python=python,
        files=spec.files,
        context=spec.context,
        parallel=spec.parallel,
        threads=spec.threads,
        options=options,
        adapters=spec.adapters,
    )


def placed(command: Command, room: Room) -> Command:
    """The command, told which accelerators it may use."""
    return replace(command, env={**command.env, **room.env})
