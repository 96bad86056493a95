"""Locks on files, which processes of this machine share."""

import asyncio
import fcntl
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

_LOOK_EVERY_S: Final = 0.2


@asynccontextmanager
async def held(path: Path) -> AsyncGenerator[None]:
    """Hold the lock at `path`; the file stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = await locked(path)
    try:
        yield
    finally:
        os.close(file)


async def locked(path: Path) -> int:
    """The file at `path`, open and locked; the kernel lets go of it with the process, however that ends."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(path, file):
                return file
        except BlockingIOError:
            os.close(file)
            await asyncio.sleep(_LOOK_EVERY_S)
        except BaseException:
            os.close(file)
            raise
        else:
            # Whoever had it has published or removed it meanwhile.
            os.close(file)


def _is_at(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
