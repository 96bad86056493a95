"""Which of the files that a source has belong to the model."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Final

from jixi.models.formats import allowed_name
from jixi.models.sources._names import NAME
from jixi.models.sources._protocol import RemoteFile, SourceError

_MOST_FILES: Final = 10_000
_WEIGHTS: Final = (".gguf", ".safetensors")
_USUAL: Final = ("*",)


def chosen(
    files: Sequence[RemoteFile], known: Sequence[RemoteFile], include: Sequence[str]
) -> list[RemoteFile]:
    """The files of `known` as the source has them, or all that `include` names where nothing is known.

    A pattern without a slash is for files at the top. Files that no model needs are passed over; a list without
    weights that can be read safely is refused. Raises SourceError.
    """
    if known:
        by_name = {file.name: file for file in files}
        return [_completed(file, by_name) for file in known]
    found = [file for file in files if re.fullmatch(NAME, file.name) and allowed_name(file.name)]
    found = [file for file in found if any(_matches(file.name, pattern) for pattern in include or _USUAL)]
    if len(found) > _MOST_FILES:
        raise SourceError("it has too many files for a model")
    weights = [file for file in found if file.name.lower().endswith(_WEIGHTS)]
    if not weights:
        raise SourceError("it has no weights in GGUF or safetensors, the formats that run no code")
    if len({file.name.lower() for file in found}) != len(found):
        raise SourceError("two of its files have one name")
    # What an engine is pointed at, where that is one file.
    return [file._replace(role="model") if [file] == weights else file for file in found]


def _matches(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) and ("/" in pattern or "/" not in name)


def _completed(known: RemoteFile, by_name: dict[str, RemoteFile]) -> RemoteFile:
    """A file of the catalogue with the digest of the source, where the catalogue has none."""
    found = by_name.get(known.name)
    if found is None:
        raise SourceError(f"it has no {PurePosixPath(known.name).name}")
    if known.sha256 is not None:
        return known._replace(bytes=found.bytes if known.bytes is None else known.bytes)
    if known.bytes not in (None, found.bytes):
        raise SourceError(f"its {known.name} has {found.bytes} bytes, not {known.bytes}")
    return found._replace(role=known.role, named=True)
