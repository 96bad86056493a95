"""One replica as the gateway sees it: what it works on, and whether it may be given more."""

from collections import deque
from collections.abc import Callable
from typing import Final
from zlib import crc32

from jixi.models.engines import Pace
from jixi.models.gateway._ports import Replica
from jixi.models.gateway.routing._breaker import Breaker
from jixi.models.gateway.routing._retries import Pause
from jixi.models.gateway.routing._ticket import Ticket

_WEIGHT: Final = 0.2


class Share:
    """What of a replica's work is that of one lane."""

    __slots__ = ("pace", "running")

    def __init__(self) -> None:
        self.running = 0
        self.pace = Pace()


class ReplicaState:
    """`number` tells it from the others of its model; `pause` is shared by all that have its quota.

    `freed` are the lanes that send it calls, of which there is more than one where it serves adapters beside their
    base: each is told when it has room again.
    """

    __slots__ = (
        "__weakref__",
        "breaker",
        "first_token_ms",
        "freed",
        "limit",
        "number",
        "pause",
        "replica",
        "running",
    )

    def __init__(self, replica: Replica, number: int, pause: Pause, in_a_row: int) -> None:
        self.replica = replica
        self.number = number
        self.pause = pause
        self.limit = replica.spec.parallel
        self.running = 0
        self.breaker = Breaker(in_a_row)
        self.first_token_ms: float | None = None
        self.freed: deque[Callable[[float], None]] = deque()

    @property
    def load(self) -> float:
        """How much of what it can take it has been given."""
        return self.running / self.limit

    def serves(self, now: float) -> bool:
        """Whether calls may go to it at all, now or once it has room."""
        return now >= self.pause.until and self.breaker.allows(now)

    def has_room(self, now: float) -> bool:
        return self.running < self.limit and self.serves(now)

    def wait_s(self, now: float) -> float:
        """For how long it must not be asked."""
        return max(self.pause.until - now, self.breaker.wait_s(now), 0.0)

    def has_freed(self, now: float) -> None:
        """It has room again: for those who wait in any of its lanes, whose turns come round."""
        for freed in tuple(self.freed):
            freed(now)
        if len(self.freed) > 1:
            self.freed.rotate()

    def note_first_token(self, ms: float) -> None:
        before = self.first_token_ms
        self.first_token_ms = ms if before is None else before + _WEIGHT * (ms - before)


def choose(
    states: list[ReplicaState], ticket: Ticket | None, now: float, avoid: frozenset[ReplicaState]
) -> ReplicaState | None:
    """Who of `states` takes a call; None where none has room.

    Calls that begin alike have tickets with the same key and go to the same replica, whose prompt cache knows them,
    unless it is busier than the least busy one by more than a quarter of its places; others go to the least busy. The
    order of preference is a hash, so that a replica that comes or goes moves only its own share of the keys. Those to
    `avoid` are taken only where no other serves: one that is dead has room always.
    """
    if len(states) == 1:
        return states[0] if states[0].has_room(now) else None
    free = [state for state in states if state.has_room(now)]
    if avoid and any(state not in avoid and state.serves(now) for state in states):
        free = [state for state in free if state not in avoid]
    if not free:
        return None
    least = min(free, key=_load)
    key = ticket.key if ticket is not None else None
    if key is None:
        return least
    serving = [state for state in states if state.serves(now) and state not in avoid]
    favourite = max(serving or free, key=lambda state: crc32(b"%d/%d" % (key, state.number)))
    spare = max(1.0, favourite.limit / 4) / favourite.limit
    return favourite if favourite in free and favourite.load - least.load <= spare else least


def _load(state: ReplicaState) -> float:
    return state.load
