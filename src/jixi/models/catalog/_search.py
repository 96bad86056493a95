"""Finding entries: by words, by what they must be, in an order."""

from collections.abc import Callable, Iterable
from typing import Any, Final, Literal

from msgspec import Struct

from jixi.models.catalog._entry import Entry, LicenceClass, Task, sizes

Access = Literal["open", "closed"]
Sort = Literal["name", "released", "-released", "parameters", "-parameters", "bytes", "-bytes"]


class Query(Struct, frozen=True, kw_only=True):
    """What is looked for; None is "any". All `text`'s words must be found. Sizes are in weights and in bytes.

    `family`, `publisher` and `licence` are compared without regard to case, and `family` also finds its generations:
    "qwen" finds Qwen3. A model fits `max_bytes`, `format` and `engine` where one of its variants fits all of them.
    """

    text: str = ""
    family: str | None = None
    publisher: str | None = None
    task: Task | None = None
    language: str | None = None
    licence: str | None = None
    licence_class: LicenceClass | None = None
    level: str | None = None
    access: Access | None = None
    format: str | None = None
    engine: str | None = None
    min_parameters: int | None = None
    max_parameters: int | None = None
    max_bytes: int | None = None
    sort: Sort = "name"


def search(entries: Iterable[Entry], query: Query, class_of: Callable[[Entry], LicenceClass]) -> list[Entry]:
    """The entries that fit, sorted; where two are equal, by id. What lacks the figure sorted by comes last."""
    found = [entry for entry in entries if _fits(entry, query, class_of)]
    key, down = _KEYS[query.sort.removeprefix("-")], query.sort.startswith("-")
    found.sort(key=lambda entry: entry.id)
    known = [entry for entry in found if key(entry) is not None]
    known.sort(key=key, reverse=down)
    return known + [entry for entry in found if key(entry) is None]


def _fits(entry: Entry, query: Query, class_of: Callable[[Entry], LicenceClass]) -> bool:
    total = entry.parameters.total if entry.parameters else None
    return (
        _same(query.publisher, entry.publisher)
        and _same(query.licence, entry.licence)
        and query.task in (None, *entry.tasks)
        and query.language in (None, *entry.languages)
        and query.level in (None, entry.level)
        and query.access in (None, "closed" if entry.closed else "open")
        and query.licence_class in (None, class_of(entry))
        and _between(query.min_parameters, total, query.max_parameters)
        and entry.family.casefold().startswith((query.family or "").casefold())
        and _has_variant(entry, query)
        and _mentions(entry, query.text)
    )


def _same(wanted: str | None, value: str) -> bool:
    return wanted is None or wanted.casefold() == value.casefold()


def _between(least: int | None, value: int | None, most: int | None) -> bool:
    if value is None:
        return least is None and most is None
    return (least is None or least <= value) and (most is None or value <= most)


def _has_variant(entry: Entry, query: Query) -> bool:
    if query.format is query.engine is query.max_bytes is None:
        return True
    for variant in entry.variants:
        size = entry.size(variant)
        if (
            query.format in (None, variant.format)
            and query.engine in (None, *variant.engines)
            and _between(None, size.bytes if size else None, query.max_bytes)
        ):
            return True
    return False


def _mentions(entry: Entry, text: str) -> bool:
    texts = (entry.description.en, entry.description.zh)
    all_words = "\n".join(
        (entry.id, entry.name, entry.family, entry.publisher, *entry.aliases, *entry.tasks, *texts)
    ).casefold()
    return all(word in all_words for word in text.casefold().split())


_KEYS: Final[dict[str, Callable[[Entry], Any]]] = {
    "name": lambda entry: entry.name.casefold(),
    "released": lambda entry: entry.released,
    "parameters": lambda entry: entry.parameters.total if entry.parameters else None,
    "bytes": lambda entry: min((size.bytes for size in sizes(entry)), default=None),
}
