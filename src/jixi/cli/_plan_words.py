"""Flags of `jixi plan` as requests of the API."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

import typer

if TYPE_CHECKING:
    from pydantic import BaseModel

_UNITS: Final = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "G": 10**9, "T": 10**12}
# Values that stay words, whatever they look like.
_WORDS: Final = ("chip", "name", "currency", "tornado")
Q = TypeVar("Q", bound="BaseModel")


def request_of(kind: type[Q], model: str, said: Mapping[str, Any], more: Sequence[str]) -> Q:
    """The request that the flags and the `--set` make together; raises `typer.BadParameter`."""
    from pydantic import ValidationError

    wanted: dict[str, Any] = {}
    for name, value in said.items():
        if value is not None:
            _put(wanted, name, value)
    for each in more:
        name, is_one, value = each.partition("=")
        if not is_one:
            raise typer.BadParameter(f"{each!r} is not of the form NAME=VALUE")
        _put(wanted, name, value)
    facts = wanted.get("model")
    wanted["model"] = {"name": model, **facts} if isinstance(facts, dict) else model
    try:
        return kind.model_validate(wanted)
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise typer.BadParameter("; ".join(wrong)) from error


def read_option(text: str) -> dict[str, Any]:
    """NAME=KIND:CHIP, and more of it behind commas; raises `typer.BadParameter`."""
    first, *more = text.split(",")
    name, is_one, what = first.partition("=")
    if not is_one:
        raise typer.BadParameter(f"{text!r} is not of the form NAME=KIND:CHIP", param_hint="--option")
    kind, _, chip = what.partition(":")
    option: dict[str, Any] = {"name": name, "kind": kind}
    if chip:
        _put(option, "hardware.chip", chip)
    for each in more:
        said, _, value = each.partition("=")
        _put(option, said, value)
    return option


def _put(into: dict[str, Any], name: str, value: Any) -> None:
    first, _, rest = name.partition(".")
    if not rest:
        into[name] = _value(value) if isinstance(value, str) and name not in _WORDS else value
        return
    inside: Any = into.setdefault(first, {})
    if isinstance(inside, str | int | float | list):
        raise typer.BadParameter(f"{name} is inside {first}, which has a value already")
    _put(inside, rest, value)


def _value(text: str) -> Any:
    """1e12, 8B and 4K are numbers, true and false what they say, anything else a word."""
    if text in ("true", "false"):
        return text == "true"
    found = re.fullmatch(r"(-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?) ?([KMBGT]?)", text)
    if found is None:
        return text
    number = float(found[1]) * _UNITS[found[2]]
    return int(number) if number.is_integer() else number
