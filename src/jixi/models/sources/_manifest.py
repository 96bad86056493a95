"""What a variant consists of, once it is here: written last, read by everybody, moved with the model."""

from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from jixi.models.sources._layout import write_durably
from jixi.models.sources._names import NAME, SHA256, WORD

_FILE: Final = ".manifest"
_ENTRY: Final = ".entry"
_ROTTEN: Final = ".rotten"
Word = Annotated[str, Meta(pattern=WORD)]


class KeptFile(Struct, frozen=True):
    """A file with the digest that was found when it came."""

    role: str
    name: Annotated[str, Meta(pattern=NAME)]
    bytes: Annotated[int, Meta(ge=0)]
    sha256: Annotated[str, Meta(pattern=SHA256)]


class Manifest(Struct, frozen=True):
    """The files of a variant, and which commit of which source they are of."""

    model: Word
    variant: Word
    source: str
    revision: str
    files: Annotated[list[KeptFile], Meta(min_length=1, max_length=10_000)]
    version: int = 1

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)


def read_manifest(folder: Path) -> Manifest | None:
    """None where there is none, or none that can be read: then nothing is here."""
    try:
        return msgspec.json.decode((folder / _FILE).read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """From now on the variant is here, and nothing else: engines would read what another revision has left, too."""
    write_durably(folder / _FILE, msgspec.json.encode(manifest))
    kept = {folder / name for name in (_FILE, _ENTRY, *(file.name for file in manifest.files))}
    for path in folder.rglob("*"):
        if path not in kept and not path.is_dir():
            path.unlink(missing_ok=True)


def write_entry(folder: Path, entry: bytes) -> None:
    """Keep the entry of a model that the catalogue lacks beside its files."""
    write_durably(folder / _ENTRY, entry)


def read_entry(folder: Path) -> bytes | None:
    """The entry that came with the files, if one did."""
    try:
        return (folder / _ENTRY).read_bytes()
    except OSError:
        return None


def drop_manifest(folder: Path) -> None:
    (folder / _FILE).unlink(missing_ok=True)


def rotten(folder: Path) -> list[str]:
    """The names of files that verification has found damaged, and nobody has brought again."""
    try:
        return (folder / _ROTTEN).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def note_rotten(folder: Path, names: list[str]) -> None:
    if names:
        write_durably(folder / _ROTTEN, "\n".join(names).encode())
    else:
        (folder / _ROTTEN).unlink(missing_ok=True)
