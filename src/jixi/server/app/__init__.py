"""The server whole: the app of every address, what runs it, and the document of what it answers.

Owns: putting the routers, the border and the console together, opening the house and the sockets. Must not: answer a
request itself. Tests: tests/behaviour.
"""

from jixi.server._policy import Declared, check_policy
from jixi.server.app._app import create_app, create_model_app, render_problem
from jixi.server.app._document import admin_declarations, openapi_document
from jixi.server.app._serve import Running, serve

__all__ = [
    "Declared",
    "Running",
    "admin_declarations",
    "check_policy",
    "create_app",
    "create_model_app",
    "openapi_document",
    "render_problem",
    "serve",
]
