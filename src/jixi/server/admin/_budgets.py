"""/api/budgets: monthly limits of the tenant and of its keys."""

from typing import Annotated

from fastapi import APIRouter, Response

from jixi.core.principal import Principal
from jixi.server._errors import errors
from jixi.server._inputs import IfMatch, NameInPath
from jixi.server._policy import requires
from jixi.wire.admin import Budget, BudgetChange, BudgetList

router = APIRouter(prefix="/budgets", tags=["budgets"])


@router.get("", summary="List budgets")
async def list_budgets(caller: Annotated[Principal, requires("budgets.read")]) -> BudgetList:
    raise NotImplementedError


@router.put(
    "/{scope_id}", summary="Set or lift a monthly limit", responses=errors("not_found", "precondition_failed")
)
async def put_budget(
    scope_id: NameInPath,
    body: BudgetChange,
    caller: Annotated[Principal, requires("budgets.manage")],
    response: Response,
    if_match: IfMatch = None,
) -> Budget:
    """`scope_id` is the tenant's id or a key's."""
    raise NotImplementedError
