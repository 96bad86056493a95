"""Ids: a prefix that names the noun and a body that sorts by time of creation."""

import os
import time
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS: Final = [first + second for first in _ALPHABET for second in _ALPHABET]
_LETTER_OF: Final = bytes(ord(_ALPHABET[byte % 32]) for byte in range(256))
_SHIFTS: Final = range(120, -1, -10)
_RANDOM: Final = 16
"""Letters, each of which takes five bits of a byte."""


def new_id(prefix: str) -> str:
    """`prefix_` + 26 Crockford base-32 characters: 48 bits of milliseconds, then 80 random bits (the ULID layout)."""
    return (
        f"{prefix}_{_time(time.time_ns() // 1_000_000)}{os.urandom(_RANDOM).translate(_LETTER_OF).decode()}"
    )


def derived_id(prefix: str, at: datetime, seed: str) -> str:
    """The same id for the same moment and seed, and among others as if it had been made then."""
    value = int(at.timestamp() * 1000) << 80 | int.from_bytes(sha256(seed.encode()).digest()[:10])
    return f"{prefix}_{_letters(value, _SHIFTS)}"


def _letters(value: int, shifts: range) -> str:
    return "".join([_PAIRS[(value >> shift) & 1023] for shift in shifts])


@lru_cache(2)
def _time(milliseconds: int) -> str:
    """Calls come many in a millisecond."""
    return _letters(milliseconds, _SHIFTS[-5:])
