"""The `Engine` protocol: what Jixi must know to run an engine and to talk to it. One file per engine implements it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from jixi.compute.drivers import Command
from jixi.core.principal import Scope

CANARY: Final = "canary"
"""The request id of the calls by which a deployment is watched; nobody waits for their answers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """What an engine can do; facts about the engine, not about one deployment.

    `tools`: "native" where it fills `tool_calls` itself, "emulated" where the gateway builds them from JSON
    output, "none" where tools are refused. `refused` names request fields that never reach it, for safety.
    `progress` is a path whose answer to GET changes whenever the engine gets on, be it with reading a long prompt;
    without one only what it sends counts as progress.
    """

    kinds: frozenset[Scope]
    tools: Literal["native", "emulated", "none"] = "none"
    refused: frozenset[str] = frozenset()
    progress: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Launch:
    """What one replica of a deployment asks of its engine.

    `model` is the public name the engine must answer to; `files` maps a role ("model") to a verified file;
    `socket` is the Unix socket it must listen on, a short path that ends in ".sock";
    `context` is in tokens per call; `parallel` is calls at once.
    """

    model: str
    socket: Path
    files: Mapping[str, Path] = field(default_factory=dict[str, Path])
    context: int = 4096
    parallel: int = 2
    threads: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])


class Engine(Protocol):
    """Speaks OpenAI-style HTTP on `launch.socket` once started, and ends when its standard input closes.

    `command` does no I/O and may be called any number of times; it raises `invalid_value` for options that it
    does not know. The process must answer GET /health with 200 when, and only when, it can take calls.
    """

    name: str
    profile: Profile

    def command(self, launch: Launch) -> Command: ...
