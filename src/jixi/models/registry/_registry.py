"""`ModelRegistry`: models are added, described and versioned; versions move through their stages."""

from collections.abc import Mapping
from typing import Any, Final

from jixi.core.clock import Clock
from jixi.core.errors import JixiError, problem
from jixi.core.ids import new_id
from jixi.models.catalog import BITS, Catalog
from jixi.models.registry._records import Beside, ModelRecords, Viewer
from jixi.models.registry._shelf import Shelf
from jixi.models.registry._values import ModelDraft, ModelVersion, OwnModel, VersionDraft
from jixi.storage import Database

_MOST_MODELS: Final = 1000
_MOST_VERSIONS: Final = 500


class ModelRegistry:
    """Models of one's own beside those of the `catalog`, whose entries they may come from."""

    def __init__(self, database: Database, clock: Clock, catalog: Catalog) -> None:
        self._records = ModelRecords(database)
        self._clock = clock
        self._catalog = catalog

    async def shelf(self, viewer: Viewer) -> Shelf:
        """Everything that the viewer sees: the catalogue, the house's models and the tenant's."""
        return Shelf(self._catalog, *await self._records.all(viewer))

    async def seen(self, viewer: Viewer) -> frozenset[str]:
        """The ids of the house's models and the tenant's, and of their versions."""
        return await self._records.seen(viewer)

    async def kept(self) -> dict[str | None, int]:
        """Bytes of the files of versions, by tenant; None is the house."""
        return await self._records.kept()

    async def get(self, viewer: Viewer, model_id: str) -> OwnModel:
        """Raises `not_found`, for another tenant's model as for one that never was."""
        return await self._records.get(viewer, model_id)

    async def add(
        self, viewer: Viewer, member_id: str, draft: ModelDraft, *, shared: bool = False
    ) -> OwnModel:
        """A model of the viewer's tenant, or a `shared` one of the house. Raises `invalid_value`, `quota_full`."""
        self._check(draft.licence)
        model = OwnModel(
            **_fields(draft),
            id=new_id("mdl"),
            tenant_id=None if shared else viewer.tenant_id,
            member_id=member_id,
            created_at=self._clock.now(),
        )
        await self._records.add(model, _MOST_MODELS)
        return model

    async def change(
        self, viewer: Viewer, model_id: str, facts: Mapping[str, Any], version: int | None
    ) -> OwnModel:
        """Say something else of it; `default_version_id` among the facts names a released version.

        Raises `not_found`, `precondition_failed`, `invalid_value`, `stage_forbidden`.
        """
        if "licence" in facts:
            self._check(facts["licence"])
        await self._records.change(viewer, model_id, version, dict(facts))
        return await self.get(viewer, model_id)

    async def versions(
        self, viewer: Viewer, model_id: str, *, limit: int, after: str | None = None
    ) -> list[ModelVersion]:
        """At most `limit`, newest first, behind the one with the id `after`. Raises `not_found`."""
        await self.get(viewer, model_id)
        return await self._records.versions(viewer, model_id, limit, after)

    async def version(self, viewer: Viewer, model_id: str, version_id: str) -> ModelVersion:
        """Raises `not_found`."""
        found = await self._records.version(viewer, version_id)
        if found.model_id != model_id:
            raise problem("not_found", noun="model version")
        return found

    async def check_place(self, viewer: Viewer, model_id: str, base_id: str | None) -> str | None:
        """The id of the base; raises `not_found` unless the viewer may add a version to that model, made from it."""
        model = await self.get(viewer, model_id)
        if model.tenant_id is None and not viewer.keeps_house:
            raise problem("not_found", noun="model")
        await self._check_base(viewer, model_id, base_id)
        return self._catalog.get(base_id).id if base_id is not None and base_id in self._catalog else base_id

    async def add_version(
        self,
        viewer: Viewer,
        member_id: str,
        model_id: str,
        draft: VersionDraft,
        version_id: str | None = None,
        beside: Beside | None = None,
    ) -> ModelVersion:
        """A candidate, with an id that is known before where one is. `beside` writes in the same transaction.

        Raises `not_found`, `invalid_value`, `quota_full`.
        """
        if draft.precision not in BITS:
            raise _invalid("precision", f"one of {', '.join(BITS)}")
        if draft.making != "imported" and draft.base_id is None:
            raise _invalid("base", f"a {draft.making} version says what it was made from")
        made = ModelVersion(
            **_fields(draft),
            id=version_id or new_id("ver"),
            model_id=model_id,
            number=0,
            member_id=member_id,
            created_at=self._clock.now(),
        )
        await self._check_base(viewer, model_id, draft.base_id)
        return await self._records.add_version(viewer, made, _MOST_VERSIONS, beside)

    async def change_version(
        self,
        viewer: Viewer,
        model_id: str,
        version_id: str,
        facts: Mapping[str, Any],
        version: int | None,
    ) -> ModelVersion:
        """Move it to another stage, or say another base or other notes.

        Raises `not_found`, `precondition_failed`, `stage_forbidden`, `lineage_cyclic`, `invalid_value`.
        """
        made = await self.version(viewer, model_id, version_id)
        if "base_id" in facts:
            await self._check_base(viewer, model_id, facts["base_id"])
        await self._records.change_version(viewer, made, version, dict(facts))
        return await self.version(viewer, model_id, version_id)

    def _check(self, licence: str) -> None:
        known = [each.id for each in self._catalog.licences()]
        if licence not in known:
            raise _invalid("license", f"one of {', '.join(known)}")

    async def _check_base(self, viewer: Viewer, model_id: str, base_id: str | None) -> None:
        """A base is an entry of the catalogue, or a version that the viewer sees, and whoever sees the model."""
        if base_id is None or base_id in self._catalog:
            return
        base = await self._records.version(viewer, base_id)
        origin = await self.get(viewer, base.model_id)
        if origin.tenant_id is not None and (await self.get(viewer, model_id)).tenant_id is None:
            raise _invalid("base", "a model of the house comes from what everybody sees")


def _fields(draft: ModelDraft | VersionDraft) -> dict[str, Any]:
    return {name: getattr(draft, name) for name in draft.__struct_fields__}


def _invalid(param: str, reason: str) -> JixiError:
    return problem("invalid_value", param=param, reason=f"{param}: {reason}")
