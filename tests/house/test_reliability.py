"""The page of reliability: the tests that it names are there, and run with the counts that it says."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house.pages import page
from tests.house.test_sizes import functions
from tests.house.tree import calls, suites

_TEST = re.compile(r"`(test_\w+)`")
_COUNTS = re.compile(r"(\d+(?: \d{3})*) / (\d+(?: \d{3})*)")
_LABEL = re.compile(r"([FM]\d+)")
_SIDES = ["docs/reference/reliability.md", "docs/reference/reliability.zh.md"]


def rows(name: str) -> Iterator[tuple[list[str], list[str], set[tuple[int, int]]]]:
    """The labels of each row, its tests and its counts."""
    for line in page(name).text.splitlines():
        cells = line.split("|")
        if labels := _LABEL.findall(cells[1] if len(cells) > 1 else ""):
            counts = {(_number(small), _number(full)) for small, full in _COUNTS.findall(line)}
            yield labels, _TEST.findall(line), counts


def _number(text: str) -> int:
    return int(text.replace(" ", ""))


def sizes() -> dict[str, set[tuple[int, int]]]:
    """What each test of faults is sized to, small and in full."""
    return {
        function.name: {
            (small.value, full.value)
            for node, name in calls(function)
            if name == "sized"
            for small, full in [node.args]
            if isinstance(small, ast.Constant) and isinstance(full, ast.Constant)
        }
        for item in suites()
        for function in functions(item.tree)
        if function.name.startswith("test_")
    }


@pytest.mark.parametrize("side", _SIDES)
def test_every_fault_and_invariant_has_a_row_with_tests_that_are_there(side: str) -> None:
    told, known = list(rows(side)), sizes()
    labels = [label for each, _, _ in told for label in each]
    assert labels[:20] == [f"F{number}" for number in range(1, 21)]
    assert labels[-9:] == [f"M{number}" for number in range(1, 10)]
    assert [label for label, tests, _ in told if not tests] == []
    assert [test for _, tests, _ in told for test in tests if test not in known] == []


@pytest.mark.parametrize("side", _SIDES)
def test_the_counts_are_those_of_the_tests(side: str) -> None:
    known = sizes()
    for labels, tests, counts in rows(side):
        sized = set[tuple[int, int]]().union(*(known[test] for test in tests))
        assert counts <= sized, f"{labels}: {counts - sized}"
