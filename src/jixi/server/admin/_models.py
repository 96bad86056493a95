"""/api/models and /api/comparisons: the catalogue and models of one's own, found, compared and described."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Request, Response

from jixi.assembly.house import House
from jixi.core.errors import problem
from jixi.core.principal import Principal
from jixi.governance.identity import allowed, require
from jixi.models.catalog import Entry
from jixi.models.registry import ModelDraft, Viewer
from jixi.server._errors import errors
from jixi.server._inputs import Id, IdempotencyKey, IfMatch, Page, PageRequest
from jixi.server._policy import requires
from jixi.server._scope import language_of
from jixi.server._services import TheHouse, TheOnce
from jixi.server._versions import tag, wanted_version
from jixi.server.admin._model_query import ModelQuery
from jixi.server.admin._model_views import Views
from jixi.wire.admin import ModelChange, ModelComparison, ModelDetail, ModelFact, ModelList, ModelRequest

router = APIRouter(prefix="/models", tags=["models"])
comparisons = APIRouter(prefix="/comparisons", tags=["models"])
_Reader = Annotated[Principal, requires("models.read")]
_Maker = Annotated[Principal, requires("models.register")]
_MAY_BE_NULL: Final = ("context", "parameters")
_RENAMED: Final = {"license": "licence"}


def viewer_of(caller: Principal) -> Viewer:
    """Whose models the caller sees; those of the house are the platform's administrators' to keep."""
    return Viewer(caller.tenant_id, keeps_house=allowed(caller.role, "models.manage"))


async def views_of(house: House, caller: Principal, request: Request) -> Views:
    """What the caller sees at this moment."""
    return Views(house, await house.registry.shelf(viewer_of(caller)), language_of(request.scope))


@router.get("", summary="List the models of the store", responses=errors("invalid_value"))
async def list_models(
    caller: _Reader, house: TheHouse, request: Request, page: Page, query: ModelQuery
) -> ModelList:
    """The catalogue's, the house's and the caller's organisation's. What has no value for `sort` comes last."""
    views = await views_of(house, caller, request)
    entries, cursor = _page(views.shelf.search(query), page)
    return ModelList(items=[views.model(entry) for entry in entries], next_cursor=cursor)


@comparisons.get("", summary="Compare models", responses=errors("not_found", "invalid_value"))
async def compare_models(
    caller: _Reader,
    house: TheHouse,
    request: Request,
    ids: Annotated[
        str, Query(max_length=1000, description="Two to six, with commas.", examples=["qwen3-8b,phi-4"])
    ],
) -> ModelComparison:
    """One row for each fact, one value for each model, in the order that was asked for."""
    names = list(dict.fromkeys(name.strip() for name in ids.split(",")))
    if not 2 <= len(names) <= 6:
        raise problem("invalid_value", param="ids", reason="name two to six different models")
    views = await views_of(house, caller, request)
    language = language_of(request.scope)
    facts = [
        ModelFact(fact=row.fact, label=row.label.text(language), values=row.values, same=row.same)
        for row in views.shelf.compare(names)
    ]
    entries = [views.shelf.get(name) for name in names]
    return ModelComparison(
        ids=[entry.id for entry in entries], names=[entry.name for entry in entries], facts=facts
    )


@router.post(
    "",
    summary="Add a model of one's own",
    status_code=201,
    responses=errors("invalid_value", "quota_full", "request_running", "idempotency_mismatch"),
)
async def create_model(
    body: ModelRequest,
    caller: _Maker,
    house: TheHouse,
    once: TheOnce,
    request: Request,
    key: IdempotencyKey = None,
) -> ModelDetail:
    """It has no version yet. A shared one is seen by every organisation; it takes an administrator of the platform."""
    if body.shared:
        require(caller, "models.manage")

    async def make() -> ModelDetail:
        draft = ModelDraft(**_facts(body.model_dump(exclude={"shared"})))
        made = await house.registry.add(viewer_of(caller), caller.member_id, draft, shared=body.shared)
        views = await views_of(house, caller, request)
        return views.detail(views.shelf.get(made.id))

    return await once.act(caller, key, ("create_model", body), ModelDetail, make)


@router.get("/{id}", summary="Read a model", responses=errors("not_found"))
async def get_model(
    model_id: Id, caller: _Reader, house: TheHouse, request: Request, response: Response
) -> ModelDetail:
    """Its card, licence, architecture, variants and lineage. Another organisation's is like one that never was."""
    views = await views_of(house, caller, request)
    detail = views.detail(views.shelf.get(model_id))
    if detail.version is not None:
        tag(response, detail.version)
    return detail


@router.patch(
    "/{id}",
    summary="Change a model of one's own",
    responses=errors("not_found", "invalid_value", "precondition_failed", "stage_forbidden"),
)
async def change_model(
    model_id: Id,
    body: ModelChange,
    caller: _Maker,
    house: TheHouse,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> ModelDetail:
    """What it is said to be, or which released version is its default. The catalogue's models do not change."""
    facts = _facts(body.model_dump(exclude_unset=True))
    await house.registry.change(viewer_of(caller), model_id, facts, wanted_version(if_match))
    return await get_model(model_id, caller, house, request, response)


def _facts(sent: dict[str, Any]) -> dict[str, Any]:
    """The fields of a draft in the room's own types; null leaves a field as it is, unless it may be empty."""
    kept = {name: value for name, value in sent.items() if value is not None or name in _MAY_BE_NULL}
    named = {_RENAMED.get(name, name): value for name, value in kept.items()}
    types = {field.name: field.type for field in msgspec.structs.fields(ModelDraft)}
    return {name: msgspec.convert(value, types.get(name, Any)) for name, value in named.items()}


def _page(entries: Sequence[Entry], page: PageRequest) -> tuple[Sequence[Entry], str | None]:
    """The page behind the model that the cursor names; raises `invalid_value` where it is not in the list."""
    start = 0
    if page.cursor is not None:
        places = [place for place, entry in enumerate(entries) if entry.id == page.cursor]
        if not places:
            raise problem("invalid_value", param="cursor", reason="this cursor is of another list")
        start = places[0] + 1
    shown = entries[start : start + page.limit]
    return shown, shown[-1].id if start + page.limit < len(entries) else None
