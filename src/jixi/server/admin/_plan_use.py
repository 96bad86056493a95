"""/api/plans/use: what models were asked for, so that plans need not be made from guesses."""

from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query

from jixi.assembly.house import House
from jixi.core.errors import JixiError
from jixi.core.principal import Principal
from jixi.governance.identity import allowed
from jixi.governance.ledger import Selection, Use
from jixi.models.registry import Shelf
from jixi.server._policy import requires
from jixi.server._services import TheHouse
from jixi.server.admin._models import viewer_of
from jixi.wire.admin import PlanUse, PlanUseList, UsedEngine, UsedTask

router = APIRouter(prefix="/plans", tags=["plans"])
_MONTH: Final = timedelta(hours=730.5)
_LONGEST_MONTH: Final = 744
_MOST_REUSED: Final = 0.999


@router.get("/use", summary="Sum up what models were asked for, to plan from it")
async def get_plan_use(
    caller: Annotated[Principal, requires("usage.own")],
    house: TheHouse,
    days: Annotated[int, Query(ge=1, le=92, description="How many days back.")] = 30,
) -> PlanUseList:
    """`task` is the part of a plan's request that the ledger knows: for a plan, say what hardware there is."""
    now = house.clock.now()
    member = None if allowed(caller.role, "usage.read") else caller.member_id
    used = await house.statement.use(
        Selection(caller.tenant_id, now - timedelta(days=days), now + timedelta(seconds=1), member_id=member)
    )
    shelf = await house.registry.shelf(viewer_of(caller))
    items = [_use(each, _behind(house, shelf, each), now) for each in used]
    return PlanUseList(items=items, days=days, currency=house.settings.currency)


def _use(use: Use, store_model: str | None, now: datetime) -> PlanUse:
    tokens, share = use.input_tokens + use.output_tokens, use.cached_input_tokens / max(1, use.input_tokens)
    months = max(timedelta(days=1), now - use.first_at) / _MONTH
    # Batches make no peak, but a month has room for them: they are spread over all of its hours.
    busiest_hour = max(use.peak_minute * 60, use.calls / months / (_MONTH / timedelta(hours=1)))
    task = UsedTask(
        model=store_model,
        users=use.members,
        prompts_per_hour=busiest_hour / use.members,
        prompt_tokens=max(1, use.input_tokens / use.calls),
        output_tokens=max(1, use.output_tokens / use.calls),
        reused=min(share, _MOST_REUSED),
        engine=UsedEngine(busy_hours=min(max(use.calls / months / busiest_hour, 0.01), _LONGEST_MONTH)),
    )
    return PlanUse(
        model=use.model,
        requests=use.calls,
        members=use.members,
        input_tokens=use.input_tokens / use.calls,
        output_tokens=use.output_tokens / use.calls,
        cached_share=share,
        peak_requests_s=use.peak_minute / 60,
        peak_concurrency=use.peak_running,
        million_tokens=tokens / months / 1e6,
        spend_micros=use.cost_micros,
        first_at=use.first_at,
        task=task,
    )


def _behind(house: House, shelf: Shelf, use: Use) -> str | None:
    """The model of the store that the deployment runs which answered most; None where the caller sees none."""
    name = use.target or use.model
    model_id = next((each.model_id for each in house.fleet.models() if each.name == name), None)
    try:
        return None if model_id is None else shelf.get(model_id).id
    except JixiError:
        return None
