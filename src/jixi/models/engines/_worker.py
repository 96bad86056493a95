"""What every built-in engine process shares: how it is told its launch, and how it ends with its parent.

The parent side (`worker_command`) and the child side (`begin`) stand together because they must agree.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from jixi.compute.drivers import Command
from jixi.core.errors import problem
from jixi.models.engines import _elsewhere
from jixi.models.engines._protocol import Launch

UNBUFFERED: Final = {"PYTHONUNBUFFERED": "1"}

T = TypeVar("T")


class _Wire(msgspec.Struct, kw_only=True):
    """A launch as it stands on the command line. No key: every user of the machine can read it."""

    model: str
    socket: str
    files: dict[str, str]
    context: int
    parallel: int
    threads: int | None
    options: dict[str, Any]
    adapters: dict[str, str]
    host: str
    port: int | None


def worker_command(module: str, launch: Launch, env: Mapping[str, str] | None = None) -> Command:
    """Run `module` of ours; `-P` keeps the current folder out of what it can import.

    In an environment of its own, Jixi and what Jixi needs are found behind what is installed there.
    """
    wire = _Wire(
        model=launch.model,
        socket=str(launch.socket),
        files={role: str(path) for role, path in launch.files.items()},
        context=launch.context,
        parallel=launch.parallel,
        threads=launch.threads,
        options=dict(launch.options),
        adapters={name: str(path) for name, path in launch.adapters.items()},
        host=launch.host,
        port=launch.port,
    )
    text = msgspec.json.encode(wire).decode()
    if launch.python is None:
        argv = (sys.executable, "-P", "-m", module, text)
    else:
        argv = elsewhere(launch.python, module, text, paths=_our_paths())
    return Command(argv=argv, env=UNBUFFERED | dict(env or {}) | key_of(launch))


def key_of(launch: Launch) -> dict[str, str]:
    """The key as the engine's process is told it: by its environment, which no other user of the machine can read."""
    return {_elsewhere.KEY: launch.key} if launch.key else {}


def elsewhere(python: Path, module: str, *arguments: str, paths: Sequence[str] = ()) -> tuple[str, ...]:
    """The command that runs `main` of `module` under another interpreter, and ends when our end of its input closes."""
    script, found = str(_elsewhere.__file__), msgspec.json.encode(paths).decode()
    return (str(python), "-P", script, found, module, *arguments)


def _our_paths() -> list[str]:
    """Where Jixi lies, and where it finds what it needs."""
    own = Path(_elsewhere.__file__).parents[3]
    return list(dict.fromkeys([str(own), *filter(None, sys.path)]))


def options_of(launch: Launch, kind: type[T]) -> T:
    """The launch's options as `kind`; raises `invalid_value` for one that is unknown or of a wrong type."""
    return options_from(launch.options, kind, launch.model)


def options_from(options: Mapping[str, Any], kind: type[T], owner: str) -> T:
    """The same of options that have no launch yet; `owner` is named where they are wrong."""
    try:
        return msgspec.convert(dict(options), kind)
    except msgspec.ValidationError as error:
        described = msgspec.inspect.type_info(kind)
        fields = described.fields if isinstance(described, msgspec.inspect.StructType) else ()
        known = ", ".join(field.encode_name for field in fields) or "none"
        hint = f"; it knows {known}" if "unknown field" in str(error) else ""
        reason = f"options of {owner!r}: {error}{hint}"
        raise problem("invalid_value", reason=reason, param="options") from error


def begin() -> Launch:
    """The child's first act: tie its life to the parent's, then read its launch."""
    _elsewhere.end_with_parent()
    wire = msgspec.json.decode(sys.argv[1], type=_Wire)
    return Launch(
        model=wire.model,
        socket=Path(wire.socket),
        files={role: Path(path) for role, path in wire.files.items()},
        context=wire.context,
        parallel=wire.parallel,
        threads=wire.threads,
        options=wire.options,
        adapters={name: Path(path) for name, path in wire.adapters.items()},
        host=wire.host,
        port=wire.port,
        key=_elsewhere.taken_key() or "",
    )


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def folder_of(launch: Launch) -> Path:
    """The folder of a model that is a folder: named as such, or by a file in it."""
    model = launch.files["model"]
    return model if model.is_dir() else model.parent
