"""The places of one model: as many calls as its replicas work on at once, a bounded line behind them, no more."""

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Final
from weakref import WeakValueDictionary

from jixi.core.errors import JixiError, problem
from jixi.models.gateway._ports import Limits, Replica
from jixi.models.gateway.routing._line import FairLine
from jixi.models.gateway.routing._replica import ReplicaState, Share, choose
from jixi.models.gateway.routing._retries import Pause, RetryBudget
from jixi.models.gateway.routing._ticket import Ticket

_WEIGHT: Final = 0.1
_LONGEST_WAIT_S: Final = 60
NOBODY: Final = frozenset[ReplicaState]()
"""The state of a model all of whose replicas have said when to come back: `model_unavailable` tells it."""


class Lane:
    """`find` gives the replicas of the moment; `pause_of` what those share who share a quota.

    `known` are the replicas of all lanes by identity: one that serves several names has as many places as it has.
    `awaited` tells whether calls wait for a model none of whose replicas serves. `outside`: no deployment of ours is
    behind it, for only what is outside has a quota that others set.
    """

    def __init__(
        self,
        name: str,
        find: Callable[[str], tuple[Replica, ...]],
        pause_of: Callable[[str | None], Pause],
        limits: Limits,
        awaited: Callable[[str], bool],
        known: WeakValueDictionary[int, ReplicaState] | None = None,
    ) -> None:
        self.name = name
        self.outside = False
        self.budget = RetryBudget()
        self.states: list[ReplicaState] = []
        self._shares: dict[ReplicaState, Share] = {}
        self._found: tuple[Replica, ...] = ()
        self._find = find
        self._pause_of = pause_of
        self._known = WeakValueDictionary[int, ReplicaState]() if known is None else known
        self._awaited = awaited
        self._in_a_row = limits.breaker
        self._line = FairLine[Place](limits.waiting)
        self._mean_s = 1.0
        self._made = 0
        self._met = False

    @property
    def waiting(self) -> int:
        return self._line.count

    def waiting_of(self, tenant: str) -> int:
        """How many of the tenant's calls wait here."""
        return self._line.waiting(tenant)

    def replica(self) -> Replica:
        """One of its replicas, for what all of them have in common; raises what the router raises."""
        found = self._find(self.name)
        if found is not self._found:
            if [id(one) for one in found] != [id(state.replica) for state in self.states]:
                self._meet(found)
            self._found = found
        return found[0]

    def share(self, state: ReplicaState) -> Share:
        """What this lane has of a replica's work."""
        return self._shares[state]

    def join(
        self,
        ticket: Ticket,
        avoid: frozenset[ReplicaState] = NOBODY,
        *,
        admitted: bool = False,
        like: Replica | None = None,
        looked: bool = False,
    ) -> "Place":
        """Take a place; `admitted`: part of a call that has one; `like`: at a replica that is asked as that one is;
        `looked`: its replicas have been looked for in this very turn of the loop.

        Raises `model_unavailable` where no replica may be asked, what keeps all of them from the call where none may
        get it, `overloaded` where the line is full, `share_used_up` where the tenant fills its share of the line.
        """
        if not looked:
            self.replica()
        now = monotonic()
        if self._line.count:
            self._advance(now)
        place = Place(self, ticket, now, avoid, like)
        if not (fitting := self._fitting(place)):
            raise self._unfit(place)
        if not self._line.count:
            state = choose(fitting, ticket, now, avoid)
            if state is not None:
                place.give(state, now)
                return place
            if not any(state.serves(now) for state in fitting):
                raise self._unavailable(ticket.model, now)
        if not admitted and self._line.waiting(ticket.tenant) >= self._line.share(ticket.tenant):
            raise self.overloaded(ticket)
        place.wait()
        self._line.add(ticket.tenant, place, batch=ticket.batch)
        return place

    def beside(self, place: "Place", count: int) -> list["Place"]:
        """`place`, whose turn it is, and places for `count` other parts of its call, which are asked as it is; where
        one is refused, none of those is kept.
        """
        places = [place]
        try:
            while len(places) <= count:
                places.append(self.join(place.ticket, admitted=True, like=place.replica))
        except JixiError:
            for other in places[1:]:
                other.leave()
            raise
        return places

    def spare(self, avoid: frozenset[ReplicaState]) -> bool:
        """Whether a replica that is not to be avoided may be asked now or once it has room."""
        now = monotonic()
        return any(state.serves(now) and state not in avoid for state in self.states)

    def wait_s(self) -> float:
        """For how long nobody here must be asked."""
        now = monotonic()
        return min((state.wait_s(now) for state in self.states), default=0.0)

    def overloaded(self, ticket: Ticket) -> JixiError:
        """The refusal of a call that would wait too long, with the time after which it has better chances."""
        waiting, places = self._line.count, sum(state.limit for state in self.states) or 1
        seconds = round(waiting / places * self._mean_s)
        retry_after = max(1, min(_LONGEST_WAIT_S, seconds))
        if self._line.is_alone(ticket.tenant):
            return problem("overloaded", model=ticket.model, waiting=waiting, retry_after=retry_after)
        mine = self._line.waiting(ticket.tenant)
        return problem("share_used_up", model=ticket.model, waiting=mine, retry_after=retry_after)

    def forget(self, place: "Place") -> None:
        """Take a place out of the line."""
        self._line.remove(place.ticket.tenant, place)

    def freed(self, took_s: float) -> None:
        """A call that took so long has left its place."""
        self._mean_s += _WEIGHT * (took_s - self._mean_s)

    def advance(self, now: float) -> None:
        """A replica has room again: for the next in line, where someone waits."""
        if self._line.count:
            self._advance(now)

    def _advance(self, now: float) -> None:
        """Give free places to those who wait; where no replica is left to wait for, tell them so."""
        try:
            self.replica()
        except JixiError as error:
            if not self._awaited(self.name):
                self._dismiss(error)
            return

        if self._met:
            self._met = False
            while (
                place := self._line.pop(lambda place: place.waits and not self._fitting(place))
            ) is not None:
                place.refuse(self._unfit(place))

        def chosen(place: Place) -> ReplicaState | None:
            return choose(self._fitting(place), None, now, place.avoid)

        while self._line.count and any(state.has_room(now) for state in self.states):
            place = self._line.pop(lambda place: not place.waits or chosen(place) is not None)
            if place is None:
                break
            if place.waits and (state := chosen(place)) is not None:
                place.give(state, now)
        if self._line.count and not self._serves(now):
            self._dismiss(self._unavailable(self.name, now))

    def _dismiss(self, error: JixiError) -> None:
        while (place := self._line.pop()) is not None:
            if place.waits:
                place.refuse(JixiError(error.problem, error.facts, retry_after=error.retry_after))

    def _fitting(self, place: "Place") -> list[ReplicaState]:
        """Those that may get the call: while replicas give way to others, not all of them are of one kind."""
        return [state for state in self.states if place.fits(state.replica, self.name)]

    def _unfit(self, place: "Place") -> JixiError:
        """Why no replica may get it."""
        try:
            place.ticket.check(self.states[0].replica.profile)
        except JixiError as error:
            return error
        return problem("model_unavailable", model=place.ticket.model, state="being replaced", retry_after=1)

    def _serves(self, now: float) -> bool:
        return any(state.serves(now) for state in self.states)

    def _unavailable(self, model: str, now: float) -> JixiError:
        """The refusal of a call while every replica is to be left alone, with the time for which that lasts."""
        seconds = min((state.wait_s(now) for state in self.states), default=0.0)
        retry_after = max(1, min(_LONGEST_WAIT_S, int(seconds) + 1))
        paused = all(now < state.pause.until for state in self.states)
        state = "it asked for a pause" if paused else "it keeps failing"
        return problem("model_unavailable", model=model, state=state, paused=paused, retry_after=retry_after)

    def _meet(self, found: Sequence[Replica]) -> None:
        """Know the replicas of the moment; those that stay keep what is known of them."""
        self._met = True
        self.outside = found[0].quota is not None
        before, self.states = self._shares, [self._state_of(replica) for replica in found]
        self._shares = {state: before.get(state) or Share() for state in self.states}
        for state in before.keys() - self._shares.keys():
            state.freed.remove(self.advance)
        for state in self._shares.keys() - before.keys():
            state.freed.append(self.advance)

    def _state_of(self, replica: Replica) -> ReplicaState:
        state = self._known.get(id(replica))
        if state is None:
            self._made += 1
            state = ReplicaState(replica, self._made, self._pause_of(replica.quota), self._in_a_row)
            self._known[id(replica)] = state
        self._made = max(self._made, state.number)
        return state


