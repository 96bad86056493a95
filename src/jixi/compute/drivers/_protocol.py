"""The `Driver` protocol: how a process is started somewhere and kept hold of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A program to run: never a shell line, never built from a tenant's input. `env` is added to a clean one.

    `descriptors` are open files that it inherits under their numbers, on this machine alone. What it writes is kept for
    `log`; with `own_output` off it goes where ours goes.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    descriptors: tuple[int, ...] = ()
    own_output: bool = True


class Site(NamedTuple):
    """Where a program is about to run: the address of that machine for the others, and a port that is free there."""

    host: str
    port: int


Order = Command | Callable[[Site], Command]
"""A command, or what it is once one knows where it will run."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Needs:
    """What a program needs of the machine that runs it.

    Programs of one `group` are kept on different machines where there are enough. `files` must be there, each under its
    own path.
    """

    cpus: float = 0
    gpus: float = 0
    memory_bytes: int = 0
    group: str = ""
    files: tuple[Path, ...] = ()


NO_NEEDS = Needs()


class Given(NamedTuple):
    """An accelerator that a cluster gave to a program: its name on its node, its model as far as anybody tells, its
    memory where that can be read, and how much of it is the program's, in thousandths.
    """

    id: str
    model: str | None
    memory_bytes: int | None
    thousandths: int


class Spot(NamedTuple):
    """Where a cluster runs a program: the name of the node, and the accelerators that are the program's."""

    node: str
    accelerators: tuple[Given, ...] = ()


class Process(Protocol):
    """A started program. `wait` returns its exit status and may be awaited by many; `stop` is safe to repeat.

    A program whose machine is lost has ended as if killed, and its last line says so. `spot` is where a cluster has put
    it; None on this machine.
    """

    pid: int
    spot: Spot | None

    async def wait(self) -> int: ...

    async def stop(self, grace_s: float) -> None:
        """Ask it to end, then kill it and all its children after `grace_s` seconds; returns when it is gone."""
        ...

    def log(self, lines: int = 200) -> list[str]:
        """The last lines that it wrote to stdout and stderr, oldest first."""
        ...

    def resident_bytes(self) -> int:
        """Memory that it and its children hold now; 0 once it has ended."""
        ...


class Driver(Protocol):
    """Starts commands. `local`: on this machine, so that programs may share its files and sockets.

    A program that cannot be started raises `engine_error` with the reason, one whose file is not where it is to run
    `node_lacks_file`; where no machine is free for it `no_node_fits`, where none can be reached `cluster_unreachable`.
    """

    local: bool

    async def start(self, name: str, order: Order, needs: Needs = NO_NEEDS) -> Process: ...
