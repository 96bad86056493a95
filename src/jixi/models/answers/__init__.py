"""Answers: what calls with an Idempotency-Key were answered first, so that every later try gets the same.

Owns: who acts on such a call, how long its answer is kept, and that it lies sealed in the database. Must not: know
HTTP or engines, read what it keeps, charge anything.
Tests: tests/behaviour/test_idempotent_calls.py, tests/faults/test_crash.py.
"""

from jixi.models.answers._answers import FirstAnswer, FirstAnswers, Turn
from jixi.models.answers._kept import KeptAnswers
from jixi.models.answers._records import Claim

__all__ = ["Claim", "FirstAnswer", "FirstAnswers", "KeptAnswers", "Turn"]
