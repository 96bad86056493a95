"""The house of services and the front of a gateway process: wired, opened in order, closed in the reverse order.

Owns: `House` and `Front`, what they are told and tell (notices, prices that deployments start with, traces), and what
is done to the data of a house that is closed. Must not: hold rules of a room, know HTTP or a command line.
Tests: tests/unit/assembly.
"""

from jixi.assembly.house._audit import Audit
from jixi.assembly.house._engines import engine_environments
from jixi.assembly.house._front import Front, open_front
from jixi.assembly.house._house import (
    House,
    check_database,
    database_environment,
    open_house,
    socket_path,
    writer_socket,
)
from jixi.assembly.house._notices import Notice
from jixi.assembly.house._rotation import Rotated, rotate_vault
from jixi.assembly.house._supply import Supply

__all__ = [
    "Audit",
    "Front",
    "House",
    "Notice",
    "Rotated",
    "Supply",
    "check_database",
    "database_environment",
    "engine_environments",
    "open_front",
    "open_house",
    "rotate_vault",
    "socket_path",
    "writer_socket",
]
