"""How far a fetch is, and how fast it goes."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

_TELL_EVERY_S: Final = 0.5
_WINDOW_S: Final = 10.0


class Progress(NamedTuple):
    """How far a fetch is. `speed` is bytes per second of late; `left_s` is None while nobody can tell."""

    model: str
    source: str
    done: int
    total: int
    speed: float
    left_s: float | None


class Meter:
    """Adds up the files of a fetch; `tell` hears of it twice a second."""

    def __init__(self, model: str, total: int, tell: Callable[[Progress], None]) -> None:
        self._model = model
        self._tell = tell
        self._source = ""
        self._sizes: dict[str, int] = {}
        self._known = total
        self._done: dict[str, int] = {}
        self._fetched = 0
        self._seen: deque[tuple[float, int]] = deque()
        self._told = 0.0
        tell(self.now())

    def expect(self, sizes: Mapping[str, int]) -> None:
        """So many bytes these files have; 0 where it is not known yet."""
        self._sizes |= sizes

    @property
    def _total(self) -> int:
        return max(self._known, sum(self._sizes.values()))

    def is_here(self, name: str, count: int) -> None:
        """These bytes were here before."""
        self._done[name] = count
        self._say(force=True)

    def file(self, name: str, source: str) -> Callable[[int], None]:
        """What a source reports to about this file."""
        first = True

        def report(done: int) -> None:
            nonlocal first
            before = self._done.get(name, 0)
            if not first:
                self._fetched += max(0, done - before)
            first, self._source, self._done[name] = False, source, done
            self._say()

        return report

    def now(self) -> Progress:
        done, speed = sum(self._done.values()), self._speed()
        left = (self._total - done) / speed if speed > 0 and self._total else None
        return Progress(self._model, self._source, done, max(self._total, done), speed, left)

    def _say(self, *, force: bool = False) -> None:
        clock = time.monotonic()
        if force or clock - self._told >= _TELL_EVERY_S or sum(self._done.values()) >= self._total:
            self._told = clock
            self._seen.append((clock, self._fetched))
            while clock - self._seen[0][0] > _WINDOW_S:
                self._seen.popleft()
            self._tell(self.now())

    def _speed(self) -> float:
        if len(self._seen) < 2:
            return 0.0
        (then, before), (clock, fetched) = self._seen[0], self._seen[-1]
        return (fetched - before) / (clock - then) if clock > then else 0.0
