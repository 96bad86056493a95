"""The shelf: the catalogue's models and one's own, found, compared and traced back together."""

from collections.abc import Sequence

from jixi.core.errors import problem
from jixi.models.catalog import Catalog, Entry, Licence, LicenceClass, Query, Row, Variant, compare, search
from jixi.models.registry._values import ModelVersion, OwnModel, entry_of


class Shelf:
    """What one viewer sees at one moment."""

    def __init__(
        self, catalog: Catalog, models: Sequence[OwnModel], versions: Sequence[ModelVersion]
    ) -> None:
        self._catalog = catalog
        self._models = {model.id: model for model in models}
        self._versions = {version.id: version for version in versions}
        self._entries = {entry.id: entry for entry in catalog} | {
            model.id: entry_of(model, versions) for model in models
        }
        self._licences = {licence.id: licence for licence in catalog.licences()}

    def get(self, model_id: str) -> Entry:
        """A model by its id or alias; raises `not_found`."""
        name = self._catalog.get(model_id).id if model_id in self._catalog else model_id
        if name not in self._entries:
            raise problem("not_found", noun="model")
        return self._entries[name]

    def own(self, model_id: str) -> OwnModel | None:
        """The model, where it is not the catalogue's."""
        return self._models.get(model_id)

    def version(self, version_id: str) -> ModelVersion:
        """A version of a model of one's own; raises `not_found`."""
        if version_id not in self._versions:
            raise problem("not_found", noun="model version")
        return self._versions[version_id]

    def bases(self, entry: Entry, variant: Variant) -> list[str]:
        """What an adapter for this variant was made from: the model, or the version of one's own, or, where that was
        compressed, what it was compressed from.
        """
        if entry.id not in self._models:
            return [entry.id]
        found = [variant.id]
        while (made := self._versions.get(found[-1])) is not None and made.making == "compressed":
            found.append(made.base_id or "")
        return found

    def search(self, query: Query) -> list[Entry]:
        return search(self._entries.values(), query, self.licence_class)

    def compare(self, model_ids: Sequence[str]) -> list[Row]:
        """Raises `not_found`."""
        return compare([self.get(name) for name in model_ids], self.licence)

    def licence(self, entry: Entry) -> Licence:
        return self._licences[entry.licence]

    def licence_class(self, entry: Entry) -> LicenceClass:
        """The strictest of its versions that are released or, before there is one, of all that it has."""
        alive = [variant.id for variant in entry.variants]
        released = [
            name for name in alive if name in self._versions and self._versions[name].stage == "released"
        ]
        found = (self.restricting(entry, name) for name in released or alive or [entry.id])
        return "commercial" if all(licence is None for licence in found) else "research"

    def restricting(self, entry: Entry, variant_id: str) -> Licence | None:
        """The licence that allows research alone: the model's own, or that of one from which this variant was made.

        What is made of a model for research alone stays for research alone, whatever is said of it; other versions of
        the same model do not.
        """
        origin = variant_id if variant_id in self._versions else entry.id
        line = (self._entries.get(self._model_of(name)) for name in self.lineage(origin))
        licences = (self.licence(each) for each in line if each is not None)
        return next((each for each in licences if each.licence_class == "research"), None)

    def lineage(self, origin: str | None) -> list[str]:
        """From a version or a model back to the first: versions, at last entries of the catalogue."""
        line: list[str] = []
        while origin is not None:
            line.append(origin)
            origin = self._base(origin)
        return line

    def descendants(self, entry: Entry) -> list[str]:
        """The models and versions that were made from it or from one of its versions, sorted."""
        mine = {entry.id} | {each.id for each in self._versions.values() if each.model_id == entry.id}
        made = {each.id for each in self._versions.values() if each.base_id in mine}
        return sorted(made | {each.id for each in self._catalog if each.base in mine})

    def _model_of(self, name: str) -> str:
        return self._versions[name].model_id if name in self._versions else name

    def _base(self, name: str) -> str | None:
        if name in self._versions:
            return self._versions[name].base_id
        return self._catalog.get(name).base if name in self._catalog else None
