"""What the operator has said: every setting, where it came from, and the folder of everything that lasts.

Owns: `Settings`, reading them from file, environment and flags, the data folder and its lock. Must not: open a
service, import a room that does. Tests: tests/unit/assembly.
"""

from jixi.assembly.settings._folder import locked_folder, prepare_folder
from jixi.assembly.settings._load import (
    LoadedSettings,
    Sourced,
    check_address,
    handed_sockets,
    load_settings,
)
from jixi.assembly.settings._settings import DeploymentSetting, Settings, host_name

__all__ = [
    "DeploymentSetting",
    "LoadedSettings",
    "Settings",
    "Sourced",
    "check_address",
    "handed_sockets",
    "host_name",
    "load_settings",
    "locked_folder",
    "prepare_folder",
]
