"""Every plan shows its working: formulas that give the value again, units that come out, sources and marks."""

from collections import Counter

import pytest

from jixi.compute.planner import Sheet
from tests.unit.planner.algebra import number, unit, unit_of
from tests.unit.planner.samples import sheets

SHEETS = dict(sheets())
each_sheet = pytest.mark.parametrize("sheet", SHEETS.values(), ids=SHEETS)


@each_sheet
def test_every_computed_figure_is_what_its_formula_gives(sheet: Sheet) -> None:
    values = {name: figure.value for name, figure in sheet.items()}
    for figure in sheet.values():
        assert (figure.formula is not None) == (figure.origin == "computed")
        if figure.formula is not None:
            assert figure.value == pytest.approx(number(figure.formula, values), rel=1e-12)


@each_sheet
def test_the_units_of_every_formula_come_out(sheet: Sheet) -> None:
    units = {name: unit(figure.unit) for name, figure in sheet.items()}
    for figure in sheet.values():
        if figure.formula is not None:
            assert unit_of(figure.formula, units) == units[figure.name], figure


@each_sheet
def test_a_figure_stands_after_those_that_it_is_computed_from(sheet: Sheet) -> None:
    seen = set[str]()
    for name, figure in sheet.items():
        assert set(figure.inputs) <= seen, figure
        assert figure.name == name
        seen.add(name)


@each_sheet
def test_what_is_assumed_is_marked_and_has_a_source(sheet: Sheet) -> None:
    for figure in sheet.values():
        if figure.origin in ("assumed", "chip") and figure.name != "joined":
            assert figure.source, figure
        assert figure.marked or figure.origin != "assumed"
        assert not figure.marked or figure in sheet.marked()


def test_the_units_of_the_test_itself_are_told_apart() -> None:
    units = {"a": unit("B/s"), "b": unit("s"), "c": unit("B")}
    assert unit_of("a * b", units) == unit_of("max(0, c)", units) == Counter({"B": 1})
    assert unit_of("sqrt(b * b)", units) == Counter({"s": 1})
    for wrong in ("a + b", "min(a, c)", "log(b)", "2 ** b"):
        with pytest.raises(AssertionError):
            unit_of(wrong, units)
