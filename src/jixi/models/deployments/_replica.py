"""`Replica`: one running engine, as those see it who send it calls."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import msgspec

from jixi.core.clock import Clock
from jixi.models.engines import Engine, EngineClient, Launch, Pace, Profile, asks_of


class Work(NamedTuple):
    """What a process had to do with an engine: calls there now, tokens and signs of life since it last said so."""

    socket: str
    in_flight: int
    tokens: int
    moves: int


class ReplicaSpec(Protocol):
    """What is known of a deployment wherever calls are sent to it."""

    @property
    def name(self) -> str: ...

    @property
    def context(self) -> int: ...

    @property
    def parallel(self) -> int: ...


def told_asks(engine: Engine, launch: Launch) -> dict[str, dict[str, bytes]]:
    """What requests for each name of a launch say to its engine, as JSON; empty where it has no adapters."""
    return {
        name: {field: msgspec.json.encode(value) for field, value in asks.items()}
        for name, asks in asks_of(engine, launch).items()
    }


class Replica:
    """A running engine. Callers count themselves in and out, and note whatever the engine does for them."""

    def __init__(self, spec: ReplicaSpec, profile: Profile, client: EngineClient, clock: Clock) -> None:
        self.spec = spec
        self.profile = profile
        self.client = client
        self.asks: Mapping[str, Mapping[str, bytes]] = {}
        self.quota: str | None = None
        self.drains = False
        self._here = 0
        self._elsewhere: dict[str, int] = {}
        self._clock = clock
        self._moved_at = clock.monotonic()
        self._moves = self._moves_before = self._moves_told = self._tokens = 0
        self._waiting_since: float | None = None
        self._used_at = clock.monotonic()
        self._pace = Pace()

    def serves(self, name: str) -> bool:
        """Whether it goes by that name, its own or an adapter's."""
        return name == self.spec.name or name in self.asks

    @property
    def context(self) -> int:
        """Tokens that one call may have, prompt and answer together."""
        return self.spec.context

    @property
    def in_flight(self) -> int:
        """Calls that the engine has, of this process and of others."""
        return self._here + sum(self._elsewhere.values()) if self._elsewhere else self._here

    async def close(self) -> None:
        """Close every connection to it."""
        await self.client.close()

    def ready(self) -> None:
        """From now on it takes calls: the time that it took to load was no time without calls."""
        self._used_at = self._clock.monotonic()

    def begin(self) -> None:
        """A call goes to the engine."""
        now = self._clock.monotonic()
        self._here += 1
        self._used_at = now
        if self._here == 1 and self.in_flight == 1:
            self._moves_before = self._moves
        if self._waiting_since is None:
            self._waiting_since = now

    def end(self) -> None:
        """The call is over, however it ended; this alone is no sign of life.

        So callers who give up one after the other do not hide that the engine hangs.
        """
        self._here -= 1
        self._used_at = self._clock.monotonic()
        if not self._here:
            self._rest()

    def heard(self, process: str, work: Work) -> None:
        """What another process has had to do with the engine since it last said so."""
        before = self.in_flight
        if work.in_flight or work.moves or self._elsewhere.get(process):
            self._used_at = self._clock.monotonic()
        self._elsewhere[process] = work.in_flight
        if not before and work.in_flight:
            self._moves_before = self._moves
            self._waiting_since = self._waiting_since or self._clock.monotonic()
        if work.moves:
            self.progress(work.tokens)
        if before:
            self._rest()

    def told(self) -> Work:
        """What this process has had to do with the engine since this was last asked."""
        work = Work(str(self.client.address), self._here, self._tokens, self._moves - self._moves_told)
        self._tokens, self._moves_told = 0, self._moves
        return work

    def _rest(self) -> None:
        """Where nobody waits any more and the engine did get on, it owes nothing."""
        if self.in_flight == 0 and self._moves > self._moves_before:
            self._waiting_since = None

    def progress(self, tokens: int) -> None:
        """The engine has got on: it made `tokens`, or (0) answered, or read on in a prompt."""
        now = self._clock.monotonic()
        self._moved_at = now
        self._moves += 1
        self._tokens += tokens
        self._waiting_since = now if self._here or self.in_flight else None
        self._pace.add(tokens, now)

    def stalled_s(self) -> float:
        """For how long calls have been waiting without progress; 0 where none waits."""
        if not self.in_flight or self._waiting_since is None:
            return 0.0
        return self._clock.monotonic() - self._waiting_since

    def silent_s(self) -> float:
        """For how long nothing has moved, calls or none."""
        return self._clock.monotonic() - self._moved_at

    def unused_s(self) -> float:
        """For how long there has been no call; 0 while there is one."""
        return 0.0 if self.in_flight else self._clock.monotonic() - self._used_at

    def tokens_per_second(self) -> float:
        """Over the last ten whole seconds."""
        return self._pace.per_second(self._clock.monotonic())
