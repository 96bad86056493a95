"""The `Source` protocol: where the bytes of a model's file come from. The digest decides, never the source."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from jixi.models.catalog import ModelFile

Report = Callable[[int], None]


class Source(Protocol):
    """Brings one file.

    `bring` appends to `part` until it holds the whole file; what `part` holds already may be kept where the source can
    go on from there, else it starts anew. It calls `report` with the bytes that are there. It verifies nothing. It
    raises `SourceError` where this source cannot help (the next one is tried); cancelling leaves a usable part.
    """

    name: str

    async def bring(self, file: ModelFile, part: Path, report: Report) -> None: ...


class SourceError(Exception):
    """A source cannot bring the file; the message says why, in a few words."""
