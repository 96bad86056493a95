"""An entry of the catalogue: what a model is, what it may be used for, and where its files come from."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from jixi.core.errors import Language
from jixi.core.principal import Scope

LicenceClass = Literal["research", "commercial"]


class Texts(Struct, frozen=True):
    """A text for people, in both languages."""

    en: str
    zh: str

    def text(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en


class ModelFile(Struct, frozen=True):
    """One file. `role` is what the engine knows it by ("model"); its digest decides, wherever its bytes come from."""

    role: str
    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$")]
    bytes: Annotated[int, Meta(gt=0)]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class HubSource(Struct, frozen=True):
    """A repository on a hub; its files have the names of the entry's files."""

    kind: Literal["modelscope", "huggingface"]
    repo: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*$")]
    revision: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


class PackageSource(Struct, frozen=True):
    """An installed Python package that holds the file. It is found by its metadata and never imported."""

    kind: Literal["package"]
    package: str
    version: str
    member: str


class CarrierSource(Struct, frozen=True):
    """Python packages that carry the file, one part each and in this order; read as data, never installed.

    They belong to third parties and may vanish, so they come last.
    """

    kind: Literal["carrier"]
    packages: Annotated[list[str], Meta(min_length=1)]
    member: str


Origin = HubSource | PackageSource | CarrierSource


class Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model of the catalogue. `licence` is the SPDX id of its weights' licence; `weak` marks a stand-in."""

    id: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,119}$")]
    name: str
    family: str
    parameters: str
    kinds: list[Scope]
    languages: list[str]
    context: Annotated[int, Meta(gt=0)]
    engine: str
    licence: str
    description: Texts
    aliases: list[str] = []
    licence_class: LicenceClass = "commercial"
    files: list[ModelFile] = []
    sources: list[dict[str, str | list[str]]] = []
    weak: bool = False

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)

    def origins(self) -> list[Origin]:
        """Where the files may come from, in the order to try."""
        return [msgspec.convert(source, _KINDS[str(source["kind"])]) for source in self.sources]


_KINDS: dict[str, type[HubSource] | type[PackageSource] | type[CarrierSource]] = {
    "modelscope": HubSource,
    "huggingface": HubSource,
    "package": PackageSource,
    "carrier": CarrierSource,
}
