"""`RemoteFleet`: the deployments that another process keeps running, as one sees them who sends them calls."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

from jixi.core.clock import Clock
from jixi.core.errors import problem
from jixi.models.deployments._changes import Pulse
from jixi.models.deployments._places import SharedReplica
from jixi.models.deployments._replica import Work
from jixi.models.deployments._served import Served
from jixi.models.engines import Address


class RemoteFleet:
    """Routes to the engines that it was last told of. Starts and watches none of them."""

    def __init__(self, clock: Clock) -> None:
        self.kind: Literal["deployment"] = "deployment"
        self._clock = clock
        self.ask: Callable[[str], None] = lambda _: None
        """Is called with the name of a deployment that sleeps and is needed."""
        self._told = Pulse()
        self._served: dict[str, Served] = {}
        self._ways: dict[str, SharedReplica] = {}
        self._replicas: dict[str, tuple[SharedReplica, ...]] = {}

    def update(self, served: Iterable[Served]) -> None:
        """Take over what there is now. A replica stays the same object for as long as it is there or has calls."""
        self._served = {each.name: each for each in served}
        for each in self._served.values():
            for way in each.ways:
                if way.socket not in self._ways:
                    address = Address(Path(way.socket), way.port, way.key, way.host)
                    made = self._ways[way.socket] = SharedReplica(each, each.profile, address, self._clock)
                    made.asks = way.asks
        self._replicas = {
            each.name: tuple(self._ways[way.socket] for way in each.ways) for each in self._served.values()
        }
        self._told.beat()

    def listings(self) -> list[Served]:
        """Every public name, in the order in which they came."""
        return list(self._served.values())

    def replicas(self, model: str) -> tuple[SharedReplica, ...]:
        """The replicas that serve `model`; raises `model_not_found` or `model_unavailable`."""
        if serving := self._replicas.get(model):
            return serving
        found = self._served.get(model)
        if found is None:
            raise problem("model_not_found", model=model, param="model")
        raise found.refusal()

    def awaited(self, model: str) -> bool:
        """Whether calls should wait for it, by `wake`, rather than be refused."""
        found = self._served.get(model)
        return found is not None and found.awaited

    async def wake(self, model: str) -> bool:
        """Have it started, where it sleeps, and wait until calls have no reason to wait any more.

        False at once where there is nothing to wait for.
        """
        if not self.awaited(model):
            return False
        while self.awaited(model):
            told = self._told.next()
            self.ask(model)
            await told.wait()
        return bool(self._replicas.get(model))

    def work(self) -> list[Work]:
        """What this process has had to do with each engine since this was last asked."""
        return [replica.told() for replica in self._ways.values()]

    async def tidy(self) -> None:
        """Let go of replicas that are not served any more and have no calls."""
        served = {way.socket for each in self._served.values() for way in each.ways}
        for socket, replica in tuple(self._ways.items()):
            if socket not in served and replica.in_flight == 0:
                del self._ways[socket]
                await replica.close()

    async def close(self) -> None:
        """Let go of all; calls that still run end with `EngineConnectionError`."""
        while self._ways:
            await self._ways.popitem()[1].close()
