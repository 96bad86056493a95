"""The ledger: prices, budgets, holds, charges, statements. It implements the port Meter.

Owns: every table with money in it, and the one writer of holds and charges. Must not: know HTTP, engines or who
somebody is beyond the ids of a principal. Tests: tests/unit/governance, on SQLite and on PostgreSQL.
"""

from jixi.governance.ledger._admission import Account, admit, settle
from jixi.governance.ledger._budgets import Budgets
from jixi.governance.ledger._ledger import LEASE, Ledger
from jixi.governance.ledger._prices import PriceBook, PriceEntry
from jixi.governance.ledger._process import ProcessWriter
from jixi.governance.ledger._statement import Statement
from jixi.governance.ledger._values import (
    GROUPS,
    Budget,
    BudgetScope,
    Charge,
    Group,
    Minute,
    Row,
    Selection,
    Totals,
)

__all__ = [
    "GROUPS",
    "LEASE",
    "Account",
    "Budget",
    "BudgetScope",
    "Budgets",
    "Charge",
    "Group",
    "Ledger",
    "Minute",
    "PriceBook",
    "PriceEntry",
    "ProcessWriter",
    "Row",
    "Selection",
    "Statement",
    "Totals",
    "admit",
    "settle",
]
