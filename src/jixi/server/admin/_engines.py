"""/api/engines: what can run models here, and environments for what cannot yet."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from jixi.assembly.house import House
from jixi.core.errors import JixiError, Language, problem
from jixi.core.principal import Principal
from jixi.models.engines import engine_registry
from jixi.models.environments import Installation
from jixi.server._errors import errors
from jixi.server._inputs import IdempotencyKey, NameInPath
from jixi.server._policy import requires
from jixi.server._scope import language_of
from jixi.server._services import TheHouse, TheOnce
from jixi.server.admin._jobs import job_of
from jixi.wire.admin import EngineDetails, EngineList, EngineState, Job

router = APIRouter(prefix="/engines", tags=["engines"])
_Reader = Annotated[Principal, requires("deployments.read")]
_Operator = Annotated[Principal, requires("engines.manage")]


@router.get("", summary="List engines")
async def list_engines(caller: _Reader, house: TheHouse, request: Request) -> EngineList:
    language = language_of(request.scope)
    await house.installations.look()
    return EngineList(
        items=[await _engine(house, each, caller, language) for each in house.environments.list()],
        next_cursor=None,
        free_bytes=house.environments.room(),
    )


@router.get("/{name}", summary="Read an engine", responses=errors("not_found"))
async def get_engine(name: NameInPath, caller: _Reader, house: TheHouse, request: Request) -> EngineDetails:
    await house.installations.look()
    return await _engine(house, _find(house, name), caller, language_of(request.scope))


@router.post(
    "/{name}/install",
    summary="Install an engine",
    status_code=202,
    responses=errors("not_found", "engine_not_installable", "request_running", "idempotency_mismatch"),
)
async def install_engine(
    name: NameInPath,
    caller: _Operator,
    house: TheHouse,
    once: TheOnce,
    request: Request,
    key: IdempotencyKey = None,
) -> Job:
    """Makes an environment of its own. The job goes on after any death of the server, with the packages that had come;
    follow or cancel it under /api/jobs. Where one is at it already, that one is the answer.
    """
    _find(house, name)

    async def start() -> Job:
        return job_of(await house.installations.start(caller, name), language_of(request.scope))

    return await once.act(caller, key, (f"install_engine {name}", None), Job, start)


@router.delete(
    "/{name}/environment",
    summary="Remove an engine's environment",
    status_code=204,
    responses=errors("not_found", "conflict", "engine_in_use"),
)
async def remove_engine(name: NameInPath, caller: _Operator, house: TheHouse) -> Response:
    """And the packages that an installation which did not end has left. Deployments that need it, be it later, are to
    be stopped first.
    """
    if _find(house, name).state == "ready" and (needing := house.supply.on_engine(name)):
        raise problem("engine_in_use", engine=name, deployments=", ".join(needing))
    await house.installations.remove(name)
    return Response(status_code=204)


def engine_state(house: House, name: str) -> EngineState:
    state = house.environments.get(name).state
    return "installing" if state == "absent" and name in house.installations.under_way else state


def _find(house: House, name: str) -> Installation:
    try:
        return house.environments.get(name)
    except JixiError as error:
        raise problem("not_found", noun="engine") from error


async def _engine(house: House, found: Installation, caller: Principal, language: Language) -> EngineDetails:
    profile = engine_registry().get(found.engine).profile
    job = await house.installations.last(caller.tenant_id, found.engine)
    return EngineDetails(
        name=found.engine,
        kinds=sorted(profile.kinds),
        tools=profile.tools,
        vision=profile.vision,
        adapters=profile.adapters,
        state=engine_state(house, found.engine),
        requirements=list(found.requirements),
        missing=list(found.missing),
        version=found.version,
        size_bytes=found.bytes,
        kept_bytes=found.kept_bytes,
        job=None if job is None else job_of(job, language),
        deployed_as=sorted(each.name for each in house.fleet.models() if each.engine == found.engine),
    )
