"""Weights in several files: what a set of names, or the index beside them, says that is not there."""

import re
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec
from msgspec import Struct

_PART: Final = re.compile(r"(.+)-(\d{5})-of-(\d{5})(\.gguf|\.safetensors)", re.IGNORECASE)
_INDEX: Final = ".safetensors.index.json"
_MOST_PARTS: Final = 10_000


class _Index(Struct):
    weight_map: dict[str, str] = {}


def missing_parts(names: Collection[str]) -> list[str]:
    """The siblings of parts (`-00001-of-00003.gguf`) that are not among the names."""
    sets = {(found[1], found[3], found[4]) for name in names if (found := _PART.fullmatch(name))}
    return [
        name
        for stem, count, suffix in sorted(sets)
        for place in range(1, min(int(count), _MOST_PARTS) + 1)
        if (name := f"{stem}-{place:05}-of-{count}{suffix}") not in names
    ]


def whole_of(name: str) -> str:
    """What a file is a part of, by its name; itself where it is no part."""
    found = _PART.fullmatch(name)
    return f"{found[1]}{found[4]}" if found else name


def is_index(name: str) -> bool:
    """Whether a file of that name says in which files the tensors are."""
    return name.endswith(_INDEX)


def missing_shards(index: Path, name: str, names: Collection[str]) -> list[str]:
    """The files that an index, called `name`, gives tensors to and that are not among the names.

    An index of which nothing was taken is that of other weights. One that cannot be read says nothing.
    """
    folder = PurePosixPath(name).parent
    try:
        shards = {str(folder / each) for each in _read(index)}
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return []
    here = set(names)
    return sorted(shards - here) if shards & here else []


def _read(index: Path) -> set[str]:
    return set(msgspec.json.decode(index.read_bytes(), type=_Index).weight_map.values())
