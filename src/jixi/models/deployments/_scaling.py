"""How many replicas there should be: a decision that depends on nothing but what it is given."""

from dataclasses import dataclass
from typing import Final

from jixi.models.deployments._spec import Scale

_FITS: Final = 0.7
"""So much of the places and the pace of one replica less must do, before there is one less."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """What a deployment has to do now. `ready` replicas have `parallel` places each."""

    ready: int
    parallel: int
    in_flight: int
    waiting: int
    tokens_per_second: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """How many replicas are wanted, and since when the load has asked for more or for less."""

    wanted: int
    more_since: float | None = None
    less_since: float | None = None


def steer(scale: Scale, load: Load, course: Course, now: float) -> Course:
    """The next course, by one step at most. Times are seconds of one clock that never goes back."""
    least = max(1, scale.least)
    most = max(least, scale.most)
    wanted = scale.within(course.wanted)
    if wanted != course.wanted:
        return Course(wanted=wanted)
    more = wanted < most and load.ready >= wanted and _asks_for_more(scale, load, wanted)
    less = wanted > least and _fits(scale, load, wanted - 1)
    more_since = (now if course.more_since is None else course.more_since) if more else None
    less_since = (now if course.less_since is None else course.less_since) if less else None
    if more_since is not None and now - more_since >= scale.up_s:
        return Course(wanted=wanted + 1)
    if less_since is not None and now - less_since >= scale.down_s:
        return Course(wanted=wanted - 1)
    return Course(wanted=wanted, more_since=more_since, less_since=less_since)


def _asks_for_more(scale: Scale, load: Load, replicas: int) -> bool:
    if load.waiting > 0 and load.waiting >= scale.queue * replicas:
        return True
    pace = scale.tokens_per_second
    return pace is not None and load.tokens_per_second > pace * replicas


def _fits(scale: Scale, load: Load, replicas: int) -> bool:
    """Whether so many replicas would do all that is to be done, and have room to spare."""
    pace = scale.tokens_per_second
    places = _FITS * replicas * load.parallel
    return load.in_flight + load.waiting <= places and (
        pace is None or load.tokens_per_second <= _FITS * pace * replicas
    )
