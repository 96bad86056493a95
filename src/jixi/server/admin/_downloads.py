"""/api/models/{id}/…: bringing a model here, reading it anew, letting it go."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from jixi.assembly.house import House
from jixi.core.errors import problem
from jixi.core.principal import Principal
from jixi.server._errors import errors
from jixi.server._inputs import Id, IdempotencyKey, Page
from jixi.server._pages import page_of
from jixi.server._policy import requires
from jixi.server._scope import language_of
from jixi.server._services import TheHouse, TheOnce
from jixi.server.admin._jobs import job_of
from jixi.wire.admin import VARIANT, DownloadRequest, Job, JobList

router = APIRouter(prefix="/models/{id}", tags=["models"])
_Reader = Annotated[Principal, requires("models.read")]
_Manager = Annotated[Principal, requires("models.manage")]
_Variant = Annotated[str | None, Query(pattern=VARIANT, description="By default the first of the catalogue.")]
_RETRIED = ("not_found", "variant_unknown", "model_not_deployable", "request_running", "idempotency_mismatch")


@router.post(
    "/downloads", summary="Bring a model to this machine", status_code=202, responses=errors(*_RETRIED)
)
async def create_download(
    model_id: Id,
    body: DownloadRequest,
    caller: _Manager,
    house: TheHouse,
    once: TheOnce,
    request: Request,
    key: IdempotencyKey = None,
) -> Job:
    """The job goes on after any death of the server and where an earlier download stopped; follow or cancel it under
    /api/jobs. Where one is at it already, that one is the answer.
    """

    async def start() -> Job:
        row = await house.downloads.start(caller, model_id, body.variant)
        return job_of(row, language_of(request.scope))

    return await once.act(caller, key, (f"create_download {model_id}", body), Job, start)


@router.get(
    "/downloads",
    summary="List the downloads of a model, newest first",
    responses=errors("not_found", "variant_unknown", "model_not_deployable"),
)
async def list_downloads(
    model_id: Id,
    caller: _Reader,
    page: Page,
    house: TheHouse,
    request: Request,
    variant: _Variant = None,
) -> JobList:
    """Those that the caller's organisation or the settings have begun."""
    rows, cursor = await page_of(
        page,
        lambda limit, after: house.downloads.page(caller, model_id, variant, limit=limit, after=after),
    )
    language = language_of(request.scope)
    return JobList(items=[job_of(row, language) for row in rows], next_cursor=cursor)


@router.post(
    "/verifications", summary="Read a model's files anew", status_code=202, responses=errors(*_RETRIED)
)
async def create_verification(
    model_id: Id,
    body: DownloadRequest,
    caller: _Manager,
    house: TheHouse,
    once: TheOnce,
    request: Request,
    key: IdempotencyKey = None,
) -> Job:
    """The job fails with `model_damaged` where a file is not what it was; such files are used no more."""

    async def start() -> Job:
        row = await house.downloads.verify(caller, model_id, body.variant)
        return job_of(row, language_of(request.scope))

    return await once.act(caller, key, (f"create_verification {model_id}", body), Job, start)


@router.delete(
    "/files",
    summary="Remove a model's files from this machine",
    status_code=204,
    responses=errors("not_found", "variant_unknown", "model_not_deployable", "model_served"),
)
async def delete_files(model_id: Id, caller: _Manager, house: TheHouse, variant: _Variant = None) -> None:
    """What another model shares stays. Repeating it changes nothing."""
    await _remove(house, model_id, variant)


async def _remove(house: House, model_id: str, variant: str | None) -> None:
    entry = house.downloads.entry(model_id)
    if serving := house.supply.serving(entry.id, entry.variant(variant).id):
        raise problem("model_served", model=entry.id, deployments=", ".join(serving))
    await house.store.remove(entry, variant)
