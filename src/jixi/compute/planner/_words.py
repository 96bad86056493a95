"""What the figures of a sheet are called, their units, and who vouches for them, in both languages (words.toml)."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jixi.compute.planner._sheet import Origin
from jixi.core.errors import Language

_CACHE: Final = re.compile(r"cache([1-9][0-9]*)_([a-z]+)")
_PARTS: Final = re.compile(r"[A-Za-z]+")


def label_of(name: str, language: Language) -> str:
    """What a figure or an input of a plan is called; the name itself where it is called nothing else."""
    kind = ""
    if found := _CACHE.fullmatch(name):
        kind, name = found[1], f"cache_{found[2]}"
    english, chinese = _words()["labels"].get(name, (name, name))
    return (chinese if language == "zh" else english).format(kind)


def origin_of(origin: Origin, language: Language) -> str:
    """Where a figure comes from, as tables say it."""
    return _words()["origins"][origin] if language == "zh" else origin


def unit_of(unit: str, language: Language) -> str:
    """A unit as tables write it: symbols stay, words such as "month" are the reader's."""
    if language != "zh":
        return unit
    return _PARTS.sub(lambda part: _words()["units"].get(part[0], part[0]), unit)


def source_of(source: str | None, language: Language) -> str | None:
    """Who vouches for a figure; what has no Chinese, such as the title of a chip's sheet, as it is."""
    return _words()["sources"].get(source, source) if source and language == "zh" else source


@cache
def _words() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads(files(__package__ or __name__).joinpath("words.toml").read_text("utf-8"))
