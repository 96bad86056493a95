"""POST /api/deployments/preview: what deploying a model would mean, before anything starts."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Request
from msgspec.structs import replace

from jixi.assembly.house import House
from jixi.core.errors import Language
from jixi.core.principal import Principal
from jixi.models import rollouts
from jixi.models.deployments import DeploymentSpec
from jixi.models.memory import built_of
from jixi.server._errors import errors
from jixi.server._policy import requires
from jixi.server._scope import language_of
from jixi.server._services import TheHouse
from jixi.server.admin._deployment_changes import UNFIT, draft_of, who_of
from jixi.server.admin._engines import engine_state
from jixi.wire.admin import (
    DeploymentPreview,
    DeploymentPreviewRequest,
    PreviewFit,
    PreviewLicense,
    PreviewSource,
    Reason,
)

router = APIRouter(prefix="/deployments/preview", tags=["deployments"])
_Manager = Annotated[Principal, requires("deployments.manage")]


@router.post("", summary="See what a deployment would be", responses=errors(*UNFIT))
async def preview_deployment(
    body: DeploymentPreviewRequest, caller: _Manager, house: TheHouse, request: Request
) -> DeploymentPreview:
    """The licence, the size, what is to be fetched from where, and all that stands in its way. Starts nothing."""
    language = language_of(request.scope)
    found = await rollouts.preview(house.rollouts, who_of(caller), draft_of(body), body.name)
    plan, entry, variant, _ = found.choice
    size = None if entry is None or variant is None else entry.size(variant)
    sources = [] if variant is None else variant.sources
    return DeploymentPreview(
        model_id=plan.model,
        variant=plan.variant,
        engine=plan.engine,
        context=plan.context,
        license=_license(found, language),
        private=found.private,
        size_bytes=size and size.bytes,
        size_estimated=size is not None and size.estimated,
        download_bytes=found.lacking,
        free_bytes=house.store.room(),
        source=PreviewSource(kind=sources[0].kind, where=sources[0].where) if sources else None,
        engine_state=engine_state(house, plan.engine),
        fit=await _fit(house, found.choice, body.name),
        problems=[
            Reason(code=each.code, message=each.message(language), remedy=each.remedy(language))
            for each in found.problems
        ],
    )


async def _fit(house: House, choice: rollouts.Choice, name: str | None) -> PreviewFit | None:
    plan, entry, variant, adapters = choice
    # Of the memory of a cluster's machines only the cluster knows.
    if entry is None or variant is None or house.settings.driver != "process":
        return None
    asked = DeploymentSpec(
        name=name or "",
        engine=plan.engine,
        context=plan.context,
        parallel=plan.parallel,
        options=plan.options,
        memory_bytes=plan.memory_bytes,
    )
    if entry.architecture is None and (files := house.store.files(entry, variant.id)):
        entry = replace(entry, architecture=await asyncio.to_thread(built_of, files))
    sizes = [each.variant.bytes or 0 for each in adapters.values()]
    fit = await house.rooms.fit(entry, asked, variant.id, sizes)
    return PreviewFit(
        verdict=fit.verdict,
        needed_bytes=fit.needed and fit.needed.total,
        weights_bytes=fit.needed and fit.needed.weights,
        repacked_bytes=fit.needed and fit.needed.repacked,
        cache_bytes=fit.needed and fit.needed.cache,
        free_bytes=fit.free_bytes,
        node=fit.node,
        places=list(fit.places),
        unload=list(fit.unload),
    )


def _license(found: rollouts.Preview, language: Language) -> PreviewLicense | None:
    licence, restricting = found.licence, found.restricting
    if licence is None:
        return None
    return PreviewLicense(
        id=licence.id,
        name=licence.name,
        license_class="commercial" if restricting is None else "research",
        conditions=licence.conditions and licence.conditions.text(language),
        url=licence.url,
        to_accept=restricting and restricting.id,
    )
