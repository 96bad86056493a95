"""Placement: where a replica goes, by memory: which accelerators of which node, or main memory.

Owns: `Need`, `Space` (what is free and who holds what) and the choice: filter, score, best fit. Must not: read machines
(inventory does), start anything, know models. Everything here is pure: the same calls give the same places.
Tests: tests/unit/compute/test_placement.py.
"""

from jixi.compute.placement._need import MAIN_MEMORY, Need, Placement, Taken
from jixi.compute.placement._space import Space
from jixi.compute.placement._visible import visible

__all__ = ["MAIN_MEMORY", "Need", "Placement", "Space", "Taken", "visible"]
