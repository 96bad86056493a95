"""The catalogue of models that Jixi knows: one TOML file each, with licence, files, digests and sources.

Owns: the entries and their schema. Must not: download anything, know engines beyond their names.
Add a model by adding a file to `entries`. Tests: tests/unit/catalog.
"""

from jixi.models.catalog._architecture import Architecture, Experts, Latent, Linear, Parameters, Window
from jixi.models.catalog._catalog import Catalog, licence_text, read_entry
from jixi.models.catalog._comparison import CACHE_TOKENS, Row, Value, cache_bytes, compare
from jixi.models.catalog._entry import (
    Entry,
    Level,
    Licence,
    LicenceClass,
    Provider,
    Size,
    Task,
    Texts,
    decode_entry,
    sizes,
)
from jixi.models.catalog._origins import (
    CarrierSource,
    FolderSource,
    HubSource,
    Origin,
    PackageSource,
    S3Source,
    UrlSource,
    origin_from,
)
from jixi.models.catalog._planned import planner_model
from jixi.models.catalog._search import Access, Query, Sort, search
from jixi.models.catalog._variant import BITS, ENGINES, EngineName, Format, ModelFile, Variant

__all__ = [
    "BITS",
    "CACHE_TOKENS",
    "ENGINES",
    "Access",
    "Architecture",
    "CarrierSource",
    "Catalog",
    "EngineName",
    "Entry",
    "Experts",
    "FolderSource",
    "Format",
    "HubSource",
    "Latent",
    "Level",
    "Licence",
    "LicenceClass",
    "Linear",
    "ModelFile",
    "Origin",
    "PackageSource",
    "Parameters",
    "Provider",
    "Query",
    "Row",
    "S3Source",
    "Size",
    "Sort",
    "Task",
    "Texts",
    "UrlSource",
    "Value",
    "Variant",
    "Window",
    "cache_bytes",
    "compare",
    "decode_entry",
    "licence_text",
    "origin_from",
    "planner_model",
    "read_entry",
    "search",
    "sizes",
]
