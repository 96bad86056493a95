"""/api/deployments: what is served, and how it is doing."""

from typing import Annotated

from fastapi import APIRouter, Query

from jixi.core.principal import Principal
from jixi.server._errors import errors
from jixi.server._inputs import IdempotencyKey, NameInPath
from jixi.server._policy import requires
from jixi.wire.admin import Deployment, DeploymentList, LogText

router = APIRouter(prefix="/deployments", tags=["deployments"])
_Reader = Annotated[Principal, requires("deployments.read")]
_Operator = Annotated[Principal, requires("deployments.restart")]


@router.get("", summary="List deployments")
async def list_deployments(caller: _Reader) -> DeploymentList:
    raise NotImplementedError


@router.get("/{name}", summary="Read a deployment", responses=errors("not_found"))
async def get_deployment(name: NameInPath, caller: _Reader) -> Deployment:
    raise NotImplementedError


@router.post(
    "/{name}/restart",
    summary="Restart a deployment's engine",
    status_code=202,
    responses=errors("not_found", "conflict", "idempotency_mismatch"),
)
async def restart_deployment(name: NameInPath, caller: _Operator, key: IdempotencyKey = None) -> Deployment:
    """Calls that run are cut and billed for what they produced."""
    raise NotImplementedError


@router.get("/{name}/log", summary="Read the last lines of an engine's log", responses=errors("not_found"))
async def get_deployment_log(
    name: NameInPath, caller: _Operator, lines: Annotated[int, Query(ge=1, le=1000)] = 200
) -> LogText:
    raise NotImplementedError
