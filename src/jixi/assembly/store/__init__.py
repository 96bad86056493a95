"""The store of model files in the data folder, as the settings say it is.

Owns: which sources it may use, and what our environment says to pip. Must not: open the house: the command line lists
and brings models without one. Tests: tests/unit/assembly, tests/behaviour.
"""

from jixi.assembly.store._store import model_store, pip_environment

__all__ = ["model_store", "pip_environment"]
