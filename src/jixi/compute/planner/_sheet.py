"""A plan's working: every number with its unit, its formula and where it comes from, in the order of computing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Self

from jixi.compute.planner._formula import evaluate, names

Origin = Literal["given", "assumed", "chip", "model", "layout", "constant", "computed"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A number. `unit` is made of plain symbols joined by * and /, "1" for a mere count or share.

    `formula` is over the names of other figures of the sheet; `source` says who vouches for a value or a formula.
    `marked` is set where the value is nobody's statement: a default of the planner, or an estimate about a chip.
    """

    name: str
    value: float
    unit: str
    origin: Origin
    formula: str | None = None
    source: str | None = None
    marked: bool = False

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names that the formula asks for."""
        return names(self.formula) if self.formula else ()


class Sheet(Mapping[str, Figure]):
    """Figures by name; a figure stands after those that it is computed from."""

    def __init__(self, figures: Mapping[str, Figure]) -> None:
        self._figures = MappingProxyType(dict(figures))

    def __getitem__(self, name: str) -> Figure:
        return self._figures[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._figures)

    def __len__(self) -> int:
        return len(self._figures)

    def value(self, name: str) -> float:
        """The number alone; raises KeyError for what the plan could not compute."""
        return self._figures[name].value

    def marked(self) -> tuple[Figure, ...]:
        """What nobody vouches for: the planner's defaults and estimates about chips."""
        return tuple(figure for figure in self._figures.values() if figure.marked)


class Work:
    """A sheet in the making."""

    def __init__(self, figures: Mapping[str, Figure] | None = None) -> None:
        self._figures = dict(figures or {})
        self._values = {name: figure.value for name, figure in self._figures.items()}

    def fork(self) -> Self:
        """The same so far, to go on with on its own."""
        return type(self)(self._figures)

    def put(self, figure: Figure) -> float:
        self._figures[figure.name] = figure
        self._values[figure.name] = figure.value
        return figure.value

    def note(
        self, name: str, value: float, unit: str, origin: Origin = "given", source: str | None = None
    ) -> float:
        """Write down a value that is not computed."""
        return self.put(
            Figure(
                name=name,
                value=float(value),
                unit=unit,
                origin=origin,
                source=source,
                marked=origin == "assumed",
            )
        )

    def compute(self, name: str, formula: str, unit: str, source: str | None = None) -> float:
        """Write down what the formula makes of the figures so far."""
        value = evaluate(formula, self._values)
        return self.put(
            Figure(name=name, value=value, unit=unit, origin="computed", formula=formula, source=source)
        )

    def __contains__(self, name: str) -> bool:
        return name in self._figures

    def __getitem__(self, name: str) -> float:
        return self._values[name]

    def sheet(self) -> Sheet:
        return Sheet(self._figures)
