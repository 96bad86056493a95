"""Models of one's own: what a tenant or the house has imported, tuned or compressed, in versions with stages.

Owns: the records of models and versions, the moves between stages, the lineage. Must not: hold files (a version names
them by digest), decide who may do what. Tests: tests/unit/registry, tests/behaviour/test_admin_models.py.
"""

from jixi.models.registry._records import Viewer
from jixi.models.registry._registry import ModelRegistry
from jixi.models.registry._shelf import Shelf
from jixi.models.registry._values import (
    Brought,
    KeptFile,
    Making,
    ModelDraft,
    ModelVersion,
    OwnModel,
    Stage,
    VersionDraft,
    entry_of,
)

__all__ = [
    "Brought",
    "KeptFile",
    "Making",
    "ModelDraft",
    "ModelRegistry",
    "ModelVersion",
    "OwnModel",
    "Shelf",
    "Stage",
    "VersionDraft",
    "Viewer",
    "entry_of",
]
