"""Settings and wiring: the only place that reads the environment and joins the rooms.

Owns: `Settings`, the `House` of services, opening and closing it, notices, the prices that deployments start with.
Must not: hold rules of a room, know HTTP or a command line. Tests: tests/unit/assembly.
"""

from jixi.assembly._folder import locked_folder, prepare_folder
from jixi.assembly._house import House, check_database, model_store, open_house
from jixi.assembly._load import LoadedSettings, Sourced, load_settings
from jixi.assembly._notices import Notice
from jixi.assembly._settings import DeploymentSetting, Settings, host_name
from jixi.assembly._supply import Supply

__all__ = [
    "DeploymentSetting",
    "House",
    "LoadedSettings",
    "Notice",
    "Settings",
    "Sourced",
    "Supply",
    "check_database",
    "host_name",
    "load_settings",
    "locked_folder",
    "model_store",
    "open_house",
    "prepare_folder",
]
