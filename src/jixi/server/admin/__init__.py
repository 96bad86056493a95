"""The admin API: one router file per noun, handlers thin.

Owns: the routes under /api and what each declares of its callers. Must not: hold rules (rooms do), touch SQL.
Tests: tests/behaviour.
"""

from jixi.server.admin._routers import ROUTERS

__all__ = ["ROUTERS"]
