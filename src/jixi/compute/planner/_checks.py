"""What no plan is made from: numbers that are missing, absurd, or that contradict each other."""

import math
from collections.abc import Iterable

from jixi.core.errors import JixiError, problem


def checked(name: str, value: float, least: float, most: float) -> float:
    """The value, if it is a number from `least` to `most`; raises `planner_value_out_of_range`."""
    if not (math.isfinite(value) and least <= value <= most):
        low, high = f"{least:g}", f"{most:g}"
        raise problem("planner_value_out_of_range", param=name, name=name, value=value, least=low, most=high)
    return value


def chosen(name: str, value: str, choices: Iterable[str]) -> None:
    """Raises `planner_choice_unknown` unless the value is one of them."""
    if value not in (known := list(choices)):
        raise problem("planner_choice_unknown", param=name, name=name, value=value, choices=", ".join(known))


def contradiction(name: str, value: object, other: str, bound: object) -> JixiError:
    """The problem with two values that cannot both be true, for who raises it."""
    return problem("planner_values_contradict", param=name, name=name, value=value, other=other, bound=bound)


def missing(name: str, of: str) -> JixiError:
    """The problem with a number that nobody has said, for who raises it."""
    return problem("planner_value_missing", param=name, name=name, of=of)
