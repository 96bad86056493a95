"""Slows down guessing: a moving window of attempts for each name, kept in memory."""

import math
import time
from typing import Final

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from jixi.core.errors import problem

_PER_ACCOUNT: Final = 10
_PER_ADDRESS: Final = 60


class Throttle:
    """Attempts to prove who one is, in a minute: ten for one account or link, sixty for one network address."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def attempt(self, *, address: str, account: str) -> None:
        """Count one attempt; raises `rate_limited` with the seconds to wait."""
        for limit, name in (
            (RateLimitItemPerMinute(_PER_ACCOUNT), f"account:{account}"),
            (RateLimitItemPerMinute(_PER_ADDRESS), f"address:{address}"),
        ):
            if not await self._limiter.hit(limit, name):
                window = await self._limiter.get_window_stats(limit, name)
                seconds = max(1, math.ceil(window.reset_time - time.time()))
                raise problem("rate_limited", retry_after=seconds, seconds=seconds)
