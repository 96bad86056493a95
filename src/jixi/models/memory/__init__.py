"""Memory: what a replica of a model takes, whether it fits here, and the room that is held for each that runs.

Owns: `Rooms`, which joins what engines take (their footprints) with what machines have (inventory, placement), and
`Fit`, the answer to who asks before deploying. Must not: start engines, read machines itself. Tests: tests/unit/memory.
"""

from jixi.models.memory._built import built_of
from jixi.models.memory._fit import Fit, Verdict
from jixi.models.memory._rooms import HeldRoom, Rooms
from jixi.models.memory._weights import repacked_of, weights_of

__all__ = ["Fit", "HeldRoom", "Rooms", "Verdict", "built_of", "repacked_of", "weights_of"]
