"""Where model files come from, and the store that keeps them: hubs, addresses, folders, buckets, packages, bundles.

Owns: downloads, their verification, and the one client that leaves this machine. Must not: trust a source; the
catalogue's digest decides. Tests: tests/unit/sources, against a local server that speaks the hubs' protocol.
"""

from jixi.models.sources._build import Outside, sources_of
from jixi.models.sources._bundle import Bundle, read_header
from jixi.models.sources._egress import Egress, EgressError, EgressResponse
from jixi.models.sources._manifest import KeptFile, Manifest
from jixi.models.sources._meter import Progress
from jixi.models.sources._own import own_files
from jixi.models.sources._part import Part
from jixi.models.sources._protocol import Listing, RemoteFile, Sought, Source, SourceError
from jixi.models.sources._store import ModelStore, State
from jixi.models.sources._web import S3Access

__all__ = [
    "Bundle",
    "Egress",
    "EgressError",
    "EgressResponse",
    "KeptFile",
    "Listing",
    "Manifest",
    "ModelStore",
    "Outside",
    "Part",
    "Progress",
    "RemoteFile",
    "S3Access",
    "Sought",
    "Source",
    "SourceError",
    "State",
    "own_files",
    "read_header",
    "sources_of",
]
