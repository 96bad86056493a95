"""Files of a folder of this machine: copied, for what others may change is no model of ours."""

from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

from jixi.models.catalog import FolderSource
from jixi.models.sources._choice import WEIGHTS, chosen
from jixi.models.sources._part import Part, Stamp
from jixi.models.sources._protocol import Listing, RemoteFile, Report, SourceError
from jixi.models.sources._threads import in_thread

_BLOCK: Final = 4 * 1024 * 1024
_MOST_FILES: Final = 10_000


class Folder:
    """A folder, or one file. Links that lead out of the folder are not followed."""

    name = "folder"

    def __init__(self, origin: FolderSource, weights: Sequence[str] = WEIGHTS) -> None:
        self._weights = weights
        self._path = Path(origin.path)

    async def listing(self, known: Sequence[RemoteFile]) -> Listing:
        if known:
            return Listing("", known)
        try:
            return Listing("", chosen(await in_thread(self._files), (), (), self._weights))
        except OSError as error:
            raise SourceError(error.strerror or str(error)) from error

    async def bring(self, file: RemoteFile, revision: str, part: Part, report: Report) -> None:
        path = self.place(file.name)
        try:
            with path.open("rb") as source:
                size = path.stat().st_size if file.bytes is None else file.bytes
                await copied(source, size, part, report)
        except FileNotFoundError as error:
            raise SourceError(f"it has no {file.name}") from error
        except PermissionError as error:
            raise SourceError(f"it may not read {file.name}") from error

    def _files(self) -> list[RemoteFile]:
        if self._path.is_file():
            return [RemoteFile("model", self._path.name, self._path.stat().st_size, None)]
        found: list[RemoteFile] = []
        for path in sorted(self._path.rglob("*")):
            if path.is_file() and len(found) <= _MOST_FILES:
                name = path.relative_to(self._path).as_posix()
                found.append(RemoteFile(name, name, path.stat().st_size, None))
        return found

    def place(self, name: str) -> Path:
        """The one place where a name becomes a path of the folder. Raises SourceError where that leads out of it."""
        if self._path.is_file():
            return self._path
        path, root = (self._path / name).resolve(), self._path.resolve()
        if not path.is_relative_to(root):
            raise SourceError(f"its {name} leads out of the folder")
        return path


async def copied(source: IO[bytes], size: int, part: Part, report: Report) -> None:
    """Copy what `source` has into the part; raises SourceError where that is not `size` bytes."""
    part.begin(Stamp(size=size))
    at = 0
    while block := await in_thread(source.read, _BLOCK):
        if at + len(block) > size:
            raise SourceError("it holds more than the file")
        await part.write(at, block)
        at += len(block)
        report(at)
    if at != size:
        raise SourceError(f"it holds {at} of {size} bytes")
