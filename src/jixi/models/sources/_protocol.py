"""The `Source` protocol: where the bytes of a model's files come from. The digest decides, never the source."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol

from jixi.models.catalog import ModelFile, Origin
from jixi.models.sources._part import Part

Report = Callable[[int], None]


class Sought(Protocol):
    """What is to be brought: a variant of the catalogue, or what is to become a version of a model of one's own.

    A `format` of None leaves it open: whatever can be read safely.
    """

    @property
    def sources(self) -> Sequence[Origin]: ...
    @property
    def format(self) -> str | None: ...


class RemoteFile(NamedTuple):
    """A file as a source has it. `sha256` or `git` (what Git names the bytes) decides, where one is known."""

    role: str
    name: str
    bytes: int | None
    sha256: str | None
    git: str | None = None
    named: bool = False
    """Whether the catalogue names it, or a source does alone."""

    @classmethod
    def of(cls, file: ModelFile) -> "RemoteFile":
        """A file as the catalogue knows it."""
        return cls(file.role, file.name, file.bytes, file.sha256, named=True)


class Listing(NamedTuple):
    """The files of a model as a source has them, at one `revision` of it ("" where it has none)."""

    revision: str
    files: Sequence[RemoteFile]
    check: Callable[[RemoteFile], Awaitable[None]] | None = None
    """Raises SourceError unless whoever asks may have the file: for one whom bytes that are here may not belong to."""


class Source(Protocol):
    """Knows and brings the files of one variant of a model.

    `listing` says which files those are: the ones that the catalogue names (`known`), completed with what the source
    tells of them, or all that it has where the catalogue names none. `bring` puts a file's bytes into `part`, which may
    hold some already; it calls `report` with the bytes that are there, and verifies nothing; cancelling leaves a usable
    part. Both raise SourceError where this source cannot help (the next one is tried).
    """

    name: str

    async def listing(self, known: Sequence[RemoteFile]) -> Listing: ...

    async def bring(self, file: RemoteFile, revision: str, part: Part, report: Report) -> None: ...


class SourceError(Exception):
    """A source cannot bring the file; the message says why, in a few words."""


class LackingError(SourceError):
    """The source was asked, and does not have what the model needs: no other try changes that."""


def only_known(known: Sequence[RemoteFile]) -> Listing:
    """The listing of a source that cannot be asked what it has."""
    if not known:
        raise SourceError("the catalogue names no files, and it cannot be asked for them")
    return Listing("", known)
