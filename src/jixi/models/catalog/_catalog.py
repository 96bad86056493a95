"""The catalogue: every entry that is shipped, read once."""

from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Self

import msgspec

from jixi.core.errors import problem
from jixi.models.catalog._entry import Entry


class Catalog:
    """Entries by id or alias."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = {entry.id: entry for entry in sorted(entries, key=lambda entry: entry.id)}
        self._aliases = {alias: entry.id for entry in self._entries.values() for alias in entry.aliases}

    @classmethod
    def load(cls) -> Self:
        """The entries of this package. A broken one is our own defect and raises."""
        folder = files(__package__ or __name__).joinpath("entries")
        texts = [path.read_bytes() for path in folder.iterdir() if path.name.endswith(".toml")]
        return cls(msgspec.toml.decode(text, type=Entry) for text in texts)

    def get(self, name: str) -> Entry:
        """The entry with that id or alias; raises `model_not_found`."""
        entry = self._entries.get(self._aliases.get(name, name))
        if entry is None:
            raise problem("model_not_found", model=name)
        return entry

    def __contains__(self, name: str) -> bool:
        return self._aliases.get(name, name) in self._entries

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())


def licence_text(licence: str) -> str:
    """The text of a licence that entries name; carriers of weights rarely ship it."""
    return files(__package__ or __name__).joinpath("licences", f"{licence}.txt").read_text(encoding="utf-8")
