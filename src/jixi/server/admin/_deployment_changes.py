"""/api/deployments: made, revised, stopped, started, restarted, brought back and removed."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

from jixi.assembly.house import House
from jixi.core.errors import problem
from jixi.core.principal import Principal
from jixi.models.deployments import Scale
from jixi.models.rollouts import Action, Draft, Rollout, Wanted, Who
from jixi.server._errors import errors
from jixi.server._inputs import Id, IdempotencyKey, IfMatch
from jixi.server._policy import requires
from jixi.server._scope import language_of
from jixi.server._services import TheHouse, TheOnce
from jixi.server._versions import tag, wanted_version
from jixi.server.admin._deployment_views import deployment, detail, status_of
from jixi.server.admin._models import viewer_of
from jixi.wire.admin import (
    Deployment,
    DeploymentDetail,
    DeploymentDraft,
    DeploymentRequest,
    DeploymentRevise,
    RollbackRequest,
)

router = APIRouter(prefix="/deployments", tags=["deployments"])
_Operator = Annotated[Principal, requires("deployments.restart")]
_Manager = Annotated[Principal, requires("deployments.manage")]
_RETRIED: Final = ("request_running", "idempotency_mismatch")
_RENAMING: Final = ("name_taken", "model_in_use")
UNFIT: Final = (
    "not_found",
    "invalid_value",
    "model_not_deployable",
    "variant_unknown",
    "engine_unfit",
    "adapter_unfit",
    "context_too_large",
    "license_not_accepted",
    "engine_not_installed",
    "model_not_here",
    "disk_full",
)


@router.post(
    "", summary="Make a deployment", status_code=201, responses=errors(*UNFIT, "name_taken", *_RETRIED)
)
async def create_deployment(
    body: DeploymentRequest,
    caller: _Manager,
    house: TheHouse,
    once: TheOnce,
    request: Request,
    key: IdempotencyKey = None,
) -> Deployment:
    """All is checked before anything starts; then its files are fetched, where they are not here, by a job that goes on
    after any death of the server, and its engine is started.
    """

    async def make() -> Deployment:
        made = await house.rollouts.add(who_of(caller), body.name, body.description, draft_of(body))
        return await _shown(house, made.name, caller, request)

    return await once.act(caller, key, ("create_deployment", body), Deployment, make)


@router.patch(
    "/{id}",
    summary="Change a deployment",
    responses=errors(*UNFIT, *_RENAMING, "precondition_failed", "deployment_of_settings"),
)
async def change_deployment(
    deployment_id: Id,
    body: DeploymentRevise,
    caller: _Manager,
    house: TheHouse,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> DeploymentDetail:
    """Makes the next revision and brings it about replica by replica, without a call that is lost; where it does not
    get ready, the deployment goes back to the one before by itself. Another `scale` alone starts or ends the
    difference; a new description alone makes no revision.
    """
    record = _registered(house, deployment_id)
    sent = body.model_dump(exclude_unset=True)
    description = sent.pop("description", None)
    changes = _values({name: value for name, value in sent.items() if _may(name, value)})
    done = await house.rollouts.revise(
        who_of(caller), record.id, wanted_version(if_match), changes, description
    )
    return await _answer(house, done, caller, request, response)


@router.post(
    "/{id}/rollback",
    summary="Run an earlier revision again",
    responses=errors(*UNFIT, *_RENAMING, "precondition_failed", "deployment_of_settings", *_RETRIED),
)
async def roll_back_deployment(
    deployment_id: Id,
    body: RollbackRequest,
    caller: _Manager,
    house: TheHouse,
    once: TheOnce,
    request: Request,
    if_match: IfMatch = None,
    key: IdempotencyKey = None,
) -> Deployment:
    """Replica by replica, as a change."""
    record = _registered(house, deployment_id)

    async def act() -> Deployment:
        version = wanted_version(if_match)
        await house.rollouts.roll_back(who_of(caller), record.id, version, body.revision)
        return await _shown(house, record.name, caller, request)

    return await once.act(caller, key, (f"roll_back_deployment {record.id}", body), Deployment, act)


@router.delete(
    "/{id}",
    summary="Delete a deployment",
    status_code=204,
    responses=errors("not_found", "model_in_use", "precondition_failed", "deployment_of_settings"),
)
async def delete_deployment(
    deployment_id: Id, caller: _Manager, house: TheHouse, if_match: IfMatch = None
) -> None:
    """It takes no new calls; those that run end as they would, its engines after them. The model's files stay.

    Refused while an alias stands for it.
    """
    record = _registered(house, deployment_id)
    await house.rollouts.remove(who_of(caller), record.id, wanted_version(if_match))


class _Order:
    """What is asked of one deployment; who may ask it stands at each route, where the inventory of rights reads it."""

    def __init__(
        self,
        deployment_id: Id,
        house: TheHouse,
        once: TheOnce,
        request: Request,
        key: IdempotencyKey = None,
    ) -> None:
        self._id = deployment_id
        self._house = house
        self._once = once
        self._request = request
        self._key = key

    async def carry_out(self, caller: Principal, wanted: Wanted, action: Action) -> Deployment:
        house = self._house
        name = status_of(house, self._id).name

        async def act() -> Deployment:
            running = (bringing := house.supply.bringing(name)) is not None and bringing.runs
            if house.supply.of_settings(name):
                await house.supply.order(name, running=wanted == "running")
            else:
                await house.rollouts.want(who_of(caller), name, wanted, action)
            if action == "restart" and running:
                await house.fleet.restart(name)
            return await _shown(house, name, caller, self._request)

        return await self._once.act(caller, self._key, (f"{action}_deployment {name}", None), Deployment, act)


_TheOrder = Annotated[_Order, Depends()]


@router.post(
    "/{id}/stop",
    summary="Stop a deployment",
    status_code=202,
    responses=errors("not_found", *_RETRIED),
)
async def stop_deployment(caller: _Operator, order: _TheOrder) -> Deployment:
    """Calls that run end as they would, then its engines do. It stays stopped when the server starts again; one of the
    settings does not.
    """
    return await order.carry_out(caller, "stopped", "stop")


@router.post(
    "/{id}/start",
    summary="Start a deployment",
    status_code=202,
    responses=errors("not_found", *_RETRIED),
)
async def start_deployment(caller: _Operator, order: _TheOrder) -> Deployment:
    """Runs what was stopped, and tries anew what could not be fetched. Repeating it changes nothing."""
    return await order.carry_out(caller, "running", "start")


@router.post(
    "/{id}/restart",
    summary="Restart a deployment's engines",
    status_code=202,
    responses=errors("not_found", *_RETRIED),
)
async def restart_deployment(caller: _Operator, order: _TheOrder) -> Deployment:
    """Calls that run are cut and billed for what they produced."""
    return await order.carry_out(caller, "running", "restart")


def who_of(caller: Principal) -> Who:
    return Who(caller.member_id, viewer_of(caller))


def draft_of(body: DeploymentDraft) -> Draft:
    return Draft(**_values(body.model_dump(include=set(DeploymentDraft.model_fields))))


def _values(sent: dict[str, Any]) -> dict[str, Any]:
    """The fields of a draft in the room's own types."""
    values = {_RENAMED.get(name, name): value for name, value in sent.items()}
    return values | ({"scale": Scale(**values["scale"])} if "scale" in values else {})


_RENAMED: Final = {"model_id": "model"}
_MAY_BE_NULL: Final = frozenset(
    {"variant", "engine", "context", "threads", "memory_bytes", "cpus", "gpus", "accept_license"}
)


def _may(name: str, value: Any) -> bool:
    """Null means: choose anew; where nothing could be chosen, it leaves the field as it is."""
    return value is not None or name in _MAY_BE_NULL


def _registered(house: House, deployment_id: str) -> Rollout:
    """Raises `not_found`, and `deployment_of_settings` for one that is changed in jixi.toml."""
    if house.supply.of_settings(deployment_id):
        raise problem("deployment_of_settings", name=deployment_id)
    record = house.rollouts.find(deployment_id)
    if record is None:
        raise problem("not_found", noun="deployment")
    return record


async def _shown(house: House, name: str, caller: Principal, request: Request) -> Deployment:
    return await deployment(house, status_of(house, name), caller, language_of(request.scope))


async def _answer(
    house: House, done: Rollout, caller: Principal, request: Request, response: Response
) -> DeploymentDetail:
    tag(response, done.version)
    return await detail(house, status_of(house, done.name), caller, language_of(request.scope))
