"""Versions of one's own models whose files a job brings from a hub, an address or a bucket: all of it, or no version.

Owns: the kind of jobs `import`, and what was asked for until the version stands in the register. Must not: fetch, judge
or hash anything itself (the store of `sources` does), decide who may do what.
Tests: tests/behaviour/test_imports.py, which kills a server amid one.
"""

from jixi.models.imports._handler import IMPORT, ImportHandler
from jixi.models.imports._imports import Imports
from jixi.models.imports._records import ImportRecords
from jixi.models.imports._values import ImportDraft, engines_of

__all__ = ["IMPORT", "ImportDraft", "ImportHandler", "ImportRecords", "Imports", "engines_of"]
