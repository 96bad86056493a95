"""`Everywhere`: how replicas fare over all the processes of a server, each of which sees its own calls."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from jixi.models.gateway.routing._routes import ReplicaNow, RouteNow

_WORSE: Final = ("closed", "half_open", "open")


class Everywhere:
    """What other processes have said last, put together with what is seen here."""

    def __init__(self) -> None:
        self._said: dict[str, dict[tuple[str, str], ReplicaNow]] = {}

    def heard(self, process: str, routes: Sequence[RouteNow]) -> None:
        """What a process sees; nothing where it has ended."""
        self._said.pop(process, None)
        if routes:
            self._said[process] = {(route.name, each.id): each for route in routes for each in route.replicas}

    def over(self, routes: Iterable[RouteNow]) -> list[RouteNow]:
        """Our routes, with the calls of all: their numbers added, the worst breaker, the longest pause.

        A replica that only others have called yet is shown as they see it.
        """
        return [msgspec.structs.replace(route, replicas=self._together(route)) for route in routes]

    def _together(self, route: RouteNow) -> tuple[ReplicaNow, ...]:
        seen: dict[str, list[ReplicaNow]] = {each.id: [each] for each in route.replicas}
        for said in self._said.values():
            for (name, replica), each in said.items():
                if name == route.name:
                    seen.setdefault(replica, []).append(each)
        return tuple(map(_sum, seen.values()))


def _sum(views: Sequence[ReplicaNow]) -> ReplicaNow:
    """One replica, as several processes see it."""
    times = [each.first_token_ms for each in views if each.first_token_ms is not None]
    return msgspec.structs.replace(
        views[0],
        in_flight=sum(each.in_flight for each in views),
        waiting=sum(each.waiting for each in views),
        breaker=max((each.breaker for each in views), key=_WORSE.index),
        failures=max(each.failures for each in views),
        paused_s=max(each.paused_s for each in views),
        first_token_ms=max(times, default=None),
        tokens_per_second=sum(each.tokens_per_second for each in views),
    )
