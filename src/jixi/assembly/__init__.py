"""Settings and wiring: the only place that reads the environment and joins the rooms.

Owns: `Settings`, the `House` of services and the `Front` of a gateway process, opening and closing them, notices, the
prices that deployments start with. Must not: hold rules of a room, know HTTP or a command line.
Tests: tests/unit/assembly.
"""

from jixi.assembly._audit import Audit
from jixi.assembly._engines import engine_environments
from jixi.assembly._folder import locked_folder, prepare_folder
from jixi.assembly._front import Front, open_front
from jixi.assembly._house import (
    House,
    check_database,
    database_environment,
    model_store,
    open_house,
    socket_path,
    writer_socket,
)
from jixi.assembly._load import LoadedSettings, Sourced, check_address, handed_sockets, load_settings
from jixi.assembly._notices import Notice
from jixi.assembly._rotation import Rotated, rotate_vault
from jixi.assembly._settings import DeploymentSetting, Settings, host_name
from jixi.assembly._supply import Supply

__all__ = [
    "Audit",
    "DeploymentSetting",
    "Front",
    "House",
    "LoadedSettings",
    "Notice",
    "Rotated",
    "Settings",
    "Sourced",
    "Supply",
    "check_address",
    "check_database",
    "database_environment",
    "engine_environments",
    "handed_sockets",
    "host_name",
    "load_settings",
    "locked_folder",
    "model_store",
    "open_front",
    "open_house",
    "prepare_folder",
    "rotate_vault",
    "socket_path",
    "writer_socket",
]
