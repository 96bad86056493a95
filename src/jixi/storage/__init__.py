"""Where records and blobs lie: the database, its sessions, column types and migrations, the vault, folders and S3.

Owns: connections, schema changes, the sealing of secrets, the names of blobs. Must not: know any table of a room,
hold domain rules. Tests: tests/unit/storage, each on SQLite and on PostgreSQL; tests/contract/test_blobs.py.
"""

from jixi.storage._blobs import BlobName, Blobs, FolderBlobs, ObjectBlobs
from jixi.storage._database import (
    Database,
    DatabaseAwayError,
    DatabaseFullError,
    Session,
    after_commit,
)
from jixi.storage._migrate import migrate
from jixi.storage._rows import execute_rows, fetch_rows
from jixi.storage._types import UtcDateTime
from jixi.storage._vault import Vault
from jixi.storage._whole import whole

__all__ = [
    "BlobName",
    "Blobs",
    "Database",
    "DatabaseAwayError",
    "DatabaseFullError",
    "FolderBlobs",
    "ObjectBlobs",
    "Session",
    "UtcDateTime",
    "Vault",
    "after_commit",
    "execute_rows",
    "fetch_rows",
    "migrate",
    "whole",
]
