"""The model API: /v1 in OpenAI's dialect, as plain ASGI endpoints, for this is the hot path.

Owns: addresses, headers and errors of /v1, and hearing when a caller leaves. Must not: decide anything about a call;
the gateway does. Tests: tests/behaviour (the official Python and JavaScript SDKs as clients), tests/unit/gateway.
"""

from jixi.server.openai._answers import openai_event, openai_response
from jixi.server.openai._batches import batch_routes
from jixi.server.openai._document import add_model_api
from jixi.server.openai._files import file_routes
from jixi.server.openai._routes import openai_routes

__all__ = [
    "add_model_api",
    "batch_routes",
    "file_routes",
    "openai_event",
    "openai_response",
    "openai_routes",
]
