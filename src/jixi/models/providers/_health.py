"""How a provider is doing, told from its answers."""

from datetime import datetime
from typing import Final, Literal

from jixi.core.clock import Clock
from jixi.core.errors import JixiError

State = Literal["ready", "failing", "unchecked", "disabled"]
_STUMBLES: Final = 3


class Health:
    """Ready after an answer, failing after one that no waiting mends, or after several failures in a row."""

    def __init__(self, clock: Clock) -> None:
        self.state: State = "unchecked"
        self.reason: JixiError | None = None
        self.checked_at: datetime | None = None
        self.news = False
        """Whether there is something that other processes have not been told yet."""
        self._clock = clock
        self._stumbles = 0

    def well(self) -> None:
        """It has answered as it should."""
        self._stumbles = 0
        if self.state != "ready":
            self._become("ready", None)
        self.checked_at = self._clock.now()

    def failed(self, reason: JixiError) -> None:
        """It has refused us, or cannot be reached at all."""
        if self.state != "failing" or self.reason is None or self.reason.code != reason.code:
            self._become("failing", reason)
        self.checked_at = self._clock.now()

    def stumbled(self, reason: JixiError) -> None:
        """A call has failed in a way that the next one may not."""
        self._stumbles += 1
        if self._stumbles >= _STUMBLES:
            self.failed(reason)

    def adopt(self, state: State, reason: JixiError | None, checked_at: datetime | None) -> None:
        """Take over what another process has seen, where that is newer."""
        if checked_at is not None and (self.checked_at is None or checked_at > self.checked_at):
            self.state, self.reason, self.checked_at = state, reason, checked_at

    def _become(self, state: State, reason: JixiError | None) -> None:
        self.state, self.reason, self.news = state, reason, True
