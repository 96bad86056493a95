"""Charges for resources, as the writer reads and writes them: inside the open transaction of a group."""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection

from jixi.core.resources import cost_of
from jixi.governance.ledger._gauge import Demand, Gauge
from jixi.governance.ledger._operations import Measure
from jixi.storage import execute_rows, fetch_rows

WINDOW_MS: Final = 3_600_000
_READ: Final = """
SELECT key, window_ms, until_ms, quantity, cost_micros, price_micros FROM resource_charges
WHERE key IN (VALUES {rows}) AND window_ms >= %d
"""
_WRITE: Final = """
INSERT INTO resource_charges (key, window_ms, tenant_id, resource, subject, name, day, until_ms, quantity,
  price_version, price_micros, cost_micros)
VALUES {rows}
ON CONFLICT (key, window_ms) DO UPDATE
SET until_ms = excluded.until_ms, quantity = excluded.quantity, cost_micros = excluded.cost_micros
"""


class _Line(Struct):
    """What a charge has come to, at the price that it began with. It grows until its window is over."""

    until_ms: int
    quantity: int
    cost_micros: int
    price_micros: int


class Measured:
    """The charges that a group's measures add to. What lies before the latest moment of its key is charged already."""

    def __init__(self, connection: Connection, measures: Sequence[Measure]) -> None:
        self._connection = connection
        self._lines: dict[tuple[str, int], _Line] = {}
        self._until: dict[str, int] = {}
        self._changed: dict[tuple[str, int], Measure] = {}
        if measures:
            # A window that a change of price ended begins within the hour before the next.
            since = min(each.window_ms for each in measures) - WINDOW_MS
            keys = sorted({each.taken.key for each in measures})
            for key, window_ms, *line in fetch_rows(connection, _READ % since, [(key,) for key in keys]):
                self._lines[key, window_ms] = _Line(*line)
                self._until[key] = max(self._until.get(key, 0), line[0])

    def charge(self, measure: Measure, weighed: Sequence[Gauge]) -> int:
        """Add a measure to its charge and to what its tenant has spent: the micro-units that it adds."""
        taken, place = measure.taken, (measure.taken.key, measure.window_ms)
        start_ms = max(measure.start_ms, self._until.get(taken.key, 0))
        if measure.until_ms <= start_ms:
            return 0
        line = self._lines.setdefault(place, _Line(0, 0, 0, measure.price_micros))
        line.quantity += taken.amount * (measure.until_ms - start_ms)
        line.until_ms = self._until[taken.key] = measure.until_ms
        self._changed.setdefault(place, measure)
        before, line.cost_micros = line.cost_micros, cost_of(taken.resource, line.quantity, line.price_micros)
        if added := line.cost_micros - before:
            for gauge in weighed:
                gauge.charge(_demand(measure), added)
        return added

    def write(self) -> None:
        if self._changed:
            rows = [self._row(measure, self._lines[place]) for place, measure in self._changed.items()]
            execute_rows(self._connection, _WRITE, rows)

    @staticmethod
    def _row(measure: Measure, line: _Line) -> tuple[Any, ...]:
        taken = measure.taken
        return (
            taken.key,
            measure.window_ms,
            measure.tenant_id,
            taken.resource,
            taken.subject,
            taken.name,
            measure.day,
            line.until_ms,
            line.quantity,
            measure.price_version,
            measure.price_micros,
            line.cost_micros,
        )


def _demand(measure: Measure) -> Demand:
    return Demand(measure.day, measure.day[:7], 0, 0, measure.until_ms, "")
