"""/api/budgets: monthly limits of the tenant and of its keys."""

from typing import Annotated

from fastapi import APIRouter, Response

from jixi.assembly import House
from jixi.core.errors import problem
from jixi.core.principal import Principal
from jixi.governance.identity import ApiKey, allowed
from jixi.governance.ledger import Budget as BudgetRecord
from jixi.server._errors import errors
from jixi.server._inputs import IfMatch, NameInPath
from jixi.server._policy import requires
from jixi.server._services import TheHouse
from jixi.server._versions import tag, wanted_version
from jixi.wire.admin import Budget, BudgetChange, BudgetList

router = APIRouter(prefix="/budgets", tags=["budgets"])


@router.get("", summary="List budgets")
async def list_budgets(caller: Annotated[Principal, requires("budgets.read")], house: TheHouse) -> BudgetList:
    """The tenant's budget, then those of keys that have a limit or have spent; of others' keys, for administrators."""
    names = await _names(house, caller)
    rows = [row for row in await house.budgets.of_tenant(caller.tenant_id) if row.scope_id in names]
    return BudgetList(items=[_budget(house, row, names[row.scope_id]) for row in rows], next_cursor=None)


@router.put(
    "/{scope_id}",
    summary="Set or lift a monthly limit",
    responses=errors("not_found", "conflict", "precondition_failed"),
)
async def put_budget(
    scope_id: NameInPath,
    body: BudgetChange,
    caller: Annotated[Principal, requires("budgets.manage")],
    house: TheHouse,
    response: Response,
    if_match: IfMatch = None,
) -> Budget:
    """`scope_id` is the tenant's id or a key's. The limit holds for this month and all later ones."""
    name = await _name(house, caller, scope_id)
    version = wanted_version(if_match)
    if version is not None and (await house.budgets.get(caller.tenant_id, scope_id)).version != version:
        raise problem("precondition_failed", noun="budget")
    row = await house.budgets.set_limit(caller.tenant_id, scope_id, body.limit_micros, version=version)
    tag(response, row.version)
    return _budget(house, row, name)


async def tenant_budget(house: House, caller: Principal) -> Budget:
    """The budget of the caller's tenant."""
    row = await house.budgets.get(caller.tenant_id, caller.tenant_id)
    return _budget(house, row, await _name(house, caller, caller.tenant_id))


async def _name(house: House, caller: Principal, scope_id: str) -> str:
    """The name of a scope of the caller's tenant; raises `not_found` for any other id."""
    if scope_id == caller.tenant_id:
        return (await house.identity.members.tenant(scope_id)).name
    return (await house.identity.keys.get(caller.tenant_id, scope_id)).name


async def _names(house: House, caller: Principal) -> dict[str, str]:
    """The scopes whose budgets the caller may read, with their names."""
    owner = (
        None
        if allowed(caller.role, "budgets.manage") or allowed(caller.role, "usage.read")
        else caller.member_id
    )
    names = {caller.tenant_id: (await house.identity.members.tenant(caller.tenant_id)).name}
    after: str | None = None
    while True:
        page: list[ApiKey] = await house.identity.keys.page(
            caller.tenant_id, owner=owner, limit=500, after=after
        )
        names |= {key.id: key.name for key in page}
        if len(page) < 500:
            return names
        after = page[-1].id


def _budget(house: House, row: BudgetRecord, name: str) -> Budget:
    values = row._asdict()
    values.pop("tenant_id")
    return Budget(**values, name=name, currency=house.settings.currency)
