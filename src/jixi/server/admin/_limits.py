"""/api/limits: what the tenant, its members, its keys and its use of each model may use."""

from typing import Annotated

from fastapi import APIRouter, Response

from jixi.assembly.house import House
from jixi.core.errors import problem
from jixi.core.principal import Principal
from jixi.governance.identity import ApiKey, Member, allowed
from jixi.governance.ledger import MODEL, LimitValues
from jixi.governance.ledger import Limit as LimitRecord
from jixi.server._errors import errors
from jixi.server._inputs import IfMatch, NameInPath
from jixi.server._policy import requires
from jixi.server._services import TheHouse
from jixi.server._versions import tag, wanted_version
from jixi.wire.admin import Limit, LimitChange, LimitList, LimitUse

router = APIRouter(prefix="/limits", tags=["limits"])
_MOST = 500


@router.get("", summary="List limits")
async def list_limits(caller: Annotated[Principal, requires("limits.read")], house: TheHouse) -> LimitList:
    """The tenant's, then those of members, keys and models that have limits or were used this month.

    Of other members and their keys for those who may read the tenant's usage.
    """
    names = await _names(house, caller)
    rows = [
        row
        for row in await house.limits.of_tenant(caller.tenant_id)
        if row.scope == "model" or row.scope_id in names
    ]
    items = [_limit(house, row, names.get(row.scope_id) or row.scope_id.removeprefix(MODEL)) for row in rows]
    return LimitList(items=items, next_cursor=None)


@router.get("/{scope_id}", summary="Read the limits of a scope", responses=errors("not_found"))
async def get_limit(
    scope_id: NameInPath,
    caller: Annotated[Principal, requires("limits.read")],
    house: TheHouse,
    response: Response,
) -> Limit:
    """`scope_id` is the tenant's id, a member's, a key's, or `model:` with the name of a model."""
    name = await _name(house, caller, scope_id)
    row = await house.limits.get(caller.tenant_id, scope_id)
    tag(response, row.version)
    return _limit(house, row, name)


@router.put(
    "/{scope_id}",
    summary="Set the limits of a scope",
    responses=errors("not_found", "precondition_failed"),
)
async def put_limit(
    scope_id: NameInPath,
    body: LimitChange,
    caller: Annotated[Principal, requires("limits.manage")],
    house: TheHouse,
    response: Response,
    if_match: IfMatch = None,
) -> Limit:
    """They hold for every call from now on. What was spent today and this month, and what runs, counts."""
    name = await _name(house, caller, scope_id)
    row = await house.limits.put(
        caller.tenant_id, scope_id, LimitValues(**body.model_dump()), version=wanted_version(if_match)
    )
    tag(response, row.version)
    return _limit(house, row, name)


async def tenant_limit(house: House, caller: Principal) -> Limit:
    """The limits of the caller's tenant."""
    row = await house.limits.get(caller.tenant_id, caller.tenant_id)
    return _limit(house, row, await _name(house, caller, caller.tenant_id))


def _owner(caller: Principal) -> str | None:
    """Whose limits the caller may read: everybody's (None), or their own."""
    everybody = allowed(caller.role, "limits.manage") or allowed(caller.role, "usage.read")
    return None if everybody else caller.member_id


async def _name(house: House, caller: Principal, scope_id: str) -> str:
    """The name of a scope that the caller may read; raises `not_found` for any other id."""
    owner = _owner(caller)
    if scope_id == caller.tenant_id:
        return (await house.identity.members.tenant(scope_id)).name
    if scope_id.startswith(MODEL):
        return _model(house, scope_id.removeprefix(MODEL))
    if scope_id.startswith("mem_") and owner in (None, scope_id):
        return (await house.identity.members.get(caller.tenant_id, scope_id)).name
    if scope_id.startswith("key_"):
        return (await house.identity.keys.get(caller.tenant_id, scope_id, owner=owner)).name
    raise problem("not_found", noun="limit")


def _model(house: House, name: str) -> str:
    """A name is limited that callers can use or that has a price, so that a misspelt one is noticed."""
    priced = {entry.price.model for entry in house.ledger.prices.entries()}
    if name not in priced and name not in {route.name for route in house.gateway.routes()}:
        raise problem("not_found", noun="model")
    return name


async def _names(house: House, caller: Principal) -> dict[str, str]:
    """The tenant, members and keys whose limits the caller may read, with their names."""
    owner, tenant_id = _owner(caller), caller.tenant_id
    names = {tenant_id: (await house.identity.members.tenant(tenant_id)).name}
    after: str | None = None
    keys: list[ApiKey] = []
    while after is None or len(keys) == _MOST:
        keys = await house.identity.keys.page(tenant_id, owner=owner, limit=_MOST, after=after)
        names |= {key.id: key.name for key in keys}
        after = keys[-1].id if keys else ""
    if owner is not None:
        return names | {owner: (await house.identity.members.get(tenant_id, owner)).name}
    after = None
    members: list[Member] = []
    while after is None or len(members) == _MOST:
        members = await house.identity.members.page(tenant_id, limit=_MOST, after=after)
        names |= {member.id: member.name for member in members}
        after = members[-1].id if members else ""
    return names


def _limit(house: House, row: LimitRecord, name: str) -> Limit:
    return Limit(
        scope_id=row.scope_id,
        scope=row.scope,
        name=name,
        **row.values._asdict(),
        used=LimitUse(**row.used._asdict()),
        currency=house.settings.currency,
        version=row.version,
    )
