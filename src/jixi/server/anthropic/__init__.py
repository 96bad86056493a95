"""The model API in Anthropic's dialect: /v1/messages, counting tokens, and the models as its clients list them.

Owns: addresses, headers, events and errors of that dialect. Must not: translate bodies itself (models/dialects does)
or decide anything about a call. Tests: tests/behaviour (the official Python and JavaScript SDKs as clients).
"""

from jixi.server.anthropic._answers import anthropic_event, anthropic_response, speaks_anthropic
from jixi.server.anthropic._document import add_messages_api
from jixi.server.anthropic._routes import anthropic_routes

__all__ = [
    "add_messages_api",
    "anthropic_event",
    "anthropic_response",
    "anthropic_routes",
    "speaks_anthropic",
]
