"""The `Engine` protocol: what Jixi must know to run an engine and to talk to it. One file per engine implements it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, Protocol, runtime_checkable

from jixi.compute.drivers import Command
from jixi.core.errors import problem
from jixi.core.principal import Scope

LOOPBACK: Final = "127.0.0.1"
CANARY: Final = "canary"
"""The request id of the calls by which a deployment is watched; nobody waits for their answers."""

AdapterForm = Literal["gguf", "peft"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """What an engine can do; facts about the engine, not about one deployment.

    `tools`: "native" where it fills `tool_calls` itself, "emulated" where the gateway builds them from JSON
    output, "none" where tools are refused. `refused` names request fields that never reach it, for safety, and `tiers`
    the values of `service_tier` that do, where not every one may.
    `progress` is a path whose answer to GET changes whenever the engine gets on, be it with reading a long prompt;
    without one only what it sends counts as progress. `progress_lines`: only lines of the progress that begin so count,
    for metrics of a process move by themselves. `vision`: it reads images; `fetches`: addresses of images as well, by
    rules of its own. `max_output` bounds one answer, where that is less than the context. `counts`: it
    tells the prompt and the tokens of a chat at /apply-template and /tokenize, as llama.cpp's server does.

    `local` names options that lead to files or ports of the machine: its operator sets them, in the settings, and
    nobody over HTTP.

    `listens`: on the launch's Unix socket, or always on its port, for those who send its key. `imports` are the
    packages that it needs where it runs, and `requirements` what pip installs for it into an environment of its own.

    `adapters`: the form of the LoRA adapters that it serves beside a model, GGUF files or folders of PEFT's form; None
    where it serves none.
    """

    kinds: frozenset[Scope]
    tools: Literal["native", "emulated", "none"] = "none"
    refused: frozenset[str] = frozenset()
    tiers: tuple[str | None, ...] | None = None
    progress: str | None = None
    vision: bool = False
    fetches: bool = False
    max_output: int | None = None
    counts: bool = False
    progress_lines: str = ""
    local: frozenset[str] = frozenset()
    listens: Literal["socket", "port"] = "socket"
    imports: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    adapters: AdapterForm | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Launch:
    """What one replica of a deployment asks of its engine.

    `model` is the public name the engine must answer to; `files` maps a role ("model") to a verified file;
    `socket` is the Unix socket it must listen on, a short path that ends in ".sock". Where `port` is given, it listens
    there at the address `host` instead, and answers those alone who send `key`.
    `context` is in tokens per call; `parallel` is calls at once. `python` is the interpreter of the engine's own
    environment; None: it runs beside Jixi. `adapters` are LoRA adapters by the public name of each.
    """

    model: str
    socket: Path
    files: Mapping[str, Path] = field(default_factory=dict[str, Path])
    context: int = 4096
    parallel: int = 2
    threads: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    host: str = LOOPBACK
    port: int | None = None
    key: str = ""
    python: Path | None = None
    adapters: Mapping[str, Path] = field(default_factory=dict[str, Path])


class Engine(Protocol):
    """Speaks OpenAI-style HTTP where the launch says once started, and ends when its standard input closes.

    `command` does no I/O and may be called any number of times; it raises `invalid_value` for options that it
    does not know. The process must answer GET /health with 200 when, and only when, it can take calls.
    """

    name: str
    profile: Profile

    def command(self, launch: Launch) -> Command: ...


@runtime_checkable
class Versatile(Protocol):
    """An engine whose launches differ in what they can do: its options decide."""

    def profile_of(self, options: Mapping[str, Any]) -> Profile: ...


def profile_of(engine: Engine, options: Mapping[str, Any]) -> Profile:
    """What the engine can do with these options; raises `invalid_value` for options that make no sense."""
    return engine.profile_of(options) if isinstance(engine, Versatile) else engine.profile


@runtime_checkable
class Adapting(Protocol):
    """An engine that serves LoRA adapters beside their base, one process for all of them."""

    def asks(self, launch: Launch, name: str) -> Mapping[str, Any]:
        """What every request for `name`, an adapter or the base itself, says to the engine beside the caller's words.

        The engine's answer must not depend on what others asked of it before, or ask at the same time.
        """
        ...


def asks_of(engine: Engine, launch: Launch) -> dict[str, Mapping[str, Any]]:
    """The same of every public name of a launch; empty where it has no adapters.

    Raises `invalid_value` where the engine serves none, or where one has the name of its base.
    """
    if not launch.adapters:
        return {}
    if not isinstance(engine, Adapting):
        raise problem(
            "invalid_value", reason=f"the engine {engine.name!r} serves no adapters", param="adapters"
        )
    if launch.model in launch.adapters:
        reason = f"an adapter has the name of its base, {launch.model!r}"
        raise problem("invalid_value", reason=reason, param="adapters")
    for name, path in launch.adapters.items():
        form = "gguf" if path.suffix.lower() == ".gguf" else "peft"
        if form != engine.profile.adapters:
            wanted = "GGUF files" if engine.profile.adapters == "gguf" else "folders of PEFT's form"
            reason = f"the engine {engine.name!r} takes adapters as {wanted}, not {name!r}"
            raise problem("invalid_value", reason=reason, param="adapters")
    return {name: engine.asks(launch, name) for name in (launch.model, *launch.adapters)}
