"""A model of one's own and its versions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec
from msgspec import Struct

from jixi.models.catalog import (
    Architecture,
    EngineName,
    Entry,
    Format,
    Level,
    ModelFile,
    Parameters,
    Task,
    Texts,
    Variant,
)

Stage = Literal["candidate", "released", "retired"]
Making = Literal["imported", "tuned", "compressed"]
MOVES: Final[dict[Stage, frozenset[Stage]]] = {
    "candidate": frozenset({"released", "retired"}),
    "released": frozenset({"retired"}),
    "retired": frozenset(),
}


class KeptFile(Struct, frozen=True):
    """A file of a version; its digest is what it is found by."""

    role: str
    name: str
    bytes: int
    sha256: str


class Brought(Struct, frozen=True):
    """Where files came from: the `kind` of source, the place for people, and the revision that they are of."""

    kind: str
    where: str
    revision: str


class ModelDraft(Struct, frozen=True, kw_only=True):
    """What people say of a model."""

    name: str
    publisher: str
    family: str
    tasks: list[Task]
    languages: list[str]
    licence: str
    description: Texts
    card: Texts
    level: Level = "L2"
    context: int | None = None
    parameters: Parameters | None = None


class OwnModel(ModelDraft, frozen=True, kw_only=True):
    """`tenant_id` None is the house: everybody sees it. `version` counts changes, those of its versions too."""

    id: str
    tenant_id: str | None
    member_id: str
    created_at: datetime
    default_version_id: str | None = None
    numbers: int = 0
    version: int = 1


class VersionDraft(Struct, frozen=True, kw_only=True):
    """What one made: in a format, from a base. `base_id` is a version or an entry of the catalogue.

    `source` is where its files were brought from by a job, `architecture` how it is built as those files say it.
    """

    making: Making
    format: Format
    precision: str
    engines: list[EngineName]
    files: list[KeptFile]
    base_id: str | None = None
    notes: str = ""
    source: Brought | None = None
    architecture: Architecture | None = None


class ModelVersion(VersionDraft, frozen=True, kw_only=True):
    """The version with `number` of a model. `version` counts its changes."""

    id: str
    model_id: str
    number: int
    member_id: str
    created_at: datetime
    stage: Stage = "candidate"
    version: int = 1


def entry_of(model: OwnModel, versions: Sequence[ModelVersion]) -> Entry:
    """The model as the catalogue's own kind, so that it is found and compared like the others.

    A version in use is a variant, the default one first, the others newest first. How it is built the first of them
    says that knows it.
    """
    alive = [each for each in versions if each.model_id == model.id and each.stage != "retired"]
    alive.sort(key=lambda each: (each.id != model.default_version_id, -each.number))
    base = next((each.base_id for each in alive if each.base_id), None)
    said = {name: getattr(model, name) for name in ModelDraft.__struct_fields__}
    return Entry(
        **said,
        id=model.id,
        facts_from="",
        base=base,
        architecture=next((each.architecture for each in alive if each.architecture), None),
        variants=[_variant(each) for each in alive],
    )


def _variant(made: ModelVersion) -> Variant:
    files = [msgspec.convert(file, ModelFile, from_attributes=True) for file in made.files]
    return Variant(made.id, made.format, made.precision, made.engines, files=files)
