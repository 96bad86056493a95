"""/api/traffic: what the tenant's calls do now, second by second."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from jixi.core.errors import JixiError
from jixi.core.principal import Principal
from jixi.governance.identity import require
from jixi.server._errors import errors
from jixi.server._policy import requires
from jixi.server._services import Services, TheHouse, services_of
from jixi.telemetry import Second
from jixi.wire.admin import Traffic, TrafficSecond

router = APIRouter(prefix="/traffic", tags=["usage"])
_Reader = Annotated[Principal, requires("traffic.read")]
# The traces of a second are counted within a tenth of one.
_LATE_S: Final = 0.15
_HOUR_S: Final = 3600


@router.get("", summary="Read the traffic of the last seconds")
async def get_traffic(
    caller: _Reader, house: TheHouse, seconds: Annotated[int, Query(ge=1, le=900)] = 300
) -> Traffic:
    """From memory: what happened before the server's start is not in it."""
    return Traffic(
        step_s=1, items=[_second(each) for each in house.traffic.seconds(caller.tenant_id, seconds)]
    )


@router.get(
    "/live",
    summary="Watch the traffic",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {"text/event-stream": {"schema": {"type": "object", "required": ["data"]}}},
            "description": "Each second's `TrafficSecond` as the data of an event.",
        },
        **errors("too_many_listeners"),
    },
)
async def watch_traffic(
    caller: _Reader,
    request: Request,
    seconds: Annotated[int, Query(ge=1, le=_HOUR_S, description="How many to watch.")] = _HOUR_S,
) -> StreamingResponse:
    """Server-sent events, one a second; an event `end` closes the stream where the caller may no longer watch."""
    services_of(request).listeners.check(caller.tenant_id)
    return StreamingResponse(
        _events(services_of(request), caller.tenant_id, request, seconds),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(services: Services, tenant_id: str, request: Request, seconds: int) -> AsyncIterator[str]:
    house = services.house
    with services.listeners.listening(tenant_id):
        yield "retry: 2000\n\n"
        for turn in range(seconds):
            if turn:
                await asyncio.sleep(1 + _LATE_S - (house.clock.now().timestamp() - _LATE_S) % 1)
            if await request.is_disconnected():
                return
            try:
                await _may_watch(services, request)
            except JixiError as error:
                yield f'event: end\ndata: {{"code":"{error.code}"}}\n\n'
                return
            (second,) = house.traffic.seconds(tenant_id, 1)
            yield f"data: {_second(second).model_dump_json()}\n\n"


async def _may_watch(services: Services, request: Request) -> None:
    """Raise where the session or the key that began to watch has lost its right."""
    require(await services.authenticate(request.scope), "traffic.read")


def _second(second: Second) -> TrafficSecond:
    values: dict[str, Any] = second._asdict()
    return TrafficSecond(**values)
