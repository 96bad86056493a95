"""/api/nodes/history: what a node did over time, what energy that took, and which deployments held what."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query

from jixi.compute.history import PACE_S, Past, Point, Series, Span, instant, span
from jixi.core.principal import Principal
from jixi.server._errors import errors
from jixi.server._policy import requires
from jixi.server._services import TheHouse
from jixi.wire import admin
from jixi.wire.admin import Instant

router = APIRouter(prefix="/nodes", tags=["nodes"])
_Reader = Annotated[Principal, requires("deployments.read")]
_HOUR: Final = timedelta(hours=1)
_JOULES_PER_KWH: Final = 3_600_000
_DAY_S: Final = 86_400


@router.get(
    "/history", summary="Read what a node did over time", responses=errors("not_found", "invalid_value")
)
async def get_node_history(
    caller: _Reader,
    house: TheHouse,
    node: Annotated[
        str | None, Query(min_length=1, max_length=255, description="Its name; the first if left out.")
    ] = None,
    since: Annotated[Instant | None, Query(description="An hour before `until` if left out.")] = None,
    until: Annotated[Instant | None, Query(description="Now if left out.")] = None,
    step: Annotated[
        int | None, Query(ge=1, le=_DAY_S, description="Seconds; such that a chart has enough if left out.")
    ] = None,
) -> admin.NodeHistory:
    """A sample is taken at each `pace_s`, and kept for `node_history_days`."""
    end = until or house.clock.now() + timedelta(seconds=1)
    chosen = span(since or end - _HOUR, end, step)
    name = node or (await house.rooms.look())[0].name
    return _history(await house.node_history.past(name, chosen))


def _history(past: Past) -> admin.NodeHistory:
    start, end, step_s = past.span
    return admin.NodeHistory(
        node=past.node,
        since=instant(start),
        until=instant(end),
        step_s=step_s,
        pace_s=PACE_S,
        energy=_energy(past.joules, past.measured_s, past.known_s),
        places=[_place(each, past) for each in past.series],
        stays=[admin.NodeStay(**each._asdict()) for each in past.stays],
    )


def _place(series: Series, past: Past) -> admin.NodePlace:
    return admin.NodePlace(
        id=series.place,
        model=series.model,
        memory_bytes=series.memory_bytes,
        energy=_energy(series.joules, series.measured_s, past.known_s),
        points=[_point(each, past.span) for each in series.points],
    )


def _point(point: Point, span: Span) -> admin.NodePoint:
    seconds = min(span.step_s, span.end - point.at.timestamp())
    return admin.NodePoint(
        at=point.at,
        utilisation=point.utilisation,
        used_bytes=point.used_bytes,
        power_w=point.power_w,
        energy=_energy(point.joules, point.measured_s, seconds),
    )


def _energy(joules: float | None, measured_s: float, whole_s: float) -> admin.NodeEnergy:
    return admin.NodeEnergy(
        kwh=None if joules is None else joules / _JOULES_PER_KWH,
        measured=min(1.0, measured_s / whole_s) if whole_s > 0 else 0.0,
    )
