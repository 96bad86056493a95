"""The catalogue: every entry and every licence that is shipped, read once."""

from collections.abc import Callable, Iterable, Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Self, TypeVar

import msgspec

from jixi.core.errors import problem
from jixi.models.catalog._entry import Entry, Licence, decode_hook
from jixi.models.catalog._search import Query, search

T = TypeVar("T")


class Catalog:
    """Entries by id or alias, and the licences that they name."""

    def __init__(self, entries: Iterable[Entry], licences: Iterable[Licence] = ()) -> None:
        self._shipped = tuple(entries)
        self._licences = {licence.id: licence for licence in licences}
        self._own: list[Entry] = []
        self._take(self._shipped)

    @classmethod
    def load(cls, own: Iterable[Entry] = (), shipped: Traversable | None = None) -> Self:
        """The `shipped` entries and licences, by default those of this package, and `own` ones as `renew` takes them.

        Raises `catalogue_invalid` with the name of a file that is broken.
        """
        folder = shipped or files(__package__ or __name__)
        licences = list(_read(folder.joinpath("licences"), _read_licence))
        made = cls(_read(folder.joinpath("entries"), read_entry), licences)
        made.renew(own)
        return made

    def renew(self, own: Iterable[Entry]) -> None:
        """Have these beside the shipped ones, which go before them, and no others.

        One whose licence is not known here is left out.
        """
        known = {entry.id for entry in self._shipped}
        more = [entry for entry in own if entry.id not in known and entry.licence in self._licences]
        if more != self._own:
            self._own = more
            self._take([*self._shipped, *more])

    def _take(self, entries: Iterable[Entry]) -> None:
        self._entries = {entry.id: entry for entry in sorted(entries, key=lambda entry: entry.id)}
        self._aliases = {alias: entry.id for entry in self._entries.values() for alias in entry.aliases}

    def get(self, name: str) -> Entry:
        """The entry with that id or alias; raises `model_not_found`."""
        entry = self._entries.get(self._aliases.get(name, name))
        if entry is None:
            raise problem("model_not_found", model=name)
        return entry

    def licence(self, entry: Entry) -> Licence:
        """The licence of the entry's weights. One that we do not know is our own defect: KeyError."""
        return self._licences[entry.licence]

    def search(self, query: Query) -> list[Entry]:
        """The entries that fit, in the order asked for."""
        return search(self, query, lambda entry: self.licence(entry).licence_class)

    def licences(self) -> Iterable[Licence]:
        return self._licences.values()

    def __contains__(self, name: str) -> bool:
        return self._aliases.get(name, name) in self._entries

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())


def read_entry(text: bytes) -> Entry:
    """The entry that a file describes; raises `msgspec.MsgspecError`."""
    return msgspec.toml.decode(text, type=Entry, dec_hook=decode_hook)


def licence_text(licence: str) -> str | None:
    """The text of a licence, where we may ship it; carriers of weights rarely do."""
    path = files(__package__ or __name__).joinpath("licences", f"{licence}.txt")
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _read_licence(text: bytes) -> Licence:
    return msgspec.toml.decode(text, type=Licence)


def _read(folder: Traversable, read: Callable[[bytes], T]) -> Iterator[T]:
    for path in folder.iterdir():
        if path.name.endswith(".toml"):
            try:
                yield read(path.read_bytes())
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise problem("catalogue_invalid", file=path.name, reason=str(error)) from error
