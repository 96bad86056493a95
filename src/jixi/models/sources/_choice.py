"""Which of the files that a source has belong to the model."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Final

from jixi.core.errors import problem
from jixi.models.formats import allowed_name
from jixi.models.sources._names import NAME
from jixi.models.sources._protocol import LackingError, RemoteFile, SourceError
from jixi.models.sources._shards import missing_parts, whole_of

_MOST_FILES: Final = 10_000
WEIGHTS: Final = (".gguf", ".safetensors")
"""The formats that run no code, as names end."""
_MOST_NAMED: Final = 5
_USUAL: Final = ("*",)


def chosen(
    files: Sequence[RemoteFile],
    known: Sequence[RemoteFile],
    include: Sequence[str],
    weights: Sequence[str] = WEIGHTS,
) -> list[RemoteFile]:
    """The files of `known` as the source has them, or all that `include` names where nothing is known.

    A pattern without a slash is for files at the top. Files that no model needs are passed over, and weights whose
    names do not end as `weights` says; a list without weights that can be read safely, with a part of them, or with
    several models, is refused. Raises SourceError.
    """
    if known:
        by_name = {file.name: file for file in files}
        return [_completed(file, by_name) for file in known]
    found = [file for file in files if re.fullmatch(NAME, file.name) and allowed_name(file.name)]
    found = [file for file in found if any(_matches(file.name, pattern) for pattern in include or _USUAL)]
    found = [file for file in found if not _ends(file, WEIGHTS) or _ends(file, weights)]
    if len(found) > _MOST_FILES:
        raise SourceError("it has too many files for a model")
    holding = [file for file in found if _ends(file, weights)]
    if not holding:
        wanted = " or ".join("GGUF" if suffix == ".gguf" else suffix[1:] for suffix in weights)
        raise LackingError(f"it has no weights in {wanted}; formats that run code are passed over")
    refuse_missing(missing_parts({file.name for file in holding}))
    if len({file.name.lower() for file in found}) != len(found):
        raise SourceError("two of its files have one name")
    pointed_at = _pointed_at(holding)
    return [file._replace(role="model") if file is pointed_at else file for file in found]


def _pointed_at(holding: Sequence[RemoteFile]) -> RemoteFile | None:
    """What an engine is pointed at, where that is one file: of a GGUF model in parts, the first.

    Raises SourceError where there are several models. Of safetensors nobody can tell: a folder of them may be one.
    """
    main = [file for file in holding if _ends(file, [".gguf"]) and not _is_beside(file)]
    models = sorted({whole_of(file.name) for file in main})
    if len(models) > 1 or (main and any(_ends(file, [".safetensors"]) for file in holding)):
        _refuse_several(models if len(models) > 1 else ["GGUF", "safetensors"])
    if main:
        return min(main, key=lambda file: file.name)
    return holding[0] if len(holding) == 1 else None


def _refuse_several(models: Sequence[str]) -> None:
    more = f" and {len(models) - _MOST_NAMED} more" if len(models) > _MOST_NAMED else ""
    choices = f"{', '.join(models[:_MOST_NAMED])}{more}"
    raise SourceError(f"it has several models: {choices}") from problem("model_ambiguous", choices=choices)


def _is_beside(file: RemoteFile) -> bool:
    """Whether a file is no model but a tower for images that goes with one, or what a quantisation was made by."""
    name = PurePosixPath(file.name).name.lower()
    return "mmproj" in name or "imatrix" in name


def refuse_missing(names: Sequence[str]) -> None:
    """Raises LackingError that names them, if there are any."""
    if names:
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        raise LackingError(f"it lacks {', '.join(names[:_MOST_NAMED])}{more}")


def _ends(file: RemoteFile, suffixes: Sequence[str]) -> bool:
    return file.name.lower().endswith(tuple(suffixes))


def _matches(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) and ("/" in pattern or "/" not in name)


def _completed(known: RemoteFile, by_name: dict[str, RemoteFile]) -> RemoteFile:
    """A file of the catalogue with the digest of the source, where the catalogue has none."""
    found = by_name.get(known.name)
    if found is None:
        raise LackingError(f"it has no {PurePosixPath(known.name).name}")
    if known.sha256 is not None:
        return known._replace(bytes=found.bytes if known.bytes is None else known.bytes)
    if known.bytes not in (None, found.bytes):
        raise SourceError(f"its {known.name} has {found.bytes} bytes, not {known.bytes}")
    return found._replace(role=known.role, named=True)
