"""`Replica`: one running engine, as those see it who send it calls."""

from collections import deque
from typing import Final

from jixi.core.clock import Clock
from jixi.models.deployments._spec import DeploymentSpec
from jixi.models.engines import EngineClient, Profile

_WINDOW_S: Final = 10


class Replica:
    """A running engine. Callers count themselves in and out, and note whatever the engine does for them."""

    def __init__(self, spec: DeploymentSpec, profile: Profile, client: EngineClient, clock: Clock) -> None:
        self.spec = spec
        self.profile = profile
        self.client = client
        self.in_flight = 0
        self._clock = clock
        self._moved_at = clock.monotonic()
        self._moves = self._moves_before = 0
        self._waiting_since: float | None = None
        self._produced: deque[tuple[int, int]] = deque(maxlen=_WINDOW_S + 1)

    @property
    def context(self) -> int:
        """Tokens that one call may have, prompt and answer together."""
        return self.spec.context

    def begin(self) -> None:
        """A call goes to the engine."""
        self.in_flight += 1
        if self.in_flight == 1:
            self._moves_before = self._moves
        if self._waiting_since is None:
            self._waiting_since = self._clock.monotonic()

    def end(self) -> None:
        """The call is over, however it ended; this alone is no sign of life.

        So callers who give up one after the other do not hide that the engine hangs.
        """
        self.in_flight -= 1
        if self.in_flight == 0 and self._moves > self._moves_before:
            self._waiting_since = None

    def progress(self, tokens: int) -> None:
        """The engine has got on: it made `tokens`, or (0) answered, or read on in a prompt."""
        now = self._clock.monotonic()
        self._moved_at = now
        self._moves += 1
        self._waiting_since = now if self.in_flight else None
        second = int(now)
        if tokens and self._produced and self._produced[-1][0] == second:
            self._produced[-1] = (second, self._produced[-1][1] + tokens)
        elif tokens:
            self._produced.append((second, tokens))

    def stalled_s(self) -> float:
        """For how long calls have been waiting without progress; 0 where none waits."""
        if not self.in_flight or self._waiting_since is None:
            return 0.0
        return self._clock.monotonic() - self._waiting_since

    def silent_s(self) -> float:
        """For how long nothing has moved, calls or none."""
        return self._clock.monotonic() - self._moved_at

    def tokens_per_second(self) -> float:
        """Over the last ten whole seconds."""
        second = int(self._clock.monotonic())
        made = sum(tokens for at, tokens in self._produced if second - _WINDOW_S <= at < second)
        return made / _WINDOW_S
