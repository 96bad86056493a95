"""/api/deployments/{id}/…events: a deployment and its engine's log, followed as they change."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from jixi.core.errors import JixiError
from jixi.core.principal import Principal
from jixi.governance.identity import Action, require
from jixi.server._errors import errors
from jixi.server._inputs import Id
from jixi.server._policy import requires
from jixi.server._problems import behind
from jixi.server._scope import language_of
from jixi.server._services import TheHouse, services_of
from jixi.server.admin._deployment_views import deployment, status_of
from jixi.storage import DatabaseAwayError
from jixi.wire.admin import LogText

router = APIRouter(prefix="/deployments/{id}", tags=["deployments"])
_Reader = Annotated[Principal, requires("deployments.read")]
_Operator = Annotated[Principal, requires("deployments.restart")]
_HOUR_S: Final = 3600
_TURN_S: Final = 1.0
_MOST_LINES: Final = 1000
_HEADERS: Final = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
_Seconds = Annotated[int, Query(ge=1, le=_HOUR_S, description="How long to follow it.")]
_Replica = Annotated[int | None, Query(ge=1, le=1000, description="By its number; by default the first.")]


def _stream(what: str) -> dict[int | str, dict[str, Any]]:
    content = {"text/event-stream": {"schema": {"type": "object", "required": ["data"]}}}
    description = f"{what}; a comment each second without one."
    return {200: {"description": description, "content": content}} | errors("not_found", "too_many_listeners")


@router.get(
    "/events",
    summary="Follow a deployment",
    response_class=StreamingResponse,
    responses=_stream("An event `deployment` with each change"),
)
async def follow_deployment(
    deployment_id: Id, caller: _Reader, house: TheHouse, request: Request, seconds: _Seconds = _HOUR_S
) -> StreamingResponse:
    """Server-sent events: the deployment now and after each change; an event `end` closes the stream where it is gone,
    or where the caller may no longer watch.
    """
    name, language = status_of(house, deployment_id).name, language_of(request.scope)

    async def now() -> str:
        return (await deployment(house, status_of(house, name), caller, language)).model_dump_json()

    return _answer(request, caller, "deployments.read", seconds, _changes("deployment", now))


@router.get(
    "/logs/events",
    summary="Follow an engine's log",
    response_class=StreamingResponse,
    responses=_stream("An event `log` with the lines that are new, at first the last of them"),
)
async def follow_deployment_log(
    deployment_id: Id,
    caller: _Operator,
    house: TheHouse,
    request: Request,
    lines: Annotated[int, Query(ge=1, le=1000)] = 200,
    replica: _Replica = None,
    seconds: _Seconds = _HOUR_S,
) -> StreamingResponse:
    """Server-sent events. An event `end` closes the stream where the deployment is gone, or the caller's right is."""
    name = status_of(house, deployment_id).name
    house.fleet.log(name, lines, replica)

    def tail(count: int) -> list[str]:
        status_of(house, name)
        return house.fleet.log(name, count, replica)

    return _answer(request, caller, "deployments.restart", seconds, _lines(tail, lines))


def _answer(
    request: Request, caller: Principal, action: Action, seconds: int, events: AsyncGenerator[str]
) -> StreamingResponse:
    services_of(request).listeners.check(caller.tenant_id)
    told = _watched(request, caller.tenant_id, action, seconds, events)
    return StreamingResponse(told, media_type="text/event-stream", headers=_HEADERS)


async def _watched(
    request: Request, tenant_id: str, action: Action, seconds: int, events: AsyncGenerator[str]
) -> AsyncIterator[str]:
    """At every turn, which comes about once a second, whoever watches must still be somebody who may."""
    services = services_of(request)
    async with aclosing(events):
        with services.listeners.listening(tenant_id):
            for turn in range(seconds):
                if turn:
                    await asyncio.sleep(_TURN_S)
                if await request.is_disconnected():
                    return
                try:
                    require(await services.authenticate(request.scope), action)
                    yield await anext(events)
                except (JixiError, DatabaseAwayError) as error:
                    yield f'event: end\ndata: {{"code":"{behind(error).code}"}}\n\n'
                    return


async def _changes(event: str, now: Callable[[], Awaitable[str]]) -> AsyncGenerator[str]:
    """What `now` says, whenever it says something else."""
    told = ""
    while True:
        said = await now()
        yield ": \n\n" if said == told else f"event: {event}\ndata: {said}\n\n"
        told = said


async def _lines(tail: Callable[[int], list[str]], first: int) -> AsyncGenerator[str]:
    """The last lines, then those that are new. An unfinished line is told again when it has become longer."""
    told = tail(_MOST_LINES)
    yield _log(told[-first:])
    while True:
        said = tail(_MOST_LINES)
        news = added(told, said)
        yield _log(news) if news else ": \n\n"
        told = said


def _log(lines: list[str]) -> str:
    return f"event: log\ndata: {LogText(lines=lines).model_dump_json()}\n\n"


def added(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """The lines of `now` that `before` had not, where older ones may have gone; the last again where it has grown."""
    *whole, last = before or [""]
    for gone in range(len(whole) + 1):
        kept = len(whole) - gone
        if whole[gone:] == list(now[:kept]):
            rest = list(now[kept:])
            return rest[1:] if rest[:1] == [last] else rest
    return list(now)
