"""The `Driver` protocol: how a process is started somewhere and kept hold of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A program to run: never a shell line, never built from a tenant's input. `env` is added to a clean one."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict[str, str])


class Process(Protocol):
    """A started program. `wait` returns its exit status and may be awaited by many; `stop` is safe to repeat."""

    pid: int

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
    """Starts commands. A program that cannot be started raises `engine_error` with the reason."""

    async def start(self, name: str, command: Command) -> Process: ...
