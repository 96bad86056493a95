"""`Pace`: how fast tokens come."""

from collections import deque
from typing import Final

_WINDOW_S: Final = 10


class Pace:
    """Tokens a second over the last ten whole seconds; times are seconds of a monotonic clock."""

    __slots__ = ("_made",)

    def __init__(self) -> None:
        self._made: deque[tuple[int, int]] = deque(maxlen=_WINDOW_S + 1)

    def add(self, tokens: int, now: float) -> None:
        second = int(now)
        if tokens and self._made and self._made[-1][0] == second:
            self._made[-1] = (second, self._made[-1][1] + tokens)
        elif tokens:
            self._made.append((second, tokens))

    def per_second(self, now: float) -> float:
        second = int(now)
        made = sum(tokens for at, tokens in self._made if second - _WINDOW_S <= at < second)
        return made / _WINDOW_S
