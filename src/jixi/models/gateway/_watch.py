"""The clock of a stream: how long its engine may be silent, and how long its client may read nothing."""

import asyncio
from collections.abc import Callable


class Watch:
    """One timer for each stream, moved only when it rings: noting progress costs no more than a look at the clock.

    Bytes are not progress: the owner says what is waited for from now on, and for how long at most.
    """

    __slots__ = ("_limit", "_loop", "_on_silence", "_since", "_timer", "rang")

    def __init__(self, on_silence: Callable[[], None], limit_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_silence = on_silence
        self._limit = limit_s
        self._since = self._loop.time()
        self._timer: asyncio.TimerHandle | None = self._loop.call_later(limit_s, self._ring)
        self.rang = False

    def wait(self, limit_s: float) -> None:
        """From now on something else is waited for."""
        self._since = self._loop.time()
        self._limit = limit_s
        if self._timer is not None and self._timer.when() > self._since + limit_s:
            self._timer.cancel()
            self._timer = self._loop.call_later(limit_s, self._ring)

    def stop(self) -> None:
        """Let go of the owner too: holding each other, they would wait for the collector."""
        self._on_silence = _nobody
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        left = self._since + self._limit - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._ring)
        else:
            self._timer = None
            self.rang = True
            self._on_silence()


def _nobody() -> None:
    pass
