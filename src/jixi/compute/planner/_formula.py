"""Formulas as text: what is shown and exported is what was computed, so that the two cannot differ.

Names, numbers, + - * / **, and a few functions that spreadsheets have as well.
"""

import ast
import math
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

_FUNCTIONS: Final[Mapping[str, Callable[..., float]]] = MappingProxyType(
    {"min": min, "max": max, "ceil": math.ceil, "floor": math.floor, "sqrt": math.sqrt, "log": math.log}
)
_SIGNS: Final[Mapping[type[ast.operator], tuple[str, int]]] = MappingProxyType(
    {ast.Add: ("+", 1), ast.Sub: ("-", 1), ast.Mult: ("*", 2), ast.Div: ("/", 2), ast.Pow: ("^", 3)}
)
"""How spreadsheets write an operator, and how closely it binds."""
# The whole number above: spreadsheets have no function for it that all of them know.
_WRITTEN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "min": "MIN({})",
        "max": "MAX({})",
        "ceil": "(-INT(-({})))",
        "floor": "INT({})",
        "sqrt": "SQRT({})",
        "log": "LN({})",
    }
)
_Formula = Callable[[Mapping[str, float]], float]


def evaluate(formula: str, values: Mapping[str, float]) -> float:
    """The number that a formula makes of named values. A name without a value is our own defect: KeyError."""
    return float(_read(formula)(values))


@cache
def names(formula: str) -> tuple[str, ...]:
    """The values that a formula asks for, in their order, without repeats."""
    found = [node.id for node in ast.walk(_tree(formula)) if isinstance(node, ast.Name)]
    return tuple(dict.fromkeys(name for name in found if name not in _FUNCTIONS))


def _tree(formula: str) -> ast.expr:
    return ast.parse(formula, mode="eval").body


def spreadsheet(formula: str, cells: Mapping[str, str]) -> str:
    """The same formula as spreadsheets write it, without the sign that opens one; `cells` has a cell for every name."""
    return _written(_tree(formula), cells)


def _written(node: ast.expr, cells: Mapping[str, str]) -> str:
    match node:
        case ast.Constant(value=int() | float() as number):
            return repr(number)
        case ast.Name(id=name):
            return cells[name]
        case ast.BinOp(left=left, op=op, right=right):
            sign, rank = _SIGNS[type(op)]
            # Spreadsheets read a ^ b ^ c from the left, Python from the right: a power inside a power is always closed.
            first = _closed(left, cells, rank + (sign == "^"))
            return f"{first}{sign}{_closed(right, cells, rank + 1)}"
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in _WRITTEN:
            return _WRITTEN[name].format(",".join(_written(each, cells) for each in arguments))
        case _:
            raise SyntaxError(f"no formula: {ast.unparse(node)}")


def _closed(node: ast.expr, cells: Mapping[str, str], least: int) -> str:
    """In parentheses where it binds less than `least`."""
    text = _written(node, cells)
    return f"({text})" if isinstance(node, ast.BinOp) and _SIGNS[type(node.op)][1] < least else text


@cache
def _read(formula: str) -> _Formula:
    """Read once: a search of layouts or batches asks for the same formula thousands of times."""
    return _value(_tree(formula))


def _value(node: ast.expr) -> _Formula:
    match node:
        case ast.Constant(value=int() | float() as number):
            return lambda values: number
        case ast.Name(id=name):
            return lambda values: values[name]
        case ast.BinOp(left=left, op=op, right=right):
            return _joined(_value(left), op, _value(right))
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in _FUNCTIONS:
            function, parts = _FUNCTIONS[name], [_value(each) for each in arguments]
            return lambda values: function(*[part(values) for part in parts])
        case _:
            raise SyntaxError(f"no formula: {ast.unparse(node)}")


def _joined(left: _Formula, op: ast.operator, right: _Formula) -> _Formula:
    match op:
        case ast.Add():
            return lambda values: left(values) + right(values)
        case ast.Sub():
            return lambda values: left(values) - right(values)
        case ast.Mult():
            return lambda values: left(values) * right(values)
        case ast.Div():
            return lambda values: left(values) / right(values)
        case ast.Pow():
            return lambda values: left(values) ** right(values)
        case _:
            raise SyntaxError(f"no formula: {ast.dump(op)}")
