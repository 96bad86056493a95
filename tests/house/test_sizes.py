"""The proportions of the house: files, functions and signatures that one can take in at a glance.

`pytest tests/house/test_sizes.py -s` prints the medians and the longest of each.
"""

import ast
from collections.abc import Iterable, Iterator
from statistics import median, quantiles

import pytest

from tests.house.tree import Finding, Source, found, obey, product, suites

LONGEST_FILE, LONGEST_FUNCTION, MOST_PARAMETERS = 500, 60, 8
MEDIAN_FILE, MEDIAN_FUNCTION = 150, 15

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def length(function: Function) -> int:
    """Lines from `def` to the end; decorators and blank lines around do not count."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def parameters(function: Function) -> int:
    every = function.args
    names = [argument.arg for argument in (*every.posonlyargs, *every.args, *every.kwonlyargs)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def file_too_long(item: Source) -> Iterator[Finding]:
    lines = len(item.text.splitlines())
    if lines > LONGEST_FILE:
        yield 1, f"{lines} lines, {LONGEST_FILE} are the limit"


def function_too_long(item: Source) -> Iterator[Finding]:
    for function in functions(item.tree):
        if length(function) > LONGEST_FUNCTION:
            yield (
                function.lineno,
                f"{function.name} has {length(function)} lines, {LONGEST_FUNCTION} are the limit",
            )


def too_many_parameters(item: Source) -> Iterator[Finding]:
    for function in functions(item.tree):
        if parameters(function) > MOST_PARAMETERS:
            yield (
                function.lineno,
                f"{function.name} takes {parameters(function)} parameters; make an options object",
            )


def test_no_file_is_longer_than_it_should_be() -> None:
    obey(file_too_long, (*product(), *suites()))


def test_no_function_is_longer_than_a_screen() -> None:
    obey(function_too_long, (*product(), *suites()))


def test_no_signature_is_a_wall_of_parameters() -> None:
    obey(too_many_parameters, (*product(), *suites()))


def test_most_files_and_functions_are_short(capsys: pytest.CaptureFixture[str]) -> None:
    files = [len(item.text.splitlines()) for item in product()]
    bodies = [length(function) for item in product() for function in functions(item.tree)]
    with capsys.disabled():
        print(f"\n{_summary('files', files)}; {_summary('functions', bodies)}", end=" ")  # noqa: T201
    assert median(files) <= MEDIAN_FILE
    assert median(bodies) <= MEDIAN_FUNCTION


def _summary(what: str, values: Iterable[int]) -> str:
    values = list(values)
    tail = quantiles(values, n=10)[-1]
    return f"{what}: {len(values)}, median {median(values):.0f}, p90 {tail:.0f}, max {max(values)} lines"


def test_the_size_rules_measure_what_they_say() -> None:
    assert found(file_too_long, "x = 1\n" * 501) == ["501 lines, 500 are the limit"]
    assert found(file_too_long, "x = 1\n" * 500) == []
    body = "def f():\n" + "    x = 1\n" * 60
    assert found(function_too_long, body) == ["f has 61 lines, 60 are the limit"]
    assert found(too_many_parameters, "def f(a, b, c, d, /, e, f, *, g, h, i): ...") != []
    assert found(too_many_parameters, "class A:\n    def f(self, a, b, c, d, e, f, g, h): ...") == []
