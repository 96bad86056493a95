"""How many calls of batches a model gets at once: never the last place, and fewer where it says that it is too much."""

import asyncio
import time
from collections import Counter
from typing import Final, NamedTuple

from jixi.models.batches._ports import Places, PlacesOf
from jixi.models.gateway import Gateway

_LOOK_EVERY_S: Final = 0.1
_FRESH_S: Final = 0.02


class Pace:
    """Shared by all batches of the process."""

    def __init__(self, places: PlacesOf, most: int) -> None:
        self._places = places
        self._most = most
        self._ours: Counter[str] = Counter()
        self._bounds: dict[str, float] = {}
        self._freed = asyncio.Event()
        self._seen: dict[str, tuple[float, _Seen | None]] = {}

    async def enter(self, model: str, stop: asyncio.Event) -> bool:
        """Wait until one more call of a batch does nobody harm; False where `stop` came first."""
        while not stop.is_set():
            if self._has_room(model):
                self._ours[model] += 1
                return True
            freed = self._freed
            try:
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await freed.wait()
            except TimeoutError:
                continue
        return False

    def leave(self, model: str) -> None:
        self._ours[model] -= 1
        self._freed.set()
        self._freed = asyncio.Event()

    def went_well(self, model: str) -> None:
        bound = self._bounds.get(model, self._most)
        self._bounds[model] = min(self._most, bound + 1 / max(1.0, bound))

    def too_much(self, model: str) -> None:
        """The model refused a call because it has too many."""
        self._bounds[model] = max(1.0, min(self._bounds.get(model, self._most), self._ours[model]) / 2)

    def _has_room(self, model: str) -> bool:
        ours = self._ours[model]
        if ours >= self._bounds.get(model, self._most):
            return False
        seen = self._look(model)
        if seen is None:
            return True
        if seen.limit == 1:
            return ours + seen.others == 0
        return ours + seen.others < seen.limit - 1

    def _look(self, model: str) -> "_Seen | None":
        """How many places there are and how many of them others have, as of a moment ago at most."""
        now = time.monotonic()
        at, seen = self._seen.get(model, (0.0, None))
        if now - at > _FRESH_S:
            places = self._places(model)
            seen = None
            if places is not None:
                seen = _Seen(places.limit, max(0, places.in_flight - self._ours[model]))
            self._seen[model] = now, seen
        return seen


class _Seen(NamedTuple):
    limit: int
    others: int


def places_in(gateway: Gateway) -> PlacesOf:
    """The places of a model's replicas over all processes; of an alias, those of all models that it leads to."""

    def places(model: str) -> Places | None:
        routes = {route.name: route for route in gateway.routes_everywhere()}
        if model not in routes:
            return None
        names = [part.model for part in routes[model].targets] or [model]
        replicas = [replica for name in names if name in routes for replica in routes[name].replicas]
        if not replicas:
            return None
        return Places(sum(each.limit for each in replicas), sum(each.in_flight for each in replicas))

    return places
