"""Which figures decide, and how people read a value."""

from typing import Final

from jixi.compute.planner import unit_of
from jixi.core.errors import Language
from jixi.wire.admin import PlanFigure

_COSTS: Final = ("energy", "co2", "owned_cost", "rented_cost")
TRAINING: Final = (
    "model_flops",
    "needed",
    "utilisation",
    "scaling",
    "days",
    "failures",
    "accelerator_hours",
    *_COSTS,
)
"""Of a training run, in the order of reading."""
SERVING: Final = (
    "replica",
    "replicas",
    "accelerators",
    "weights",
    "cache_sequence",
    "batch",
    "first_token_seconds",
    "token_seconds",
    "output_rate",
    "most_output_rate",
    *_COSTS,
    "owned_million",
    "rented_million",
)
"""Of a service, in the order of reading."""


def shown(figure: PlanFigure, language: Language) -> str:
    """A value with its unit, in the reader's language; many bytes in GiB."""
    if figure.unit == "B" and abs(figure.value) >= 2**20:
        return f"{figure.value / 2**30:,.4g} GiB"
    value = f"{figure.value:,.4g}" if abs(figure.value) < 1e4 else f"{figure.value:,.0f}"
    if abs(figure.value) >= 1e12:
        value = f"{figure.value:.3g}"
    return value if figure.unit == "1" else f"{value} {unit_of(figure.unit, language)}"
