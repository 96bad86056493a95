"""Where one call goes: one of its targets, another after a failure, and what they fall back to after that."""

from collections.abc import Sequence
from time import monotonic

from msgspec import Struct

from jixi.core.errors import JixiError
from jixi.models.gateway.routing._alias import FailureClass
from jixi.models.gateway.routing._lane import NOBODY, Lane, Place
from jixi.models.gateway.routing._replica import ReplicaState
from jixi.models.gateway.routing._retries import LONGEST_BACK_OFF_S, back_off
from jixi.models.gateway.routing._ticket import Ticket


class Step(Struct, frozen=True):
    """Join `lane` after `delay_s`, rather not at one of `avoid`."""

    lane: Lane
    avoid: frozenset[ReplicaState] = NOBODY
    delay_s: float = 0


class Failed(Struct, frozen=True):
    """A try that failed: in what way, at whom (None: it was never sent), and whether asking the same again helps."""

    failure: FailureClass
    state: ReplicaState | None = None
    again: bool = True


class Journey:
    """`targets` in the order in which they are tried, `fallbacks` with the failures that lead to each.

    `lane` is where the call is now.
    """

    def __init__(
        self,
        targets: Sequence[Lane],
        retries: int,
        fallbacks: Sequence[tuple[Lane, tuple[FailureClass, ...]]] = (),
    ) -> None:
        self._targets = list(targets)
        self._fallbacks = list(fallbacks)
        self._retries = retries
        self._tried = NOBODY
        self._tries: dict[ReplicaState, int] = {}
        self.lane = self._targets[0] if self._targets else self._fallbacks.pop(0)[0]

    @property
    def lanes(self) -> list[Lane]:
        """Every lane that is left, the one to join now first."""
        if len(self._targets) == 1 and not self._fallbacks:
            return [self.lane]
        others = [*self._targets, *(lane for lane, _ in self._fallbacks)]
        return [self.lane, *(lane for lane in others if lane is not self.lane)]

    @property
    def most_tokens(self) -> tuple[int, int]:
        """The most that any of them takes in one call, and puts into one answer."""
        if len(self._targets) == 1 and not self._fallbacks:
            replica = self.lane.states[0].replica
            return replica.context, replica.profile.max_output or replica.context
        replicas = [lane.states[0].replica for lane in self.lanes]
        context = max([replica.context for replica in replicas])
        return context, max([replica.profile.max_output or replica.context for replica in replicas])

    def start(self) -> Step:
        lane = self.lane
        lane.budget.call(monotonic())
        return Step(lane)

    def after(self, failed: Failed) -> Step | None:
        """Where to go next; None where the failure is the caller's to know."""
        if failed.state is not None:
            self._tried |= {failed.state}
            self._tries[failed.state] = self._tries.get(failed.state, 0) + 1
        elif self.lane in self._targets:
            self._targets.remove(self.lane)
        step = self._other(failed) or self._again(failed) or self._fall_back(failed.failure)
        if step is not None:
            self.lane = step.lane
        return step

    def hedge(self, ticket: Ticket, place: Place) -> Place | None:
        """A place at another replica of the same model, where one is free and the budget of retries allows it."""
        avoid = self._tried if place.state is None else self._tried | {place.state}
        if place.state is None or not self.lane.spare(avoid) or not self._may_retry(self.lane):
            return None
        try:
            other = self.lane.join(ticket, avoid)
        except JixiError:
            return None
        if other.state is None or other.state in avoid:
            other.leave()
            return None
        return other

    def more_after_silence(self) -> int:
        """How many others could be tried, should the one that is asked now say nothing."""
        if not self._fallbacks and len(self._targets) == 1 and len(self._targets[0].states) == 1:
            return 0
        now = monotonic()
        fresh = sum(
            state.serves(now) and state not in self._tried for lane in self._targets for state in lane.states
        )
        falls = sum("timeout" in on for _, on in self._fallbacks)
        return min(max(0, fresh - 1), self._retries) + falls

    def _other(self, failed: Failed) -> Step | None:
        """Another target or replica, at once. Not where no target can take the request as it is."""
        if failed.failure == "context_length" or (failed.state is not None and self._retries == 0):
            return None
        here = [self.lane] if self.lane in self._targets else []
        for lane in [*here, *(lane for lane in self._targets if lane is not self.lane)]:
            if lane.spare(self._tried) and (lane is not self.lane or self._may_retry(lane)):
                if failed.state is not None:
                    self._retries -= 1
                return Step(lane, self._tried)
        return None

    def _again(self, failed: Failed) -> Step | None:
        """The same once more, after a while."""
        lane, state = self.lane, failed.state
        if (
            state is None
            or not failed.again
            or failed.failure not in ("error", "overloaded")
            or self._retries == 0
            or lane not in self._targets
        ):
            return None
        delay = lane.wait_s() + back_off(self._tries[state])
        if delay > LONGEST_BACK_OFF_S or not self._may_retry(lane):
            return None
        self._retries -= 1
        return Step(lane, NOBODY, delay)

    def _fall_back(self, failure: FailureClass) -> Step | None:
        while self._fallbacks:
            lane, on = self._fallbacks.pop(0)
            if failure in on:
                self._targets.clear()
                lane.budget.call(monotonic())
                return Step(lane)
        return None

    def _may_retry(self, lane: Lane) -> bool:
        return lane.budget.take(monotonic())
