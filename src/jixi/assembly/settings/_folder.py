"""The data folder: made private, refused where it cannot last, and used by one server at a time."""

import errno
import fcntl
import os
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import jixi
from jixi.core.errors import JixiError, problem

_LOCK: Final = "server.lock"


def prepare_folder(path: Path) -> None:
    """Make the data folder, for this user alone; raises `data_dir_unusable`."""
    for inside, what in _program_folders():
        if inside in (path.resolve(), *path.resolve().parents):
            raise _unusable(path, f"it lies inside {what}, where an upgrade would delete it")
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        probe = path / f".probe-{os.getpid()}"
        probe.write_bytes(b"jixi")
        probe.unlink()
    except FileExistsError as error:
        raise _unusable(path, "it is a file, not a folder") from error
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error


def _program_folders() -> Iterator[tuple[Path, str]]:
    package = Path(jixi.__file__).resolve().parent
    yield package, "the program's own package"
    clone = package.parent.parent
    if (clone / "pyproject.toml").is_file():
        yield clone, "the clone of the source"
    if sys.prefix != sys.base_prefix:
        yield Path(sys.prefix).resolve(), "the program's environment"


@contextmanager
def locked_folder(path: Path) -> Generator[None]:
    """Hold the folder for this process; raises `data_dir_in_use` where another server has it.

    The kernel lets go of the lock when the process ends, however it ends, so nothing stale is ever left.
    """
    try:
        file = (path / _LOCK).open("a+", encoding="ascii")
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise problem("data_dir_in_use", path=str(path), pid=file.read(20).strip() or "?") from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _unusable(path: Path, reason: str) -> JixiError:
    return problem("data_dir_unusable", path=str(path), reason=reason)
