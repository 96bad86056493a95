"""Governance beside the storeys: who may do what (identity) and what it costs (ledger).

Owns: the implementations of the ports Gate and Meter. Must not: know engines, models' files or HTTP.
Tests: tests/unit/governance, each on SQLite and on PostgreSQL.
"""

__all__: list[str] = []
