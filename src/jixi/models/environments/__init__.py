"""Environments: a Python of its own for each engine whose packages cannot stand beside Jixi's.

Owns: making them under a folder, once and whole, and saying where an engine runs. Must not: start engines, fetch
models. Packages come by pip, as wheels alone, through the one launcher.
Tests: tests/unit/environments (with a folder of wheels for an index), tests/engines.
"""

from jixi.models.environments._environments import Environments, Installation, Progress

__all__ = ["Environments", "Installation", "Progress"]
