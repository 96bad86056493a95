"""Responses: what answers of the Responses API are kept for, so that a later call can go on from them.

Owns: the kept records, who may read them, how many there may be, how long they last, and that they lie sealed in the
database. Must not: know HTTP or engines, read what it keeps. Tests: tests/unit/responses.
"""

from jixi.models.responses._records import Quota
from jixi.models.responses._store import Kept, ResponseStore

__all__ = ["Kept", "Quota", "ResponseStore"]
