"""/api/models: the catalogue, and what of it is on this machine."""

from typing import Annotated

from fastapi import APIRouter, Request

from jixi.assembly import House
from jixi.core.errors import Language
from jixi.core.principal import Principal
from jixi.models.catalog import Entry
from jixi.server._policy import requires
from jixi.server._scope import language_of
from jixi.server._services import TheHouse
from jixi.wire.admin import Model, ModelList

router = APIRouter(prefix="/models", tags=["models"])


@router.get("", summary="List the models of the store")
async def list_models(
    caller: Annotated[Principal, requires("models.read")], house: TheHouse, request: Request
) -> ModelList:
    language = language_of(request.scope)
    return ModelList(items=[_model(house, entry, language) for entry in house.catalog], next_cursor=None)


def _model(house: House, entry: Entry, language: Language) -> Model:
    progress = house.store.progress(entry)
    state = house.store.state(entry)
    return Model(
        id=entry.id,
        name=entry.name,
        description=entry.description.text(language),
        kinds=entry.kinds,
        languages=entry.languages,
        license=entry.licence,
        license_class=entry.licence_class,
        parameters=entry.parameters,
        size_bytes=entry.bytes,
        context=entry.context,
        source=None if progress is None else progress.source,
        state=state,
        downloaded_bytes=progress.done if progress else entry.bytes if state == "downloaded" else 0,
        weak=entry.weak,
        deployed_as=sorted(spec.name for spec in house.supply.specs.values() if spec.model_id == entry.id),
    )
