"""What figures are called: each in both languages, none twice in a plan, no word without a figure."""

import re
import tomllib
from pathlib import Path
from typing import Any

import jixi.compute.planner
from jixi.compute.planner import (
    GRIDS,
    PUE,
    UTILISATION,
    Sheet,
    api_tornado,
    edge_tornado,
    label_of,
    origin_of,
    serving_tornado,
    source_of,
    training_tornado,
    unit_of,
)
from tests.unit.planner.samples import hardware, sheets, tasks

SHEETS = dict(sheets())
WORDS: dict[str, Any] = tomllib.loads(
    Path(jixi.compute.planner.__file__).with_name("words.toml").read_text("utf-8")
)


def inputs() -> set[str]:
    """What a tornado turns."""
    training, fleet, serving, site = tasks()
    return {
        swing.name
        for pay in ("rented", "owned")
        for swing in (
            *training_tornado(training, fleet, site, pay),
            *serving_tornado(serving, hardware(), None, site, pay),
            *edge_tornado(serving, hardware(), None, site),
            *api_tornado(serving, 1, 3, 50),
        )
    }


def chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text) or text == "PUE"


def test_every_figure_and_every_input_of_a_tornado_is_called_something_in_both_languages() -> None:
    for name in {name for sheet in SHEETS.values() for name in sheet} | inputs():
        assert chinese(label_of(name, "zh")), name
        assert "_" not in label_of(name, "en"), name
        assert "{" not in label_of(name, "en") + label_of(name, "zh"), name


def test_tables_say_units_and_origins_in_the_readers_language_and_symbols_stay() -> None:
    for sheet in SHEETS.values():
        for figure in sheet.values():
            assert chinese(origin_of(figure.origin, "zh"))
            assert origin_of(figure.origin, "en") == figure.origin
            assert unit_of(figure.unit, "en") == figure.unit
            # What is left in Latin letters are symbols, which are short.
            words = re.findall("[a-z]{3,}", unit_of(figure.unit, "zh").replace("token", ""))
            assert not words, figure
    assert unit_of("USD/month", "zh") == "USD/月"


def test_no_two_figures_of_a_plan_are_called_the_same() -> None:
    for name, sheet in SHEETS.items():
        for language in ("en", "zh"):
            called = [label_of(figure, language) for figure in sheet]
            assert sorted(called) == sorted(set(called)), name


def test_what_the_planner_says_of_a_source_is_said_in_chinese_and_titles_stay() -> None:
    assumed = {each.source for kind in (GRIDS, PUE, UTILISATION) for each in kind.values()}
    for source in assumed | {each for sheet in SHEETS.values() for each in said(sheet)}:
        known = source in WORDS["sources"]
        assert known or source.startswith("https://") or source in ("bf16", "fp8", "int8"), source
        assert source_of(source, "en") == source
    assert source_of(None, "zh") is None
    assert source_of("NVIDIA H100 datasheet", "zh") == "NVIDIA H100 datasheet"


def said(sheet: Sheet) -> set[str]:
    """Sources but those of the catalogues: titles, addresses and names of models."""
    return {each.source for each in sheet.values() if each.source and each.origin not in ("chip", "model")}


def test_no_word_stands_there_for_a_figure_that_no_plan_has() -> None:
    names = {name for sheet in SHEETS.values() for name in sheet} | inputs()
    kinds = {name.replace("cache2", "cache").replace("cache1", "cache") for name in names}
    # These are figures of their own, too.
    kinds |= {"cache_size", "cache_sequence", "cache_mean"}
    assert set(WORDS["labels"]) - kinds == set()
