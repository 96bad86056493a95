"""The Responses API: /v1/responses, whole and streamed, kept and read again.

Owns: its addresses, events and answers. Must not: translate bodies (models/dialects does), keep anything itself
(models/responses does) or decide anything about a call. Tests: tests/behaviour (the official SDKs as clients).
"""

from jixi.server.responses._document import add_responses_api
from jixi.server.responses._routes import responses_routes

__all__ = ["add_responses_api", "responses_routes"]
