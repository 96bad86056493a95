"""/api/models/{id}/versions: versions of one's own models, their stages and where they come from."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Request, Response

from jixi.core.errors import problem
from jixi.core.principal import Principal
from jixi.models.registry import ModelVersion as Version
from jixi.models.registry import VersionDraft
from jixi.server._errors import errors
from jixi.server._inputs import Id, IdempotencyKey, IfMatch, Page
from jixi.server._pages import page_of
from jixi.server._policy import requires
from jixi.server._services import TheHouse, TheOnce
from jixi.server._versions import tag, wanted_version
from jixi.server.admin._models import viewer_of, views_of
from jixi.wire.admin import ModelVersion, ModelVersionChange, ModelVersionList, ModelVersionRequest

router = APIRouter(prefix="/models/{id}/versions", tags=["models"])
_Reader = Annotated[Principal, requires("models.read")]
_Maker = Annotated[Principal, requires("models.register")]
_VersionId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,119}$")]


@router.get("", summary="List the versions of a model, newest first", responses=errors("not_found"))
async def list_model_versions(
    model_id: Id, caller: _Reader, page: Page, house: TheHouse, request: Request
) -> ModelVersionList:
    async def fetch(limit: int, after: str | None) -> list[Version]:
        return await house.registry.versions(viewer_of(caller), model_id, limit=limit, after=after)

    rows, cursor = await page_of(page, fetch)
    views = await views_of(house, caller, request)
    return ModelVersionList(items=[views.version(row) for row in rows], next_cursor=cursor)


@router.post(
    "",
    summary="Add a version",
    status_code=201,
    responses=errors("not_found", "invalid_value", "quota_full", "request_running", "idempotency_mismatch"),
)
async def create_model_version(
    model_id: Id,
    body: ModelVersionRequest,
    caller: _Maker,
    house: TheHouse,
    once: TheOnce,
    request: Request,
    key: IdempotencyKey = None,
) -> ModelVersion:
    """It is a candidate until it is released."""

    async def make() -> ModelVersion:
        draft = msgspec.convert(body.model_dump(), VersionDraft)
        made = await house.registry.add_version(viewer_of(caller), caller.member_id, model_id, draft)
        return (await views_of(house, caller, request)).version(made)

    return await once.act(caller, key, (f"create_model_version {model_id}", body), ModelVersion, make)


@router.get("/{version_id}", summary="Read a version", responses=errors("not_found"))
async def get_model_version(
    model_id: Id,
    version_id: _VersionId,
    caller: _Reader,
    house: TheHouse,
    request: Request,
    response: Response,
) -> ModelVersion:
    found = await house.registry.version(viewer_of(caller), model_id, version_id)
    tag(response, found.version)
    return (await views_of(house, caller, request)).version(found)


@router.patch(
    "/{version_id}",
    summary="Move a version to its next stage, or change its base or notes",
    responses=errors(
        "not_found",
        "invalid_value",
        "precondition_failed",
        "stage_forbidden",
        "lineage_cyclic",
        "model_served",
    ),
)
async def change_model_version(
    model_id: Id,
    version_id: _VersionId,
    body: ModelVersionChange,
    caller: _Maker,
    house: TheHouse,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> ModelVersion:
    """The first released version is the model's default; where the default retires, the newest released one follows.

    One that a deployment runs does not retire.
    """
    sent: dict[str, Any] = body.model_dump(exclude_unset=True)
    if sent.get("stage") == "retired" and (serving := house.supply.serving(model_id, version_id)):
        await house.registry.version(viewer_of(caller), model_id, version_id)
        raise problem("model_served", model=version_id, deployments=", ".join(serving))
    facts = {name: value for name, value in sent.items() if value is not None or name == "base_id"}
    viewer, version = viewer_of(caller), wanted_version(if_match)
    changed = await house.registry.change_version(viewer, model_id, version_id, facts, version)
    tag(response, changed.version)
    return (await views_of(house, caller, request)).version(changed)


@router.delete(
    "/{version_id}/files",
    summary="Remove a version's files from this machine",
    status_code=204,
    responses=errors("not_found", "model_served"),
)
async def delete_model_version_files(
    model_id: Id, version_id: _VersionId, caller: _Maker, house: TheHouse
) -> None:
    """The version stays where it is told of; what another model shares stays, too. Repeating it changes nothing."""
    viewer = viewer_of(caller)
    await house.registry.check_place(viewer, model_id, None)
    await house.registry.version(viewer, model_id, version_id)
    if serving := house.supply.serving(model_id, version_id):
        raise problem("model_served", model=version_id, deployments=", ".join(serving))
    await house.store.remove_own(model_id, version_id)
