"""Where records lie: the database, its sessions, its column types, its migrations.

Owns: connections and schema changes. Must not: know any table of a room, hold domain rules.
Tests: tests/unit/storage, each on SQLite and on PostgreSQL.
"""

from jixi.storage._database import Database
from jixi.storage._migrate import migrate
from jixi.storage._rows import execute_rows
from jixi.storage._types import UtcDateTime

__all__ = ["Database", "UtcDateTime", "execute_rows", "migrate"]
