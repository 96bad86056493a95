"""/api/models/{id}/imports: versions of one's own models whose files a job brings from outside."""

from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Request

from jixi.core.principal import Principal
from jixi.governance.identity import allowed, require
from jixi.models.imports import ImportDraft
from jixi.server._errors import errors
from jixi.server._inputs import Id, IdempotencyKey
from jixi.server._policy import requires
from jixi.server._scope import language_of
from jixi.server._services import TheHouse, TheOnce
from jixi.server.admin._jobs import job_of
from jixi.server.admin._models import viewer_of
from jixi.wire.admin import HubOrigin, Job, ModelImportRequest

router = APIRouter(prefix="/models/{id}/imports", tags=["models"])
_Maker = Annotated[Principal, requires("models.register")]
_MAIN: Final = {"huggingface": "main", "modelscope": "master"}


@router.post(
    "",
    summary="Bring a version from a hub, an address or a bucket",
    status_code=202,
    responses=errors(
        "not_found", "invalid_value", "quota_full", "offline", "request_running", "idempotency_mismatch"
    ),
)
async def create_model_import(
    model_id: Id,
    body: ModelImportRequest,
    caller: _Maker,
    house: TheHouse,
    once: TheOnce,
    request: Request,
    key: IdempotencyKey = None,
) -> Job:
    """The job downloads, verifies and judges the files, goes on after any death of the server, and at last adds the
    version, a candidate; it fails or is cancelled without one. Follow or cancel it under /api/jobs.

    The tokens and keys of the settings, and addresses and buckets, are for administrators of the platform: the server
    may read what members may not. Everybody else brings repositories that are everybody's.
    """
    if not isinstance(body.source, HubOrigin):
        require(caller, "models.manage")

    async def start() -> Job:
        draft = _draft_of(body, trusted=allowed(caller.role, "models.manage"))
        row = await house.imports.start(viewer_of(caller), caller.member_id, model_id, draft)
        return job_of(row, language_of(request.scope))

    return await once.act(caller, key, (f"create_model_import {model_id}", body), Job, start)


def _draft_of(body: ModelImportRequest, *, trusted: bool) -> ImportDraft:
    said: dict[str, Any] = body.model_dump(exclude={"source"})
    origin = body.source.model_dump(exclude_none=True)
    if isinstance(body.source, HubOrigin):
        origin = {"revision": _MAIN[body.source.kind]} | origin | {"anonymous": not trusted}
    return msgspec.convert(said | {"origin": origin, "keeps_house": trusted}, ImportDraft)
