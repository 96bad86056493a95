"""The catalogue of chips: accelerators and server processors, one TOML file each, with a source for every figure.

Owns: the data files and their schema: dense peaks, memory, links, power, prices with their date. Must not: read
machines (inventory does), plan anything. Add a chip by adding a file to `data`.
Tests: tests/unit/compute/test_chips.py.
"""

from jixi.compute.chips._catalog import Chips, read_chip
from jixi.compute.chips._chip import (
    PRECISIONS,
    Chip,
    Kind,
    Link,
    Memory,
    Peak,
    Precision,
    Price,
    PriceKind,
    Source,
)

__all__ = [
    "PRECISIONS",
    "Chip",
    "Chips",
    "Kind",
    "Link",
    "Memory",
    "Peak",
    "Precision",
    "Price",
    "PriceKind",
    "Source",
    "read_chip",
]
