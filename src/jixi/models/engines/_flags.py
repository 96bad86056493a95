"""What the servers on accelerators that others wrote have in common: options, and how they become a command line."""

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from jixi.core.errors import problem
from jixi.core.principal import Scope
from jixi.models.engines._protocol import Launch, Profile

NO_MEDIA_DOMAINS: Final = ("nowhere.invalid",)
"""From where an engine may fetch media: no host has this name. The gateway lets no address through either."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,119}")

Value = str | int | float | bool | None | tuple[str, ...]


Share = Annotated[float, Meta(gt=0, le=1)]


class Accelerated(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    tensor_parallel: Annotated[int, Meta(ge=1)] = 1
    """Accelerators over which each layer is spread."""
    pipeline_parallel: Annotated[int, Meta(ge=1)] = 1
    """Groups of accelerators that have some layers each."""
    quantization: str | None = None
    """How the weights are packed, such as awq or fp8, where the model does not say so itself."""
    kv_cache: str | None = None
    """How the cache is kept, such as fp8 or fp8_e5m2."""
    precision: Literal["auto", "half", "bfloat16", "float32"] = "auto"
    """How numbers are kept; auto is as the model was saved."""
    prefix_caching: bool = True
    """Read a beginning that was read before from the cache."""
    tool_parser: str | None = None
    """How the model writes calls of tools, such as hermes. Without one the gateway builds them from JSON output."""
    reasoning_parser: str | None = None
    """How the model marks what it thinks, such as qwen3."""
    vision: bool = False
    """The model reads images."""
    adapter_rank: Literal[8, 16, 32, 64, 128, 256, 512] = 64
    """The largest rank among the LoRA adapters that are served beside the model."""

    def profile(self, engine: Profile, kinds: frozenset[Scope]) -> Profile:
        """What the engine can do with these options and a model for `kinds`."""
        tools = "native" if self.tool_parser else "emulated"
        return replace(engine, kinds=kinds, tools=tools, vision=self.vision)


def flags(**values: Value) -> tuple[str, ...]:
    """`--a-flag VALUE` of each; True is the flag alone; None, False and an empty list are left out."""
    told: list[str] = []
    for name, value in values.items():
        if value is None or value is False or value == ():
            continue
        told.append(f"--{name.replace('_', '-')}")
        if isinstance(value, tuple):
            told += value
        elif value is not True:
            told.append(str(value))
    return tuple(told)


def modules(launch: Launch) -> tuple[str, ...]:
    """NAME=FOLDER of each adapter; raises `invalid_value` for a name that would not stay one."""
    for name in launch.adapters:
        if not _NAME.fullmatch(name):
            raise problem("invalid_value", reason=f"{name!r} is no name of an adapter", param="adapters")
    return tuple(f"{name}={folder}" for name, folder in launch.adapters.items())


def model_path(launch: Launch) -> str:
    """The folder of the model; raises `invalid_value`."""
    model = launch.files.get("model")
    if model is None:
        raise problem("invalid_value", reason=f"{launch.model!r} names no model folder", param="files")
    return str(model.parent if model.suffix else model)


def python_of(launch: Launch) -> Path:
    """The interpreter that has the engine."""
    return launch.python or Path(sys.executable)
