"""The catalogue of models that Jixi knows: one TOML file each, with licence, files, digests and sources.

Owns: the entries and their schema. Must not: download anything, know engines beyond their names.
Add a model by adding a file to `entries`. Tests: tests/unit/catalog.
"""

from jixi.models.catalog._catalog import Catalog, licence_text
from jixi.models.catalog._entry import (
    CarrierSource,
    Entry,
    HubSource,
    LicenceClass,
    ModelFile,
    Origin,
    PackageSource,
    Texts,
)

__all__ = [
    "CarrierSource",
    "Catalog",
    "Entry",
    "HubSource",
    "LicenceClass",
    "ModelFile",
    "Origin",
    "PackageSource",
    "Texts",
    "licence_text",
]
