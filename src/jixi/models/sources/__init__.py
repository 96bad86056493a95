"""Where model files come from, and the store that keeps them: hubs, packages, wheel carriers.

Owns: downloads, their verification, and the one client that leaves this machine. Must not: trust a source; the
catalogue's digest decides. Tests: tests/unit/sources, against a local server that speaks the hubs' protocol.
"""

from jixi.models.sources._build import sources_of
from jixi.models.sources._egress import Egress
from jixi.models.sources._protocol import Source, SourceError
from jixi.models.sources._store import ModelStore, Progress, State

__all__ = ["Egress", "ModelStore", "Progress", "Source", "SourceError", "State", "sources_of"]
