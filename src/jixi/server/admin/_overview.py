"""GET /api/overview: what runs, how fast, what it costs, what went wrong, what to do next."""

from datetime import timedelta
from statistics import median_low
from typing import Annotated, Final

from fastapi import APIRouter, Request

from jixi.assembly.house import House
from jixi.core.errors import Language
from jixi.core.principal import Principal
from jixi.governance.identity import allowed
from jixi.governance.ledger import Charge, Minute, Selection
from jixi.models.gateway import ReplicaNow
from jixi.models.providers import Provider
from jixi.server._policy import requires
from jixi.server._scope import language_of
from jixi.server._services import TheHouse
from jixi.server.admin._deployment_views import deployments
from jixi.server.admin._limits import tenant_limit
from jixi.server.admin._past_errors import past_error
from jixi.server.admin._providers import reason_of
from jixi.wire.admin import NextStep, OutsideProvider, Overview, Point, RecentError

router = APIRouter(prefix="/overview", tags=["house"])
_LATEST: Final = 200
_ERRORS: Final = 10
_RATE_MINUTES: Final = 5
_PROVIDERS: Final = 500


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
    served, outside = await deployments(house, caller, language), _outside(house, language)
    return Overview(
        deployments=served,
        outside=outside,
        tokens_per_second=round(sum(each.tokens_per_second for each in (*served, *outside)), 1),
        requests_per_minute=_rate(minutes),
        first_token_ms=_first_token(await house.statement.charges(hour, limit=_LATEST)),
        spend_today_micros=await house.statement.spent(today),
        spend_month_micros=await house.statement.spent(month),
        limit=await tenant_limit(house, caller),
        currency=house.settings.currency,
        series=[Point.model_validate(minute) for minute in minutes],
        recent_errors=[
            _error(house, charge, language)
            for charge in await house.statement.charges(hour._replace(outcome="failed"), limit=_ERRORS)
        ],
        next_steps=await _next_steps(house, caller, month),
    )


def _outside(house: House, language: Language) -> list[OutsideProvider]:
    """Every provider, with what all its models do now."""
    replicas = {route.name: route.replicas for route in house.gateway.routes_everywhere()}
    return [
        OutsideProvider(
            id=each.id,
            name=each.name,
            state=each.state,
            reason=reason_of(each.reason, language),
            models=len(each.models),
            in_flight=sum(now.in_flight for now in _replicas(each, replicas)),
            tokens_per_second=round(sum(now.tokens_per_second for now in _replicas(each, replicas)), 1),
        )
        for each in house.providers.page(limit=_PROVIDERS)
    ]


def _replicas(provider: Provider, known: dict[str, tuple[ReplicaNow, ...]]) -> list[ReplicaNow]:
    return [now for model in provider.models for now in known.get(model.name, ())]


def _rate(minutes: list[Minute]) -> float:
    """Requests a minute over the last whole minutes; the one that runs has only begun."""
    whole = minutes[-_RATE_MINUTES - 1 : -1]
    return round(sum(minute.requests for minute in whole) / _RATE_MINUTES, 1)


def _first_token(charges: list[Charge]) -> int | None:
    times = [charge.first_token_ms for charge in charges if charge.first_token_ms is not None]
    return median_low(times) if times else None


def _error(house: House, charge: Charge, language: Language) -> RecentError:
    code = charge.error_code or "internal_error"
    reason = past_error(house, code, language, model=charge.model, request_id=charge.request_id)
    return RecentError(
        request_id=charge.request_id, at=charge.charged_at, model=charge.model, **reason.model_dump()
    )


async def _next_steps(house: House, caller: Principal, month: Selection) -> list[NextStep]:
    """What a newcomer has not done yet, of what they may do; the most pressing first."""
    steps = _steps_of_models(house, caller)
    keys, members = house.identity.keys, house.identity.members
    if allowed(caller.role, "keys.own") and not await keys.page(
        caller.tenant_id, owner=caller.member_id, limit=1
    ):
        steps.append("create_key")
    if allowed(caller.role, "inference.use") and not await house.statement.charges(month, limit=1):
        steps.append("first_call")
    if allowed(caller.role, "members.manage") and len(await members.page(caller.tenant_id, limit=2)) < 2:
        steps.append("invite_member")
    if allowed(caller.role, "limits.manage"):
        limits = await house.limits.get(caller.tenant_id, caller.tenant_id)
        if not any(limits.values):
            steps.append("set_limit")
    return steps


def _steps_of_models(house: House, caller: Principal) -> list[NextStep]:
    """What keeps models from answering, or that there are none."""
    own = {status.state for status in house.fleet.models()}
    outside = {provider.state for provider in house.providers.page(limit=_PROVIDERS)}
    manages = allowed(caller.role, "providers.manage")
    steps: dict[NextStep, bool] = {
        "model_failed": "failed" in own,
        "model_downloading": "pulling" in own,
        "provider_failing": manages and "failing" in outside,
        "add_provider": manages and not own and not outside,
    }
    return [step for step, due in steps.items() if due]
