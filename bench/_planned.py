"""What the planner predicted beside what was measured: for the terminal, and for the manual's tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from _harness import ROOT, say


@dataclass(frozen=True, kw_only=True)
class Row:
    """`predicted` and `measured` in bytes, or in tokens a second of all calls together."""

    model: str
    context: int
    batch: int
    predicted: float
    measured: float

    @property
    def error(self) -> float:
        return self.predicted / self.measured - 1

    def say(self, unit: str, scale: float) -> None:
        say(
            f"  {self.model:28} {self.context:5} x {self.batch:2}: predicted {self.predicted / scale:9.1f} {unit},"
            f" measured {self.measured / scale:9.1f} {unit}, {self.error:+.1%}"
        )


def worst(rows: Sequence[Row]) -> float:
    return max(abs(row.error) for row in rows)


def keep(tables: Mapping[str, Sequence[Row]], maker: str, machine: str) -> None:
    """Write scripts/measured_MAKER.toml, which scripts/reference.py reads; `machine` says what was measured on."""
    lines = ["# Written by a full run in bench/, read by scripts/reference.py.", ""]
    lines += [f'date = "{datetime.now(UTC):%Y-%m-%d}"', f'machine = "{machine}"']
    for name, rows in tables.items():
        for row in rows:
            lines += ["", f"[[{name}]]", f'model = "{row.model}"', f"context = {row.context}"]
            lines += [f"batch = {row.batch}", f"predicted = {row.predicted:.4g}"]
            lines += [f"measured = {row.measured:.4g}"]
    (ROOT / f"scripts/measured_{maker}.toml").write_text("\n".join([*lines, ""]), encoding="utf-8")