class Place:
    """One call's place before one replica, or its turn to get one. It must be left; leaving again changes nothing.

    What is noted of the call counts for or against its replica; a call of which nothing is noted says nothing.
    """

    __slots__ = (
        "_error",
        "_lane",
        "_left",
        "_noted",
        "_probe",
        "_share",
        "_since",
        "_turn",
        "avoid",
        "like",
        "state",
        "ticket",
    )

    def __init__(
        self,
        lane: Lane,
        ticket: Ticket,
        since: float,
        avoid: frozenset[ReplicaState],
        like: Replica | None = None,
    ) -> None:
        self.ticket = ticket
        self.avoid = avoid
        self.like = like
        self.state: ReplicaState | None = None
        self._lane = lane
        self._since = since
        self._turn: asyncio.Future[None] | None = None
        self._error: JixiError | None = None
        self._share: Share | None = None
        self._probe = self._noted = self._left = False

    @property
    def waits(self) -> bool:
        return self._turn is not None and not self._turn.done()

    @property
    def waited(self) -> bool:
        """Whether it was not given at once: then `turn` says what became of the wait."""
        return self._turn is not None

    @property
    def replica(self) -> Replica:
        """Whose turn it is to work; there is one once `turn` has returned."""
        if self.state is None:
            raise RuntimeError("this place has no replica yet")
        return self.state.replica

    def fits(self, replica: Replica, name: str) -> bool:
        """Whether `replica` may get this call under that name."""
        like = self.like
        if like is None or like is replica:
            return self.ticket.fits(replica.profile)
        return replica.profile == like.profile and replica.asks.get(name) == like.asks.get(name)

    async def turn(self) -> None:
        """Wait until a replica has room for this call; raises `model_unavailable` where there is none any more."""
        if self._turn is not None:
            await self._turn
            if self._error is not None:
                raise self._error

    def overloaded(self) -> JixiError:
        """The refusal of this call, where it has waited too long."""
        return self._lane.overloaded(self.ticket)

    def gave(self, now: float, took_s: float) -> None:
        """The replica has given something, for the first time, after so long."""
        if self.state is not None:
            self._noted = True
            self.state.breaker.succeeded(now, probe=self._probe)
            self.state.note_first_token(took_s * 1000)
            self._probe = False

    def failed(self, now: float) -> None:
        """The replica has failed."""
        if self.state is not None:
            self._noted = True
            self.state.breaker.failed(now, probe=self._probe)
            self._probe = False

    def progress(self, tokens: int, now: float) -> None:
        """So many tokens have come since the last word."""
        self.replica.progress(tokens)
        if self._share is not None:
            self._share.pace.add(tokens, now)

    def pause(self, seconds: float) -> None:
        """The replica has asked for a pause, for itself and for all that share its quota."""
        if self.state is not None:
            self.state.pause.ask(monotonic(), seconds)

    def leave(self) -> None:
        if self._left:
            return
        self._left = True
        if self.state is None:
            self._lane.forget(self)
            return
        if not self._noted:
            self.state.breaker.abandoned(probe=self._probe)
        self.state.running -= 1
        if self._share is not None:
            self._share.running -= 1
        now = monotonic()
        self._lane.freed(now - self._since)
        self.state.has_freed(now)
        self._lane.advance(now)

    # Called by the lane.

    def wait(self) -> None:
        self._turn = asyncio.get_running_loop().create_future()

    def give(self, state: ReplicaState, now: float) -> None:
        self.state = state
        self._since = now
        state.running += 1
        self._share = self._lane.share(state)
        self._share.running += 1
        self._probe = state.breaker.enter(now)
        if self._turn is not None:
            self._turn.set_result(None)

    def refuse(self, error: JixiError) -> None:
        self._error = error
        if self._turn is not None:
            self._turn.set_result(None)
