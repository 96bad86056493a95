"""The ledger: prices, limits, holds, charges, statements. It implements the port Meter.

Owns: every table with money in it, and the one writer of holds and charges. Must not: know HTTP, engines or who
somebody is beyond the ids of a principal. Tests: tests/unit/governance, on SQLite and on PostgreSQL.
"""

from jixi.governance.ledger._admission import admit, settle
from jixi.governance.ledger._gauge import Demand, Gauge
from jixi.governance.ledger._ledger import LEASE, Ledger
from jixi.governance.ledger._limits import Limits
from jixi.governance.ledger._prices import PriceBook
from jixi.governance.ledger._process import ProcessWriter
from jixi.governance.ledger._resources import Resources
from jixi.governance.ledger._shared import SharedWriter
from jixi.governance.ledger._statement import Statement
from jixi.governance.ledger._values import (
    GROUPS,
    MODEL,
    Charge,
    Group,
    Limit,
    LimitScope,
    LimitValues,
    Minute,
    PriceEntry,
    ResourcePrice,
    ResourceRow,
    Row,
    Selection,
    Totals,
    Use,
    Used,
    scope_of,
)
from jixi.governance.ledger._writer import ThreadWriter

__all__ = [
    "GROUPS",
    "LEASE",
    "MODEL",
    "Charge",
    "Demand",
    "Gauge",
    "Group",
    "Ledger",
    "Limit",
    "LimitScope",
    "LimitValues",
    "Limits",
    "Minute",
    "PriceBook",
    "PriceEntry",
    "ProcessWriter",
    "ResourcePrice",
    "ResourceRow",
    "Resources",
    "Row",
    "Selection",
    "SharedWriter",
    "Statement",
    "ThreadWriter",
    "Totals",
    "Use",
    "Used",
    "admit",
    "scope_of",
    "settle",
]
