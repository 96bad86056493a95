"""Environments: a Python of its own for each engine whose packages cannot stand beside Jixi's.

Owns: making them under a folder, once and whole, saying where an engine runs, and the kind of jobs `installation`.
Must not: start engines, fetch models. Packages come by pip, as wheels alone, through the one launcher.
Tests: tests/unit/environments (with a folder of wheels for an index), tests/engines; tests/faults/test_installations.py
kills the server amid one.
"""

from jixi.models.environments._build import Progress
from jixi.models.environments._environments import Environments, Installation
from jixi.models.environments._jobs import INSTALLATION, InstallationHandler, Installations

__all__ = ["INSTALLATION", "Environments", "Installation", "InstallationHandler", "Installations", "Progress"]
