"""Audit: what became of each call, kept for as long as the settings say, for the eyes of its tenant alone.

Owns: the tables of traces and of what was said in them. Must not: decide who may look, know HTTP or engines.
Tests: tests/unit/governance, on SQLite and on PostgreSQL.
"""

from jixi.governance.audit._traces import Traces
from jixi.governance.audit._values import Content, Keeping, Trace, TraceSelection

__all__ = ["Content", "Keeping", "Trace", "TraceSelection", "Traces"]
