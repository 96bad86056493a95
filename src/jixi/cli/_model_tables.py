"""Models for people: a list and a comparison that fit into 80 columns, and the page of one model."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import typer

from jixi.cli._say import Terminal

if TYPE_CHECKING:
    from jixi.models.catalog import Catalog, Entry, Query, Size, Value, Variant
    from jixi.models.sources import ModelStore

_UNITS: Final = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12}
_NUMBERS: Final = ("min_parameters", "max_parameters", "max_bytes")
WHERE: Final = (
    "family",
    "publisher",
    "language",
    "level",
    "access",
    "format",
    "engine",
    *_NUMBERS,
)


def query_of(words: Sequence[str], task: str | None, licence: str | None, where: Sequence[str]) -> "Query":
    """What the list is asked for. `licence` is a class or the id of one. Raises `typer.BadParameter`."""
    import msgspec

    from jixi.models.catalog import Query

    wanted: dict[str, Any] = {"text": " ".join(words), "task": task}
    if licence is not None:
        wanted["licence_class" if licence in ("commercial", "research") else "licence"] = licence
    for condition in where:
        name, is_one, value = condition.partition("=")
        if name not in WHERE or not is_one:
            raise typer.BadParameter(
                f"{condition!r} is not one of {', '.join(f'{each}=…' for each in WHERE)}"
            )
        wanted[name] = _number(value) if name in _NUMBERS else value
    try:
        return msgspec.convert(wanted, Query)
    except msgspec.ValidationError as error:
        raise typer.BadParameter(str(error)) from error


def model_row(entry: "Entry", catalog: "Catalog", state: str, terminal: Terminal) -> tuple[str, ...]:
    size = entry.size(entry.variant()) if entry.variants else None
    return (
        entry.id,
        entry.parameters.label if entry.parameters else "–",
        _size(size),
        class_word(catalog.licence(entry).licence_class, terminal),
        state,
    )


def print_model(terminal: Terminal, catalog: "Catalog", entry: "Entry", store: "ModelStore") -> None:
    """What it is, what it may be used for, and how to have it."""
    from jixi.models.catalog import compare

    out, language = terminal.out, terminal.language
    out.print(f"[bold]{entry.name}[/] ({entry.id})\n{entry.description.text(language)}\n")
    out.print(entry.card.text(language) + "\n", soft_wrap=False)
    rows = compare([entry], catalog.licence)
    terminal.table(("", ""), [(row.label.text(language), shown(row.fact, row.values[0])) for row in rows])
    licence = catalog.licence(entry)
    out.print(f"\n{licence.name}", licence.url or "")
    if licence.conditions is not None:
        out.print(licence.conditions.text(language), soft_wrap=False)
    if entry.variants:
        out.print("")
        columns = ("VARIANT", terminal.say("SIZE", "大小"), terminal.say("ENGINES", "引擎"))
        variants = [(each.id, _size(entry.size(each)), ", ".join(each.engines)) for each in entry.variants]
        terminal.table(columns, variants)
        for variant in entry.variants:
            _print_origins(terminal, variant)
        here = entry.variant().packaged or store.files(entry) is not None
        if not here:
            terminal.done(
                f"\nFetch it with 'jixi models pull {entry.id}'.", f"\n下载：jixi models pull {entry.id}"
            )
    if entry.provider is not None:
        vendor, model, address = entry.provider.vendor, entry.provider.model, entry.provider.base_url
        command = f"jixi providers add {vendor} --vendor {vendor} --model {entry.id}={model}"
        command += f" --base-url {address}" if address else ""
        terminal.done(f"\nCall it at its vendor: '{command}'.", f"\n可向供应商调用：{command}")


def _print_origins(terminal: Terminal, variant: "Variant") -> None:
    """Where its files come from, and their digests as `sha256sum` writes them."""
    lines = [f"{each.kind}  {each.where}" for each in variant.sources]
    if variant.packaged:
        lines.append(terminal.say("It came with Jixi.", "随 Jixi 一同安装。"))
    lines += [f"{file.sha256}  {file.name}" for file in variant.files if file.sha256 is not None]
    terminal.out.print(f"\n{variant.id}", markup=False, highlight=False)
    for line in lines:
        terminal.out.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)


def print_comparison(terminal: Terminal, catalog: "Catalog", entries: Sequence["Entry"]) -> None:
    from jixi.models.catalog import compare

    rows = [
        (row.label.text(terminal.language), *(shown(row.fact, value) for value in row.values))
        for row in compare(entries, catalog.licence)
    ]
    terminal.table(("", *(entry.id for entry in entries)), rows)


def class_word(licence_class: str, terminal: Terminal) -> str:
    if licence_class == "commercial":
        return terminal.say("commercial", "可商用")
    return terminal.say("research", "可研究")


def shown(fact: str, value: "Value") -> str:
    """A value of a comparison for people."""
    match value:
        case None:
            return "–"
        case list():
            return ", ".join(value) or "–"
        case int() if fact.endswith("bytes"):
            return _bytes(value)
        case int():
            return f"{value:,}"
        case str():
            return value


def _size(size: "Size | None") -> str:
    return "–" if size is None else ("~" if size.estimated else "") + _bytes(size.bytes)


def _bytes(count: int) -> str:
    for unit, factor in (("TB", 10**12), ("GB", 10**9)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count / 10**6:.0f} MB"


def _number(text: str) -> int:
    """8000000000, 8B or 6GB; raises `typer.BadParameter`."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([KMGT]?)(B?)", text.upper())
    if found is None:
        raise typer.BadParameter(f"{text!r} is no number such as 8B or 6GB")
    digits, letter, byte = found.groups()
    return round(float(digits) * _UNITS[letter or byte])
