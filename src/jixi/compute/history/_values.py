"""What was seen of a node over time. Times are seconds since 1970 that `PACE_S` divides."""

from datetime import UTC, datetime
from math import ceil
from typing import Final, NamedTuple

from jixi.core.errors import problem

PACE_S: Final = 15
"""Seconds from one sample to the next; samples are taken at whole multiples of it."""
GAP_S: Final = 4 * PACE_S
"""What lies between two samples further apart is not known."""
_POINTS: Final = 240
_MOST_POINTS: Final = 2000
_STEPS: Final = (15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)


class Sample(NamedTuple):
    """A place (an accelerator, or the node's processors and main memory) as it was; None for what nobody said."""

    at: int
    node: str
    place: str
    model: str | None
    memory_bytes: int
    used_bytes: int
    utilisation: float | None
    power_w: float | None


class Holding(NamedTuple):
    """A deployment held so many bytes of a place."""

    at: int
    node: str
    place: str
    deployment: str
    held_bytes: int


class Point(NamedTuple):
    """One step: utilisation and power on average, the most memory in use, the energy, and for how many seconds of the
    step that is known.
    """

    at: datetime
    utilisation: float | None
    used_bytes: int
    power_w: float | None
    joules: float | None
    measured_s: int


class Series(NamedTuple):
    """A place over time; steps without a sample are left out."""

    place: str
    model: str | None
    memory_bytes: int
    points: list[Point]

    @property
    def joules(self) -> float | None:
        known = [point.joules for point in self.points if point.joules is not None]
        return sum(known) if known else None

    @property
    def measured_s(self) -> int:
        return sum(point.measured_s for point in self.points)


class Stay(NamedTuple):
    """From when to when a deployment was seen to hold a place, and the most that it held. `ongoing`: at the end of the
    span it still did.
    """

    deployment: str
    place: str
    began_at: datetime
    ended_at: datetime
    held_bytes: int
    ongoing: bool


class Span(NamedTuple):
    """A time to look at, from `start` up to and without `end`, in steps of `step_s` seconds."""

    start: int
    end: int
    step_s: int


class Past(NamedTuple):
    """A node over a span of time, of which `known_s` seconds lie behind us."""

    node: str
    span: Span
    known_s: int
    series: list[Series]
    stays: list[Stay]

    @property
    def joules(self) -> float | None:
        """Of all places that told their power."""
        known = [each.joules for each in self.series if each.joules is not None]
        return sum(known) if known else None

    @property
    def measured_s(self) -> float:
        """For how many seconds the energy is known, on average over the places."""
        return sum(each.measured_s for each in self.series) / max(1, len(self.series))


def span(start: datetime, end: datetime, step_s: int | None = None) -> Span:
    """Of whole samples: every one from `start` on and before `end`. Without a step, one that leaves few enough points
    for a chart.

    Raises `invalid_value` where the end is not after the start, or a step makes too many points.
    """
    first = -(-ceil(start.timestamp()) // PACE_S) * PACE_S
    last = -(-ceil(end.timestamp()) // PACE_S) * PACE_S
    if last <= first:
        raise problem("invalid_value", param="until", reason=f"until is not {PACE_S} seconds after since")
    if step_s is None:
        step_s = next((each for each in _STEPS if each * _POINTS >= last - first), _STEPS[-1])
    step_s = -(-step_s // PACE_S) * PACE_S
    if last - first > step_s * _MOST_POINTS:
        reason = f"steps of {step_s} seconds make more than {_MOST_POINTS:,} points"
        raise problem("invalid_value", param="step", reason=reason)
    return Span(first, last, step_s)


def floor(at: datetime) -> int:
    """The time of the last beat."""
    return int(at.timestamp()) // PACE_S * PACE_S


def instant(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)
