"""The public names of models: one space of names over deployments, aliases and outside models.

Owns: who has which name, decided by one write, whoever asks in the same instant. Must not know what a name stands for.
Its tests are in tests/unit/names.
"""

from jixi.models.names._records import claim, name_taken, release
from jixi.models.names._settled import SettledNames

__all__ = ["SettledNames", "claim", "name_taken", "release"]
