"""The planner's formulas read a second time, independently of it: as numbers, and as units."""

import ast
import math
from collections import Counter
from collections.abc import Mapping

Units = Counter[str]


def number(formula: str, values: Mapping[str, float]) -> float:
    def of(node: ast.expr) -> float:
        if isinstance(node, ast.Constant):
            return float(str(node.value))
        if isinstance(node, ast.Name):
            return values[node.id]
        if isinstance(node, ast.BinOp):
            left, right = of(node.left), of(node.right)
            table = {"Add": left + right, "Sub": left - right, "Mult": left * right, "Pow": 0.0, "Div": 0.0}
            kind = type(node.op).__name__
            if kind == "Div":
                return left / right
            return left**right if kind == "Pow" else table[kind]
        assert isinstance(node, ast.Call)
        assert isinstance(node.func, ast.Name)
        given = [of(each) for each in node.args]
        if node.func.id in ("min", "max"):
            return sorted(given)[0 if node.func.id == "min" else -1]
        return float(getattr(math, node.func.id)(*given))

    return of(ast.parse(formula, mode="eval").body)


def unit(text: str) -> Units:
    """ "B/token" as powers of its symbols; "1" is none."""
    powers: Units = Counter()
    sign = 1
    for part in text.replace("*", " * ").replace("/", " / ").split():
        if part in "*/":
            sign = -1 if part == "/" else 1
        elif part != "1":
            powers[part] += sign
    return _plain(powers)


def unit_of(formula: str, units: Mapping[str, Units]) -> Units:
    """What comes out of a formula, in units; numbers have none. AssertionError where unlike things are added."""

    def of(node: ast.expr) -> Units:
        if isinstance(node, ast.Constant):
            return Counter()
        if isinstance(node, ast.Name):
            return units[node.id]
        if isinstance(node, ast.BinOp):
            return _joined(type(node.op).__name__, of(node.left), of(node.right))
        assert isinstance(node, ast.Call)
        assert isinstance(node.func, ast.Name)
        # Nothing at all may be compared with anything: max(0, …).
        given = [of(each) for each in node.args if not (isinstance(each, ast.Constant) and each.value == 0)]
        return _called(node.func.id, given)

    return _plain(of(ast.parse(formula, mode="eval").body))


def _called(function: str, given: list[Units]) -> Units:
    if function == "sqrt":
        assert all(power % 2 == 0 for power in given[0].values())
        return Counter({name: power // 2 for name, power in given[0].items()})
    assert all(kind == given[0] for kind in given)
    assert function in ("min", "max") or given == [Counter()]
    return given[0]


def _joined(kind: str, left: Units, right: Units) -> Units:
    if kind in ("Add", "Sub"):
        assert left == right
        return left
    if kind == "Pow":
        assert left == right == Counter()
        return left
    found = Counter(left)
    for name, power in right.items():
        found[name] += power if kind == "Mult" else -power
    return _plain(found)


def _plain(powers: Units) -> Units:
    return Counter({name: power for name, power in powers.items() if power})
