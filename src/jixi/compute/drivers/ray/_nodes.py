"""`Nodes`: the machines of a Ray cluster: their names, and a `Lookout` on each that is alive."""

import asyncio
import contextlib
import platform
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from jixi.compute.drivers.ray._lookout import Lookout
from jixi.compute.inventory import Seen

_TYPE: Final = "accelerator_type:"
_COUNTED: Final = ("GPU", "NPU")
_AGAIN_S: Final = 30


class _Said(NamedTuple):
    node: dict[str, Any] | None = None
    silent: str | None = None


class Nodes:
    """A look at each waits for that one alone. What does not come back in time is not asked again until it has."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._own: str = ray.get_runtime_context().get_node_id()
        self._actor = ray.remote(Lookout)
        self._names: dict[str, str] = {}
        self._lookouts: dict[str, Any] = {}
        self._failed: dict[str, tuple[float, str]] = {}
        self._asked: dict[tuple[str, bool], asyncio.Task[_Said]] = {}
        self._listing: asyncio.Task[list[dict[str, Any]]] | None = None
        self._facts: Mapping[str, dict[str, Any]] = {}

    async def look(self, *, beat: bool, within_s: float) -> list[Seen]:
        """Every alive node, with what it said within so many seconds; Ray's own list is waited for as long.

        Raises what Ray raises, and TimeoutError where it has never said what nodes it has.
        """
        await self._list(within_s)
        if not self._facts:
            raise TimeoutError("it has not said yet what nodes it has")
        others = [key for key in self._facts if key != self._own]
        asked = {key: self._ask(key, beat=beat) for key in others}
        if asked:
            await asyncio.wait(asked.values(), timeout=within_s)
        return [
            _seen(facts, self._names[key], key == self._own, asked.get(key))
            for key, facts in self._facts.items()
        ]

    async def name(self, key: str, within_s: float) -> str:
        """That of a node which has just answered; its key where Ray does not say in time what it is."""
        if key not in self._names:
            # What has been placed well does not fail for want of a name.
            with contextlib.suppress(self._ray.exceptions.RayError):
                await self._list(within_s)
        return self._names.get(key, key)

    def type(self, key: str) -> str | None:
        """The model that Ray names for a node's accelerators; None where it names none, or several."""
        counted = _counted(self._facts.get(key, {}))
        return next(iter(counted)) if len(counted) == 1 and not counted.keys() & set(_COUNTED) else None

    async def _list(self, within_s: float) -> None:
        """What Ray says of its nodes; what is known of them stays where it says nothing in time."""
        listing = self._listing or asyncio.create_task(asyncio.to_thread(self._ray.nodes))
        self._listing = listing
        await asyncio.wait({listing}, timeout=within_s)
        # Of several who wait for it the first takes it over.
        if listing.done() and self._listing is listing:
            self._listing = None
            self._take_over(listing.result())

    def _take_over(self, nodes: Iterable[dict[str, Any]]) -> None:
        self._facts = {each["NodeID"]: each for each in nodes if each["Alive"]}
        for key in self._lookouts.keys() - self._facts.keys():
            self._ray.kill(self._lookouts.pop(key))
        for key in self._names.keys() - self._facts.keys():
            del self._names[key]
            self._failed.pop(key, None)
        for asked in [each for each in self._asked if each[0] not in self._facts]:
            self._asked.pop(asked).cancel()
        hosts = Counter(each["NodeManagerHostname"] for each in self._facts.values())
        own = platform.node() or "localhost"
        for key, each in self._facts.items():
            host, address = each["NodeManagerHostname"], each["NodeManagerAddress"]
            alone = hosts[host] == 1 and host != own
            self._names.setdefault(key, own if key == self._own else host if alone else f"{host} ({address})")

    def _ask(self, key: str, *, beat: bool) -> asyncio.Task[_Said]:
        known = self._asked.get((key, beat))
        if known is None or known.done():
            known = self._asked[key, beat] = asyncio.create_task(self._look(key, beat=beat))
        return known

    async def _look(self, key: str, *, beat: bool) -> _Said:
        now = asyncio.get_running_loop().time()
        if key not in self._lookouts and key in self._failed:
            failed, why = self._failed[key]
            if now < failed + _AGAIN_S:
                return _Said(silent=why)
        try:
            if key not in self._lookouts:
                self._lookouts[key] = self._lookout(key)
            return _Said(await self._lookouts[key].look.remote(beat))
        except self._ray.exceptions.ActorDiedError as error:
            # Another is made after a while, if the node is still there.
            self._lookouts.pop(key, None)
            self._failed[key] = now, words(error)
            return _Said(silent=words(error))
        except Exception as error:  # noqa: BLE001  (whatever it is, it is this node's alone, and is told)
            return _Said(silent=words(error))

    def _lookout(self, key: str) -> Any:
        affinity = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(key, soft=False)
        return self._actor.options(num_cpus=0, scheduling_strategy=affinity).remote()


def words(error: Exception) -> str:
    """The first of its lines that says something."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _seen(facts: Mapping[str, Any], name: str, own: bool, asked: asyncio.Task[_Said] | None) -> Seen:
    said = asked.result() if asked is not None and asked.done() and not asked.cancelled() else _Said()
    memory = int(facts["Resources"].get("memory", 0))
    return Seen(name, own, _counted(facts), memory, said.node, said.silent)


def _counted(facts: Mapping[str, Any]) -> dict[str, float]:
    """How many accelerators Ray counts on a node, by the type that it names; by their kind where that is not one."""
    there = facts.get("Resources", {})
    types = [each.removeprefix(_TYPE) for each in there if each.startswith(_TYPE)]
    kinds = {kind: there[kind] for kind in _COUNTED if there.get(kind)}
    return {types[0]: sum(kinds.values())} if len(types) == 1 and kinds else kinds
