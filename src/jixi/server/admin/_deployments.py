"""/api/deployments: what is served, and how it is doing."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from jixi.assembly import House
from jixi.core.errors import JixiError, Language, problem
from jixi.core.principal import Principal
from jixi.models.deployments import DeploymentStatus
from jixi.models.deployments import Reason as Cause
from jixi.server._errors import errors
from jixi.server._inputs import IdempotencyKey, NameInPath
from jixi.server._policy import requires
from jixi.server._scope import language_of
from jixi.server._services import TheHouse, TheOnce
from jixi.server.admin._deployment_words import words_of
from jixi.wire.admin import Deployment, DeploymentList, LogText, Reason

router = APIRouter(prefix="/deployments", tags=["deployments"])
_Reader = Annotated[Principal, requires("deployments.read")]
_Operator = Annotated[Principal, requires("deployments.restart")]


@router.get("", summary="List deployments")
async def list_deployments(caller: _Reader, house: TheHouse, request: Request) -> DeploymentList:
    return DeploymentList(items=deployments(house, language_of(request.scope)), next_cursor=None)


@router.get("/{name}", summary="Read a deployment", responses=errors("not_found"))
async def get_deployment(name: NameInPath, caller: _Reader, house: TheHouse, request: Request) -> Deployment:
    return deployment(house, _status(house, name), language_of(request.scope))


@router.post(
    "/{name}/restart",
    summary="Restart a deployment's engine",
    status_code=202,
    responses=errors("not_found", "request_running", "idempotency_mismatch"),
)
async def restart_deployment(
    name: NameInPath,
    caller: _Operator,
    house: TheHouse,
    once: TheOnce,
    request: Request,
    key: IdempotencyKey = None,
) -> Deployment:
    """Calls that run are cut and billed for what they produced."""
    _status(house, name)

    async def restart() -> Deployment:
        await house.fleet.restart(name)
        return deployment(house, _status(house, name), language_of(request.scope))

    return await once.act(caller, key, (f"restart_deployment {name}", None), Deployment, restart)


@router.get("/{name}/log", summary="Read the last lines of an engine's log", responses=errors("not_found"))
async def get_deployment_log(
    name: NameInPath,
    caller: _Operator,
    house: TheHouse,
    lines: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> LogText:
    _status(house, name)
    return LogText(lines=house.fleet.log(name, lines))


def deployments(house: House, language: Language) -> list[Deployment]:
    """Every deployment, in the order in which they came."""
    return [deployment(house, status, language) for status in house.fleet.models()]


def deployment(house: House, status: DeploymentStatus, language: Language) -> Deployment:
    spec = house.supply.specs.get(status.name)
    return Deployment(
        name=status.name,
        engine=status.engine,
        model_id=status.model_id,
        kinds=sorted(status.kinds),
        description=status.description,
        state=status.state,
        reason=_reason(status.reason, language),
        since=status.since,
        context=status.context,
        parallel=status.parallel,
        threads=None if spec is None else spec.threads,
        in_flight=status.in_flight,
        tokens_per_second=round(status.tokens_per_second, 1),
        restarts=status.restarts,
        memory_bytes=status.resident_bytes or None,
        weak=status.name in house.supply.weak,
    )


def _reason(cause: Cause | None, language: Language) -> Reason | None:
    if cause is None:
        return None
    message, remedy = words_of(cause, language)
    return Reason(code=cause.code, message=message, remedy=remedy)


def _status(house: House, name: str) -> DeploymentStatus:
    try:
        return house.fleet.status(name)
    except JixiError as error:
        raise problem("not_found", noun="deployment") from error
