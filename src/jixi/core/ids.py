"""Ids: a prefix that names the noun and a body that sorts by time of creation."""

import os
import time
from datetime import datetime
from hashlib import sha256
from typing import Final

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS: Final = [first + second for first in _ALPHABET for second in _ALPHABET]
_SHIFTS: Final = range(120, -1, -10)


def new_id(prefix: str) -> str:
    """`prefix_` + 26 Crockford base-32 characters: 48 bits of milliseconds, then 80 random bits (the ULID layout)."""
    return _id(prefix, time.time_ns() // 1_000_000, os.urandom(10))


def derived_id(prefix: str, at: datetime, seed: str) -> str:
    """The same id for the same moment and seed, and among others as if it had been made then."""
    return _id(prefix, int(at.timestamp() * 1000), sha256(seed.encode()).digest()[:10])


def _id(prefix: str, milliseconds: int, rest: bytes) -> str:
    value = milliseconds << 80 | int.from_bytes(rest)
    body = "".join([_PAIRS[(value >> shift) & 1023] for shift in _SHIFTS])
    return f"{prefix}_{body}"
