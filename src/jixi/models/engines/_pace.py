"""`Pace`: how fast tokens come."""

from collections import deque
from typing import Final

_WINDOW_S: Final = 10


class Pace:
    """Tokens a second over the last ten whole seconds; times are seconds of a monotonic clock."""

    __slots__ = ("_made", "_second", "_tokens")

    def __init__(self) -> None:
        self._second, self._tokens = 0, 0
        self._made: deque[tuple[int, int]] = deque(maxlen=_WINDOW_S)

    def add(self, tokens: int, now: float) -> None:
        if self._second + 1 <= now:
            self._turn(int(now))
        self._tokens += tokens

    def per_second(self, now: float) -> float:
        second = int(now)
        self._turn(second)
        return sum(tokens for at, tokens in self._made if second - _WINDOW_S <= at < second) / _WINDOW_S

    def _turn(self, second: int) -> None:
        """Another second has begun: what was made in the last one counts from now on."""
        if second > self._second:
            if self._tokens:
                self._made.append((self._second, self._tokens))
            self._second, self._tokens = second, 0
