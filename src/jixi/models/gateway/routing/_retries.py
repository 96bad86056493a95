"""How often and how soon a call may be tried again."""

import random
from typing import Final

_BASE_S: Final = 0.5
LONGEST_BACK_OFF_S: Final = 8.0
LONGEST_PAUSE_S: Final = 60.0
_WINDOW_S: Final = 10
_SHARE: Final = 0.2
_AT_LEAST: Final = 10


def back_off(tries: int) -> float:
    """The wait before another try of the same replica, after `tries` of it: half a second, doubled each time up to
    eight, and between half and all of that, so that callers who failed together do not come back together.
    """
    longest = min(LONGEST_BACK_OFF_S, _BASE_S * 2 ** (tries - 1))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311


class RetryBudget:
    """Retries add a fifth to the calls of the last ten seconds at most, and ten in ten seconds are always free.

    So a target that is down is not asked three times by everyone who asked it once.
    """

    __slots__ = ("_calls", "_retries", "_seconds")

    def __init__(self) -> None:
        self._seconds = [-1] * _WINDOW_S
        self._calls = [0] * _WINDOW_S
        self._retries = [0] * _WINDOW_S

    def call(self, now: float) -> None:
        """A call has come."""
        self._calls[self._slot(now)] += 1

    def take(self, now: float) -> bool:
        """Take a retry out of the budget; False where it is spent."""
        at = self._slot(now)
        recent = [each for each, second in enumerate(self._seconds) if int(now) - second < _WINDOW_S]
        spent = sum(self._retries[each] for each in recent)
        if spent >= _AT_LEAST + int(_SHARE * sum(self._calls[each] for each in recent)):
            return False
        self._retries[at] += 1
        return True

    def _slot(self, now: float) -> int:
        second = int(now)
        at = second % _WINDOW_S
        if self._seconds[at] != second:
            self._seconds[at] = second
            self._calls[at] = self._retries[at] = 0
        return at


class Pause:
    """Until when those who share a quota must not ask. Times are monotonic seconds."""

    __slots__ = ("until",)

    def __init__(self) -> None:
        self.until = 0.0

    def ask(self, now: float, seconds: float) -> None:
        """Somebody was told to come back in so many seconds, of which a minute is believed."""
        self.until = max(self.until, now + min(LONGEST_PAUSE_S, seconds))
