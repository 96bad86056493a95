"""/api/deployments: what is served, and how it is doing."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from jixi.core.errors import problem
from jixi.core.principal import Principal
from jixi.server._errors import errors
from jixi.server._inputs import Id, Page, PageRequest
from jixi.server._policy import requires
from jixi.server._scope import language_of
from jixi.server._services import TheHouse
from jixi.server._versions import tag
from jixi.server.admin._deployment_views import deployments, detail, status_of
from jixi.wire.admin import Deployment, DeploymentDetail, DeploymentList, DeploymentState, LogText

router = APIRouter(prefix="/deployments", tags=["deployments"])
_Reader = Annotated[Principal, requires("deployments.read")]
_Operator = Annotated[Principal, requires("deployments.restart")]
_Word = Annotated[str | None, Query(max_length=120)]
Sort = Literal["name", "-name", "state", "-state", "since", "-since"]


@router.get("", summary="List deployments", responses=errors("invalid_value"))
async def list_deployments(
    caller: _Reader,
    house: TheHouse,
    request: Request,
    page: Page,
    state: DeploymentState | None = None,
    engine: _Word = None,
    model_id: _Word = None,
    sort: Sort | None = None,
) -> DeploymentList:
    """Those of the settings and those of the register, in the order in which they came, unless `sort` says another.
    Neither the id nor the version is told of a model that is another organisation's own.
    """
    wanted = {"state": state, "engine": engine, "model_id": model_id}
    found = [
        each
        for each in await deployments(house, caller, language_of(request.scope))
        if all(value in (None, getattr(each, name)) for name, value in wanted.items())
    ]
    if sort is not None:
        found.sort(key=attrgetter(sort.removeprefix("-")), reverse=sort.startswith("-"))
    items, cursor = _page(found, page)
    return DeploymentList(items=items, next_cursor=cursor)


@router.get("/{id}", summary="Read a deployment", responses=errors("not_found"))
async def get_deployment(
    deployment_id: Id, caller: _Reader, house: TheHouse, request: Request, response: Response
) -> DeploymentDetail:
    """By its id or its name: replicas, what it runs, its revisions and who changed it."""
    found = await detail(house, status_of(house, deployment_id), caller, language_of(request.scope))
    if found.version is not None:
        tag(response, found.version)
    return found


@router.get("/{id}/logs", summary="Read the last lines of an engine's log", responses=errors("not_found"))
async def get_deployment_log(
    deployment_id: Id,
    caller: _Operator,
    house: TheHouse,
    lines: Annotated[int, Query(ge=1, le=1000)] = 200,
    replica: Annotated[
        int | None, Query(ge=1, le=1000, description="By its number; by default the first.")
    ] = None,
) -> LogText:
    name = status_of(house, deployment_id).name
    return LogText(lines=house.fleet.log(name, lines, replica))


def _page(found: Sequence[Deployment], page: PageRequest) -> tuple[list[Deployment], str | None]:
    """The page behind the deployment that the cursor names; raises `invalid_value` where it is not in the list."""
    start = 0
    if page.cursor is not None:
        places = [place for place, each in enumerate(found) if each.id == page.cursor]
        if not places:
            raise problem("invalid_value", param="cursor", reason="this cursor is of another list")
        start = places[0] + 1
    shown = list(found[start : start + page.limit])
    return shown, shown[-1].id if start + page.limit < len(found) else None
