"""The circuit breaker of one replica: it stops asking who keeps failing, and asks again carefully."""

from typing import Final, Literal

BreakerState = Literal["closed", "open", "half_open"]

_BUSY: Final = 20
_WINDOW_S: Final = 10
_PROBE_EVERY_S: Final = 1.0


class Breaker:
    """Closed, calls pass; open, none; half open, one probe is under way, at most one in a second.

    It opens after `in_a_row` failures, or where half of the last ten seconds' answers failed, 20 at least. Where as
    many as that have come, twice as many in a row are needed: a steady tenth of failures, of any number of calls,
    does not open it. A probe that succeeds closes it; with 0 it never opens. Times are monotonic seconds, told by
    the caller.
    """

    __slots__ = (
        "_bad",
        "_good",
        "_in_a_row",
        "_most_in_a_row",
        "_next_probe",
        "_open",
        "_probing",
        "_seconds",
    )

    def __init__(self, in_a_row: int = 5) -> None:
        self._most_in_a_row = in_a_row
        self._open = self._probing = False
        self._next_probe = 0.0
        self._in_a_row = 0
        self._seconds = [-1] * _WINDOW_S
        self._good = [0] * _WINDOW_S
        self._bad = [0] * _WINDOW_S

    @property
    def state(self) -> BreakerState:
        if not self._open:
            return "closed"
        return "half_open" if self._probing else "open"

    @property
    def failures(self) -> int:
        """In a row, up to now."""
        return self._in_a_row

    def allows(self, now: float) -> bool:
        """Whether a call may go now; an open breaker lets its probe go."""
        return not self._open or (not self._probing and now >= self._next_probe)

    def wait_s(self, now: float) -> float:
        """For how long no call may go."""
        return max(0.0, self._next_probe - now) if self._open else 0.0

    def enter(self, now: float) -> bool:
        """A call goes, having been allowed; returns whether it is a probe, which its result must say again."""
        if not self._open:
            return False
        self._probing = True
        self._next_probe = now + _PROBE_EVERY_S
        return True

    def succeeded(self, now: float, *, probe: bool = False) -> None:
        """A call has been answered. What began before the breaker opened does not close it."""
        if self._open and not probe:
            return
        if probe:
            self._open = self._probing = False
            self._seconds = [-1] * _WINDOW_S
        self._in_a_row = 0
        self._good[self._slot(now)] += 1

    def failed(self, now: float, *, probe: bool = False) -> None:
        """A call has failed, and the caller is not to blame."""
        self._in_a_row += 1
        if self._open:
            if probe:
                self._probing = False
            return
        self._bad[self._slot(now)] += 1
        if self._most_in_a_row and self._has_enough(now):
            self._open = True
            self._next_probe = now + _PROBE_EVERY_S

    def abandoned(self, *, probe: bool = False) -> None:
        """A call has ended without saying anything about the replica: its caller left, or was at fault."""
        if probe:
            self._probing = False

    def _has_enough(self, now: float) -> bool:
        recent = [at for at, second in enumerate(self._seconds) if int(now) - second < _WINDOW_S]
        bad = sum(self._bad[at] for at in recent)
        answers = bad + sum(self._good[at] for at in recent)
        if answers < _BUSY:
            return self._in_a_row >= self._most_in_a_row
        return 2 * bad >= answers or self._in_a_row >= 2 * self._most_in_a_row

    def _slot(self, now: float) -> int:
        second = int(now)
        at = second % _WINDOW_S
        if self._seconds[at] != second:
            self._seconds[at] = second
            self._good[at] = self._bad[at] = 0
        return at
