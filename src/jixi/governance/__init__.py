"""Governance beside the storeys: who may do what (identity), what it costs (ledger), what became of it (audit)
and what must not be kept (safety).

Owns: the implementations of the ports Gate and Meter. Must not: know engines, models' files or HTTP.
Tests: tests/unit/governance, each on SQLite and on PostgreSQL.
"""

__all__: list[str] = []
