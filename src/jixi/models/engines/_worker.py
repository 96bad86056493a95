"""What every built-in engine process shares: how it is told its launch, and how it ends with its parent.

The parent side (`worker_command`) and the child side (`begin`) stand together because they must agree.
"""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from jixi.compute.drivers import Command
from jixi.core.errors import problem
from jixi.models.engines._protocol import Launch

_SET_PARENT_DEATH_SIGNAL: Final = 1

T = TypeVar("T")


class _Wire(msgspec.Struct, kw_only=True):
    """A launch as it stands on the command line. No secrets: every user of the machine can read it."""

    model: str
    socket: str
    files: dict[str, str]
    context: int
    parallel: int
    threads: int | None
    options: dict[str, Any]


def worker_command(module: str, launch: Launch, env: Mapping[str, str] | None = None) -> Command:
    """Run `module` of ours with this interpreter; `-P` keeps the current folder out of what it can import."""
    wire = _Wire(
        model=launch.model,
        socket=str(launch.socket),
        files={role: str(path) for role, path in launch.files.items()},
        context=launch.context,
        parallel=launch.parallel,
        threads=launch.threads,
        options=dict(launch.options),
    )
    text = msgspec.json.encode(wire).decode()
    return Command(
        argv=(sys.executable, "-P", "-m", module, text), env={"PYTHONUNBUFFERED": "1", **(env or {})}
    )


def options_of(launch: Launch, kind: type[T]) -> T:
    """The launch's options as `kind`; raises `invalid_value` for one that is unknown or of a wrong type."""
    try:
        return msgspec.convert(dict(launch.options), kind)
    except msgspec.ValidationError as error:
        raise problem(
            "invalid_value", reason=f"options of {launch.model!r}: {error}", param="options"
        ) from error


def begin() -> Launch:
    """The child's first act: tie its life to the parent's, then read its launch."""
    _end_with_parent()
    wire = msgspec.json.decode(sys.argv[1], type=_Wire)
    return Launch(
        model=wire.model,
        socket=Path(wire.socket),
        files={role: Path(path) for role, path in wire.files.items()},
        context=wire.context,
        parallel=wire.parallel,
        threads=wire.threads,
        options=wire.options,
    )


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _end_with_parent() -> None:
    """Two ways, for each has a hole: the pipe needs this interpreter to run a thread, which native code can block;
    the signal comes from the kernel, but is tied to the thread that started us and is missed if that is gone already.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    threading.Thread(target=_end_when_input_closes, name="parent", daemon=True).start()


def _end_when_input_closes() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)
