"""HTTP: the model API in its dialects, the admin API, the built console.

Owns: routes, authentication of a request, translation of problems, headers, running the server. Must not: hold rules
of a room, touch SQL outside `_records.py`, read the environment. Tests: tests/behaviour.
"""

from jixi.server._app import create_app
from jixi.server._document import admin_declarations, openapi_document
from jixi.server._policy import Declared, check_policy
from jixi.server._serve import Running, serve

__all__ = [
    "Declared",
    "Running",
    "admin_declarations",
    "check_policy",
    "create_app",
    "openapi_document",
    "serve",
]
