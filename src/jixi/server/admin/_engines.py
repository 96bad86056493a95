"""/api/engines: what can run models here, and environments for what cannot yet."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from jixi.assembly import House
from jixi.core.errors import JixiError, Language, problem
from jixi.core.principal import Principal
from jixi.models.engines import engine_registry
from jixi.models.environments import Installation
from jixi.server._errors import errors
from jixi.server._inputs import NameInPath
from jixi.server._policy import requires
from jixi.server._scope import language_of
from jixi.server._services import TheHouse
from jixi.wire.admin import EngineDetails, EngineList, Reason

router = APIRouter(prefix="/engines", tags=["engines"])
_Reader = Annotated[Principal, requires("deployments.read")]
_Operator = Annotated[Principal, requires("engines.manage")]


@router.get("", summary="List engines")
async def list_engines(caller: _Reader, house: TheHouse, request: Request) -> EngineList:
    language = language_of(request.scope)
    return EngineList(
        items=[_engine(house, each, language) for each in house.environments.list()], next_cursor=None
    )


@router.get("/{name}", summary="Read an engine", responses=errors("not_found"))
async def get_engine(name: NameInPath, caller: _Reader, house: TheHouse, request: Request) -> EngineDetails:
    return _engine(house, _find(house, name), language_of(request.scope))


@router.put(
    "/{name}/environment",
    summary="Install an engine",
    status_code=202,
    responses=errors("not_found", "engine_not_installable"),
)
async def install_engine(
    name: NameInPath, caller: _Operator, house: TheHouse, request: Request
) -> EngineDetails:
    """Makes an environment of its own; it goes on in the background. Repeating it changes nothing."""
    _find(house, name)
    return _engine(house, house.environments.begin(name), language_of(request.scope))


@router.delete(
    "/{name}/environment",
    summary="Remove an engine's environment",
    status_code=204,
    responses=errors("not_found", "conflict"),
)
async def remove_engine(name: NameInPath, caller: _Operator, house: TheHouse) -> Response:
    """Deployments that run on it are to be stopped first."""
    _find(house, name)
    running = [each.name for each in house.fleet.models() if each.engine == name and each.pid is not None]
    if running:
        raise problem("conflict", noun=f"running deployment {running[0]!r}")
    await house.environments.remove(name)
    return Response(status_code=204)


def _find(house: House, name: str) -> Installation:
    try:
        return house.environments.get(name)
    except JixiError as error:
        raise problem("not_found", noun="engine") from error


def _engine(house: House, found: Installation, language: Language) -> EngineDetails:
    profile = engine_registry().get(found.engine).profile
    failure, progress = found.failure, found.progress
    return EngineDetails(
        name=found.engine,
        kinds=sorted(profile.kinds),
        tools=profile.tools,
        vision=profile.vision,
        state=found.state,
        requirements=list(found.requirements),
        missing=list(found.missing),
        size_bytes=found.bytes,
        phase=None if progress is None else progress.phase,
        downloaded_bytes=0 if progress is None else progress.bytes,
        failure=None
        if failure is None
        else Reason(code=failure.code, message=failure.message(language), remedy=failure.remedy(language)),
        deployed_as=sorted(each.name for each in house.fleet.models() if each.engine == found.engine),
    )
