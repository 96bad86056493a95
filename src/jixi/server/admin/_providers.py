"""/api/providers and /api/vendors: whose models are served under public names."""

from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from jixi.assembly.house import House
from jixi.core.errors import JixiError, Language
from jixi.core.principal import Principal
from jixi.governance.identity import allowed
from jixi.models import providers
from jixi.models.providers import KEEP, Draft
from jixi.server._errors import errors
from jixi.server._inputs import Id, IdempotencyKey, IfMatch, Page
from jixi.server._pages import page_of
from jixi.server._policy import requires
from jixi.server._scope import language_of
from jixi.server._services import TheHouse, TheOnce
from jixi.server._versions import tag, wanted_version
from jixi.wire.admin import (
    Provider,
    ProviderChange,
    ProviderCheck,
    ProviderList,
    ProviderModel,
    ProviderModelRequest,
    ProviderRequest,
    Reason,
    Vendor,
    VendorList,
)

router = APIRouter(prefix="/providers", tags=["providers"])
vendors = APIRouter(prefix="/vendors", tags=["providers"])
_Reader = Annotated[Principal, requires("providers.read")]
_Manager = Annotated[Principal, requires("providers.manage")]
_REFUSALS: Final = ("conflict", "name_taken", "egress_refused", "invalid_value")


@vendors.get("", summary="List the vendors that Jixi speaks with")
async def list_vendors(caller: _Reader, house: TheHouse, request: Request) -> VendorList:
    """Names and hints in the reader's language."""
    language = language_of(request.scope)
    items = [
        Vendor(
            id=each.name,
            name=each.title.text(language),
            default_base_url=each.default_base_url,
            needs=sorted(each.needs),
            kinds=sorted(each.kinds),
            docs_hint=each.hint.text(language),
        )
        for each in house.providers.vendors()
    ]
    return VendorList(items=items, next_cursor=None)


@router.get("", summary="List providers, newest first")
async def list_providers(caller: _Reader, page: Page, house: TheHouse, request: Request) -> ProviderList:
    async def fetch(limit: int, after: str | None) -> list[providers.Provider]:
        return house.providers.page(limit=limit, after=after)

    rows, cursor = await page_of(page, fetch)
    language = language_of(request.scope)
    return ProviderList(items=[_provider(row, caller, language) for row in rows], next_cursor=cursor)


@router.post(
    "",
    summary="Add a provider",
    status_code=201,
    responses=errors(*_REFUSALS, "request_running", "idempotency_mismatch"),
)
async def create_provider(
    body: ProviderRequest,
    caller: _Manager,
    house: TheHouse,
    once: TheOnce,
    request: Request,
    key: IdempotencyKey = None,
) -> Provider:
    """Its models answer at once; a check says whether address and credential are good."""

    async def make() -> Provider:
        draft = Draft(
            name=body.name,
            vendor=body.vendor,
            base_url=body.base_url,
            api_version=body.api_version,
            credential=body.credential,
            enabled=body.enabled,
            max_parallel=body.max_parallel,
            on_disconnect=body.on_disconnect,
            models=[_model(model) for model in body.models],
        )
        made = await house.providers.add(draft)
        await _set_prices(house, caller, body.models)
        return _provider(made, caller, language_of(request.scope))

    return await once.act(caller, key, ("create_provider", body), Provider, make)


@router.get("/{id}", summary="Read a provider", responses=errors("not_found"))
async def get_provider(
    provider_id: Id, caller: _Reader, house: TheHouse, request: Request, response: Response
) -> Provider:
    row = house.providers.get(provider_id)
    tag(response, row.version)
    return _provider(row, caller, language_of(request.scope))


@router.patch(
    "/{id}",
    summary="Change a provider",
    responses=errors("not_found", *_REFUSALS, "model_in_use", "precondition_failed"),
)
async def change_provider(
    provider_id: Id,
    body: ProviderChange,
    caller: _Manager,
    house: TheHouse,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> Provider:
    """Other processes follow within five seconds; calls that run end as they began."""
    row = await house.providers.change(provider_id, version=wanted_version(if_match), **_changes(body))
    await _set_prices(house, caller, body.models or [])
    tag(response, row.version)
    return _provider(row, caller, language_of(request.scope))


@router.delete(
    "/{id}",
    summary="Remove a provider",
    status_code=204,
    responses=errors("not_found", "model_in_use", "precondition_failed"),
)
async def remove_provider(
    provider_id: Id, caller: _Manager, house: TheHouse, if_match: IfMatch = None
) -> None:
    """Its models are gone at once, its credential with it; what was charged stays in the ledger.

    Refused while an alias stands for one of its models.
    """
    await house.providers.remove(provider_id, version=wanted_version(if_match))


@router.post("/{id}/check", summary="Check a provider", responses=errors("not_found"))
async def check_provider(
    provider_id: Id, caller: _Manager, house: TheHouse, request: Request
) -> ProviderCheck:
    """Asks for its list of models, or one model for one token where it has none; at most fifteen seconds."""
    found = await house.providers.check(provider_id)
    return ProviderCheck(
        ok=found.ok,
        latency_ms=found.latency_ms,
        models=found.models,
        error=reason_of(found.error, language_of(request.scope)),
    )


async def _set_prices(house: House, caller: Principal, models: list[ProviderModelRequest]) -> None:
    for model in models:
        if model.price is not None:
            await house.ledger.prices.set_price(
                model.name,
                house.settings.currency,
                **model.price.model_dump(),
                member_id=caller.member_id,
            )


def _changes(body: ProviderChange) -> dict[str, Any]:
    """Fields that were sent; null leaves a field as it is where it cannot be empty."""
    sent = {name: getattr(body, name) for name in body.model_fields_set}
    changes = {
        name: KEEP if value is None and name not in ("api_version", "credential") else value
        for name, value in sent.items()
    }
    if body.models is not None:
        changes["models"] = [_model(model) for model in body.models]
    return changes


def _model(model: ProviderModelRequest) -> providers.ProviderModel:
    return providers.ProviderModel(
        name=model.name,
        upstream=model.upstream,
        kinds=frozenset(model.kinds),
        context=model.context,
        max_output=model.max_output,
        tools=model.tools,
        vision=model.vision,
    )


def _provider(row: providers.Provider, caller: Principal, language: Language) -> Provider:
    manages = allowed(caller.role, "providers.manage")
    return Provider(
        id=row.id,
        name=row.name,
        vendor=row.vendor,
        base_url=row.base_url if manages else _host_of(row.base_url),
        api_version=row.api_version,
        credential_hint=row.credential_hint if manages else None,
        enabled=row.enabled,
        models=[
            ProviderModel(
                name=model.name,
                upstream=model.upstream,
                kinds=sorted(model.kinds),
                context=model.context,
                max_output=model.max_output,
                tools=model.tools,
                vision=model.vision,
            )
            for model in row.models
        ],
        max_parallel=row.max_parallel,
        on_disconnect=row.on_disconnect,
        state=row.state,
        reason=reason_of(row.reason, language),
        checked_at=row.checked_at,
        created_at=row.created_at,
        version=row.version,
    )


def _host_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}"


def reason_of(error: JixiError | None, language: Language) -> Reason | None:
    """Why a provider fails, in the reader's language."""
    if error is None:
        return None
    error = error.outside()
    return Reason(code=error.code, message=error.message(language), remedy=error.remedy(language))
