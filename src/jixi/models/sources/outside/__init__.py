"""The sources of a variant as the settings allow them, and the one client that leaves this machine.

Owns: hubs, addresses, buckets and packages as sources, `Egress` and its judgement of addresses. Must not: keep a file,
trust one. Tests: tests/unit/sources, against a local server that speaks the hubs' protocol.
"""

from jixi.models.sources.outside._build import Outside, sources_of
from jixi.models.sources.outside._egress import Egress, EgressError, EgressResponse
from jixi.models.sources.outside._web import S3Access

__all__ = ["Egress", "EgressError", "EgressResponse", "Outside", "S3Access", "sources_of"]
