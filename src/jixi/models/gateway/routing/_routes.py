"""From the name that a call asked for to the places where it may be answered."""

from collections.abc import Callable, Sequence
from datetime import datetime
from math import ceil
from time import monotonic
from typing import Final, Literal, Protocol
from weakref import WeakValueDictionary

from msgspec import Struct

from jixi.core.errors import JixiError, problem
from jixi.core.principal import Scope
from jixi.models.engines import Profile
from jixi.models.gateway._ports import Limits, Listing, Replica, Router
from jixi.models.gateway.routing._alias import Alias, FailureClass
from jixi.models.gateway.routing._breaker import BreakerState
from jixi.models.gateway.routing._journey import Journey
from jixi.models.gateway.routing._lane import Lane
from jixi.models.gateway.routing._replica import ReplicaState
from jixi.models.gateway.routing._retries import Pause
from jixi.models.gateway.routing._waking import Waking

_UNFIT: Final = ("operation_not_supported", "unsupported_parameter")

Role = Literal["target", "canary", "fallback"]


class AliasBook(Protocol):
    """Finds aliases in memory."""

    def find(self, name: str) -> Alias | None:
        """The alias of that name, where there is one and it is enabled."""
        ...

    def entries(self) -> Sequence[Alias]: ...


class NoAliases:
    """Every name is a model's own."""

    def find(self, name: str) -> Alias | None:
        return None

    def entries(self) -> Sequence[Alias]:
        return ()


class Known(Struct, frozen=True, kw_only=True):
    """An alias as it is listed: what any of its models can do, ready where one of its targets is."""

    name: str
    source: str
    kinds: frozenset[Scope]
    context: int
    state: str
    since: datetime


class Part(Struct, frozen=True, kw_only=True):
    """A model behind an alias."""

    model: str
    weight: int
    role: Role


class ReplicaNow(Struct, frozen=True, kw_only=True):
    """A replica at this moment, in this process. `failures` are in a row; `waiting` are those who wait for it or for
    any other of its model, told of the first. `paused_s` are the whole seconds until it may be asked again, where it
    asked for a pause: 0 where it did not.
    """

    id: str
    in_flight: int
    waiting: int
    limit: int
    breaker: BreakerState
    failures: int
    paused_s: int
    first_token_ms: int | None
    tokens_per_second: float


class RouteNow(Struct, frozen=True, kw_only=True):
    """A public name at this moment."""

    name: str
    kind: Literal["deployment", "provider", "alias"]
    source: str
    state: str
    targets: tuple[Part, ...] = ()
    replicas: tuple[ReplicaNow, ...] = ()


