"""GET /api/overview: what runs, how fast, what it costs, what went wrong, what to do next."""

from datetime import timedelta
from statistics import median_low
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request

from jixi.assembly import House
from jixi.core.errors import PROBLEMS, JixiError, Language
from jixi.core.principal import Principal
from jixi.governance.identity import allowed
from jixi.governance.ledger import Charge, Minute, Selection
from jixi.server._policy import requires
from jixi.server._scope import language_of
from jixi.server._services import TheHouse
from jixi.server.admin._budgets import tenant_budget
from jixi.server.admin._deployments import deployments
from jixi.wire.admin import NextStep, Overview, Point, RecentError

router = APIRouter(prefix="/overview", tags=["house"])
_LATEST: Final = 200
_ERRORS: Final = 10
_RATE_MINUTES: Final = 5


@router.get("", summary="Read the overview")
async def get_overview(
    caller: Annotated[Principal, requires("overview.read")], house: TheHouse, request: Request
) -> Overview:
    language = language_of(request.scope)
    now = house.clock.now()
    member = None if allowed(caller.role, "usage.read") else caller.member_id
    month = Selection(
        caller.tenant_id,
        now.replace(day=1, hour=0, minute=0, second=0, microsecond=0),
        now + timedelta(seconds=1),
        member_id=member,
    )
    today = month._replace(start=now.replace(hour=0, minute=0, second=0, microsecond=0))
    hour = month._replace(start=now - timedelta(hours=1))
    minutes = await house.statement.minutes(caller.tenant_id, member_id=member)
    served = deployments(house, language)
    return Overview(
        deployments=served,
        tokens_per_second=round(sum(each.tokens_per_second for each in served), 1),
        requests_per_minute=_rate(minutes),
        first_token_ms=_first_token(await house.statement.charges(hour, limit=_LATEST)),
        spend_today_micros=(await house.statement.usage(today, ("day",)))[1].cost_micros,
        spend_month_micros=(await house.statement.usage(month, ("day",)))[1].cost_micros,
        budget=await tenant_budget(house, caller),
        currency=house.settings.currency,
        series=[Point.model_validate(minute) for minute in minutes],
        recent_errors=[
            _error(charge, language)
            for charge in await house.statement.charges(hour._replace(outcome="failed"), limit=_ERRORS)
        ],
        next_steps=await _next_steps(house, caller, month),
    )


def _rate(minutes: list[Minute]) -> float:
    """Requests a minute over the last whole minutes; the one that runs has only begun."""
    whole = minutes[-_RATE_MINUTES - 1 : -1]
    return round(sum(minute.requests for minute in whole) / _RATE_MINUTES, 1)


def _first_token(charges: list[Charge]) -> int | None:
    times = [charge.first_token_ms for charge in charges if charge.first_token_ms is not None]
    return median_low(times) if times else None


def _error(charge: Charge, language: Language) -> RecentError:
    """The facts of a failure were told to its caller; here its kind is named, and what to do about it."""
    code = charge.error_code or "internal_error"
    known = PROBLEMS.get(code)
    message, remedy = code, None
    if known is not None:
        error = JixiError(known, _Known(model=charge.model, request_id=charge.request_id))
        message, remedy = error.message(language), error.remedy(language)
    return RecentError(
        request_id=charge.request_id,
        at=charge.charged_at,
        model=charge.model,
        code=code,
        message=message,
        remedy=remedy,
    )


class _Known(dict[str, Any]):
    """The facts that a charge keeps; those that it does not are left open."""

    def __missing__(self, key: str) -> str:
        return "…"


async def _next_steps(house: House, caller: Principal, month: Selection) -> list[NextStep]:
    """What a newcomer has not done yet, of what they may do; the most pressing first."""
    steps: list[NextStep] = []
    states = {status.state for status in house.fleet.models()}
    if "failed" in states:
        steps.append("model_failed")
    if "pulling" in states:
        steps.append("model_downloading")
    keys, members = house.identity.keys, house.identity.members
    if allowed(caller.role, "keys.own") and not await keys.page(
        caller.tenant_id, owner=caller.member_id, limit=1
    ):
        steps.append("create_key")
    if allowed(caller.role, "inference.use") and not await house.statement.charges(month, limit=1):
        steps.append("first_call")
    if allowed(caller.role, "members.manage") and len(await members.page(caller.tenant_id, limit=2)) < 2:
        steps.append("invite_member")
    if allowed(caller.role, "budgets.manage"):
        budget = await house.budgets.get(caller.tenant_id, caller.tenant_id)
        if budget.limit_micros is None:
            steps.append("set_budget")
    return steps
