"""Where the store keeps things, and how they get there: the one place where a name becomes a path.

    .blobs/ab/ab12…          the bytes of each file once, named by their sha256
    .parts/…                 what is on its way
    MODEL/VARIANT/NAME       the same bytes under the name that engines know (a hard link)
    MODEL/VARIANT/.manifest  what the variant consists of; without it, the variant is not here

A blob without a link belongs to nobody.
"""

import errno
import fcntl
import math
import os
import shutil
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from jixi.core.errors import JixiError, problem
from jixi.models.sources._names import NAME, SHA256, WORD, checked
from jixi.models.sources._part import discard, discard_free, wheels_beside

_RESERVE: Final = 64 * 1024 * 1024
_GRACE_S: Final = 3600.0
_PARTS_KEPT_S: Final = 14 * 24 * 3600.0
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_LINKS: Final = (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS)


class Layout:
    """The folder of a store."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._blobs = root / ".blobs"
        self._parts = root / ".parts"

    def blob(self, sha256: str) -> Path:
        """Raises ValueError for what is no digest."""
        return self._blobs / checked(SHA256, sha256)[:2] / sha256

    def part(self, key: str) -> Path:
        self._parts.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._parts / f"{checked(WORD, key)}.part"

    def lock(self, model: str, variant: str) -> Path:
        """What whoever changes the variant holds."""
        return self.root / ".locks" / f"{checked(WORD, model)}.{checked(WORD, variant)}"

    def folder(self, model: str, variant: str) -> Path:
        return self.root / checked(WORD, model) / checked(WORD, variant)

    def file(self, model: str, variant: str, name: str) -> Path:
        """Raises ValueError for a name that could lead anywhere else."""
        return self.folder(model, variant) / checked(NAME, name)

    def publish(self, part: Path, sha256: str, path: Path) -> None:
        """Make a verified part a blob with a name in a model, so that it survives a power cut whole or not at all."""
        blob = self.blob(sha256)
        blob.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._changing_blobs():
            part.replace(blob)
            discard(part)
            sync_folders(blob.parent, self._blobs, self.root)
            if not self._link(sha256, path):
                raise FileNotFoundError(errno.ENOENT, "somebody has removed it", str(blob))

    def link(self, sha256: str, path: Path) -> bool:
        """Give a blob its name in a model; false where the blob is not here."""
        with self._changing_blobs():
            return self._link(sha256, path)

    def _link(self, sha256: str, path: Path) -> bool:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        try:
            path.hardlink_to(self.blob(sha256))
        except FileNotFoundError:
            return False
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            # A file system without links: the model gets the file, and nobody shares it.
            self.blob(sha256).replace(path)
        sync_folders(path.parent)
        return True

    def digests_in(self, folder: Path) -> list[str]:
        """Of the blobs that have a name in the folder, which may have no manifest yet."""
        here = {path.stat().st_ino for path in folder.rglob("*") if path.is_file()}
        found: list[str] = []
        for blob in self._blobs.glob("*/*") if here else ():
            with suppress(FileNotFoundError):
                if blob.stat().st_ino in here:
                    found.append(blob.name)
        return found

    def drop(self, digests: Iterable[str]) -> int:
        """Remove those of the blobs that no model has; returns the bytes that it freed."""
        return sum(self._drop(self.blob(sha256)) for sha256 in set(digests))

    def drop_unused(self) -> int:
        """Remove the blobs that no model has, and parts that nobody went on with; returns the bytes that it freed.

        What is young may be about to be used and stays.
        """
        before = time.time() - _GRACE_S
        freed = sum(self._drop(blob, before) for blob in self._blobs.glob("*/*"))
        for part in self._parts.glob("*.part"):
            with suppress(FileNotFoundError):
                if part.stat().st_mtime < time.time() - _PARTS_KEPT_S:
                    forget_part(part)
        return freed

    def _drop(self, blob: Path, before: float = math.inf) -> int:
        with self._changing_blobs(), suppress(FileNotFoundError):
            found = blob.stat()
            if found.st_nlink == 1 and found.st_mtime <= before:
                blob.unlink()
                return found.st_size
        return 0

    @contextmanager
    def _changing_blobs(self) -> Generator[None]:
        """No other thread or process comes between a blob and its name meanwhile. Held for a moment only."""
        path = self.root / ".locks" / "blobs"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def check_room(self, needed: int) -> None:
        """Raises `disk_full` where `needed` bytes, and a little for everything else, do not fit."""
        if needed > 0 and needed + _RESERVE > self.room():
            raise disk_full(self.root, needed + _RESERVE)

    def room(self) -> int:
        """The bytes that are free; the folder need not be there yet."""
        return shutil.disk_usage(next(each for each in (self.root, *self.root.parents) if each.is_dir())).free


def forget_part(part: Path) -> None:
    """Remove a part with all that lies beside it, unless somebody is at it."""
    if discard_free(part):
        shutil.rmtree(wheels_beside(part), ignore_errors=True)


def sync_folders(*folders: Path) -> None:
    """Have the names in them on the disk."""
    for path in folders:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def write_durably(path: Path, data: bytes) -> None:
    """Replace the file, whole or not at all."""
    aside = path.with_name(f"{path.name}.new")
    with aside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    sync_folders(path.parent)


def disk_full(folder: Path, needed: int = 0) -> JixiError:
    free = shutil.disk_usage(folder if folder.is_dir() else folder.parent).free
    return problem("disk_full", folder=str(folder), free=_shown(free), needed=_shown(needed))


def disk_problem(error: OSError, folder: Path, needed: int = 0) -> Exception:
    """The problem that `error` is, where the disk is full; else the error."""
    return disk_full(folder, needed) if error.errno in _FULL else error


def _shown(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"


def folders_of(root: Path) -> Iterator[Path]:
    """The folders of the variants that are here, or partly here."""
    for model in sorted(root.glob("[!.]*")):
        yield from (each for each in sorted(model.glob("[!.]*")) if each.is_dir())