class Routes:
    """The lanes of all models, and the ways that lead to them. `check` raises where a profile does not fit a call."""

    def __init__(self, routers: Sequence[Router], aliases: AliasBook, limits: Limits) -> None:
        self.aliases = aliases
        self._routers = routers
        self._limits = limits
        self._lanes: dict[str, Lane] = {}
        self._pauses: dict[str, Pause] = {}
        self._known = WeakValueDictionary[int, ReplicaState]()
        self.waking = Waking(routers, limits)

    def plain(self, model: str, check: Callable[[Profile], None]) -> Journey:
        """The way of a call that asked for a model itself; raises what stands in it."""
        lane = self._lane(model)
        check(lane.replica().profile)
        return Journey((lane,), self._limits.retries)

    def through(self, alias: Alias, request_id: str, check: Callable[[Profile], None]) -> Journey:
        """The way of a call that asked for an alias; raises what stands in the way of its first target."""
        errors: list[JixiError] = []
        drawn = alias.draw(request_id)
        targets = self._fit(drawn, check, errors)
        if errors and targets and targets[0].name != drawn[0]:
            self.waking.nudge(drawn[0])
        fallbacks: list[tuple[Lane, tuple[FailureClass, ...]]] = []
        for each in alias.fallbacks:
            if targets or "error" in each.on:
                fallbacks += [(lane, each.on) for lane in self._fit([each.model], check, errors)]
        if not targets and (not fallbacks or errors[0].code in _UNFIT):
            raise _named(errors[0], alias.name)
        return Journey(targets, alias.retries, fallbacks)

    def listings(self) -> list[Listing]:
        """Every deployment, provider's model and alias."""
        found = [listing for router in self._routers for listing in router.listings()]
        by_name = {listing.name: listing for listing in found}
        return found + [
            listed
            for alias in self.aliases.entries()
            if alias.enabled and (listed := _listed(alias, by_name)) is not None
        ]

    def now(self) -> list[RouteNow]:
        """Every public name at this moment."""
        found = [self._route(router, listing) for router in self._routers for listing in router.listings()]
        states = {route.name: route.state for route in found}
        return found + [_alias_route(alias, states) for alias in self.aliases.entries()]

    def waiting(self, tenant: str) -> int:
        """How many of the tenant's calls wait for a place, in this process."""
        return sum(lane.waiting_of(tenant) for lane in self._lanes.values()) + self.waking.waiting_of(tenant)

    def look(self) -> None:
        """Replicas may have come or gone: that matters to those who wait."""
        now = monotonic()
        for lane in self._lanes.values():
            lane.advance(now)

    def _fit(
        self, models: Sequence[str], check: Callable[[Profile], None], errors: list[JixiError]
    ) -> list[Lane]:
        lanes: list[Lane] = []
        for model in models:
            try:
                lane = self._lane(model)
                check(lane.replica().profile)
                lanes.append(lane)
            except JixiError as error:
                errors.append(error)
        return lanes

    def _lane(self, model: str) -> Lane:
        lane = self._lanes.get(model)
        if lane is None:
            self._find(model)
            lane = self._lanes[model] = Lane(
                model, self._find, self._pause_of, self._limits, self.waking.awaited, self._known
            )
        return lane

    def _find(self, model: str) -> tuple[Replica, ...]:
        """The replicas of a model, from the first router that knows it."""
        for router in self._routers[:-1]:
            try:
                return router.replicas(model)
            except JixiError as error:
                if error.code != "model_not_found":
                    raise
        return self._routers[-1].replicas(model)

    def _pause_of(self, quota: str | None) -> Pause:
        return Pause() if quota is None else self._pauses.setdefault(quota, Pause())

    def _route(self, router: Router, listing: Listing) -> RouteNow:
        lane = self._lanes.get(listing.name)
        return RouteNow(
            name=listing.name,
            kind=router.kind,
            source=listing.source,
            state=listing.state,
            replicas=() if lane is None else _replicas(lane),
        )


def _listed(alias: Alias, by_name: dict[str, Listing]) -> Known | None:
    behind = [by_name[model] for model in alias.models if model in by_name]
    if not behind:
        return None
    return Known(
        name=alias.name,
        source="alias",
        kinds=frozenset[Scope]().union(*(each.kinds for each in behind)),
        context=max(each.context for each in behind),
        state=state_of(alias, {each.name: each.state for each in behind}),
        since=alias.created_at,
    )


def _named(error: JixiError, name: str) -> JixiError:
    """What stands in the way, told of the name that was asked for."""
    if error.code in _UNFIT:
        return JixiError(error.problem, error.facts | {"model": name}, param=error.param)
    state = error.facts.get("state", "its targets are gone")
    return problem("model_unavailable", model=name, state=state, retry_after=error.retry_after)


def _replicas(lane: Lane) -> tuple[ReplicaNow, ...]:
    return tuple(_replica(lane, state, 0 if at else lane.waiting) for at, state in enumerate(lane.states))


def _replica(lane: Lane, state: ReplicaState, waiting: int) -> ReplicaNow:
    share, now = lane.share(state), monotonic()
    return ReplicaNow(
        id=f"{lane.name}/{state.number}",
        in_flight=share.running,
        waiting=waiting,
        limit=state.limit,
        breaker=state.breaker.state,
        failures=state.breaker.failures,
        paused_s=max(0, ceil(state.pause.until - now)),
        first_token_ms=None if state.first_token_ms is None else round(state.first_token_ms),
        tokens_per_second=share.pace.per_second(now),
    )


def _alias_route(alias: Alias, states: dict[str, str]) -> RouteNow:
    parts = [Part(model=each.model, weight=each.weight, role="target") for each in alias.targets]
    if alias.canary is not None:
        parts.append(Part(model=alias.canary.model, weight=alias.canary.percent, role="canary"))
    parts += [Part(model=each.model, weight=0, role="fallback") for each in alias.fallbacks]
    return RouteNow(
        name=alias.name,
        kind="alias",
        source="alias",
        state=state_of(alias, states),
        targets=tuple(parts),
    )


def state_of(alias: Alias, states: dict[str, str]) -> str:
    """Ready where any of its targets is; else what the first of them is."""
    if not alias.enabled:
        return "disabled"
    found = [states.get(target.model, "missing") for target in alias.targets]
    return "ready" if "ready" in found else found[0]
