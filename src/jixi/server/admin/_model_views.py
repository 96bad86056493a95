"""What the store tells of a model, in the reader's language."""

from typing import Any, Final

import msgspec

from jixi.assembly.house import House
from jixi.core.errors import Language
from jixi.models.catalog import Entry, Origin, Variant, cache_bytes, licence_text
from jixi.models.registry import ModelVersion as Version
from jixi.models.registry import Shelf
from jixi.wire.admin import (
    Model,
    ModelDetail,
    ModelLicence,
    ModelProvider,
    ModelSource,
    ModelVariant,
    ModelVariantFile,
    ModelVersion,
)

_NEAR: Final = ("downloading", "downloaded", "failed", "available")


class Views:
    """The models of one shelf, for one reader."""

    def __init__(self, house: House, shelf: Shelf, language: Language) -> None:
        self._house = house
        self.shelf = shelf
        self._language: Language = language

    def model(self, entry: Entry) -> Model:
        return Model(**self._summary(entry))

    def detail(self, entry: Entry) -> ModelDetail:
        own = self.shelf.own(entry.id)
        architecture = entry.architecture
        return ModelDetail(
            **self._summary(entry),
            card=entry.card.text(self._language),
            license_details=self._licence(entry),
            architecture=None if architecture is None else msgspec.to_builtins(architecture),
            cache_bytes=cache_bytes(entry),
            variants=[self._variant(entry, variant) for variant in entry.variants],
            provider=None if entry.provider is None else _provider(entry),
            lineage=self.shelf.lineage(entry.base),
            descendants=self.shelf.descendants(entry),
            facts_from=entry.facts_from or None,
            unconfirmed=entry.unconfirmed,
            default_version_id=own and own.default_version_id,
            created_at=own and own.created_at,
            version=own and own.version,
        )

    def version(self, version: Version) -> ModelVersion:
        own = self.shelf.own(version.model_id)
        restricting = self.shelf.restricting(self.shelf.get(version.model_id), version.id)
        told = msgspec.to_builtins(version)
        # Of the model, in its details; of a version it says nothing that its files do not.
        del told["architecture"]
        return ModelVersion.model_validate(
            told
            | {
                "created_at": version.created_at,
                "is_default": own is not None and own.default_version_id == version.id,
                "lineage": self.shelf.lineage(version.base_id),
                "license_class": "commercial" if restricting is None else "research",
            }
        )

    def _summary(self, entry: Entry) -> dict[str, Any]:
        own, parameters = self.shelf.own(entry.id), entry.parameters
        size = entry.size(entry.variant()) if entry.variants else None
        specs = self._house.supply.specs.values()
        return {
            "id": entry.id,
            "name": entry.name,
            "publisher": entry.publisher,
            "family": entry.family,
            "origin": "catalogue" if own is None else "house" if own.tenant_id is None else "tenant",
            "access": "closed" if entry.closed else "open",
            "description": entry.description.text(self._language),
            "tasks": entry.tasks,
            "kinds": entry.kinds,
            "languages": entry.languages,
            "level": entry.level,
            "released": entry.released,
            "license": entry.licence,
            "license_class": self.shelf.licence_class(entry),
            "parameters": parameters.label if parameters else "",
            "total_parameters": parameters and parameters.total,
            "active_parameters": parameters and parameters.active,
            "size_bytes": size and size.bytes,
            "size_estimated": size is not None and size.estimated,
            "formats": list(dict.fromkeys(variant.format for variant in entry.variants)),
            "engines": list(dict.fromkeys(name for variant in entry.variants for name in variant.engines)),
            "base": entry.base,
            "context": entry.context,
            "weak": entry.weak,
            "deployed_as": sorted(spec.name for spec in specs if spec.model_id == entry.id),
            **self._nearest(entry),
        }

    def _nearest(self, entry: Entry) -> dict[str, Any]:
        """How much is on this machine of the variant that is nearest to being here; of equal ones the first."""
        if not entry.variants:
            state = "outside" if entry.closed else "available"
            return {"state": state, "source": None, "downloaded_bytes": 0}
        return min(
            (self._here(entry, each) for each in entry.variants), key=lambda it: _NEAR.index(it["state"])
        )

    def _here(self, entry: Entry, variant: Variant) -> dict[str, Any]:
        """How much of the variant is on this machine."""
        store, size = self._house.store, entry.size(variant)
        progress, state = store.progress(entry, variant.id), store.state(entry, variant.id)
        done = progress.done if progress else size.bytes if size and state == "downloaded" else 0
        return {"state": state, "source": progress and progress.source, "downloaded_bytes": done}

    def _variant(self, entry: Entry, variant: Variant) -> ModelVariant:
        size, here = entry.size(variant), self._here(entry, variant)
        return ModelVariant(
            id=variant.id,
            format=variant.format,
            precision=variant.precision,
            engines=list(variant.engines),
            size_bytes=size and size.bytes,
            size_estimated=size is not None and size.estimated,
            state=here["state"],
            downloaded_bytes=here["downloaded_bytes"],
            files=[_file(file) for file in variant.files],
            sources=[_source(source) for source in variant.sources],
        )

    def _licence(self, entry: Entry) -> ModelLicence:
        licence = self.shelf.licence(entry)
        return ModelLicence(
            id=licence.id,
            name=licence.name,
            license_class=licence.licence_class,
            conditions=licence.conditions and licence.conditions.text(self._language),
            url=licence.url,
            text=licence_text(licence.id),
        )


def _file(file: Any) -> ModelVariantFile:
    return ModelVariantFile.model_validate(file)


def _provider(entry: Entry) -> ModelProvider:
    return ModelProvider.model_validate(entry.provider)


def _source(source: Origin) -> ModelSource:
    return ModelSource(kind=source.kind, where=source.where, revision=getattr(source, "revision", None))
