"""Where model files come from, and the store that keeps them: what a source is, folders, bundles.

Owns: downloads, their verification, files of one's own. Hubs, addresses and buckets are the room `outside`, which alone
leaves this machine. Must not: trust a source; the catalogue's digest decides. Tests: tests/unit/sources.
"""

from jixi.models.sources._bundle import Bundle, read_header
from jixi.models.sources._manifest import KeptFile, Manifest
from jixi.models.sources._meter import Progress
from jixi.models.sources._own import own_files
from jixi.models.sources._part import Part
from jixi.models.sources._protocol import Listing, RemoteFile, Sought, Source, SourceError
from jixi.models.sources._store import ModelStore, State

__all__ = [
    "Bundle",
    "KeptFile",
    "Listing",
    "Manifest",
    "ModelStore",
    "Part",
    "Progress",
    "RemoteFile",
    "Sought",
    "Source",
    "SourceError",
    "State",
    "own_files",
    "read_header",
]
