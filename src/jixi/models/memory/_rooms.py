"""`Rooms`: the memory of the nodes, given to replicas before they start and taken back when they have ended."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Collection, Generator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Final

import structlog

from jixi.compute.drivers import Process
from jixi.compute.inventory import Accelerator, Cluster, Inventory, Member, Node
from jixi.compute.placement import MAIN_MEMORY, Need, Placement, Space, visible
from jixi.core.errors import JixiError
from jixi.core.registry import Registry
from jixi.core.tasks import end_task
from jixi.models.catalog import Architecture, Catalog, Entry
from jixi.models.deployments import DeploymentSpec, Lack
from jixi.models.engines import Engine, Footprint, Load, Sharing, footprint_of
from jixi.models.memory._built import built_of
from jixi.models.memory._elsewhere import Elsewhere, RoomElsewhere, thousandths
from jixi.models.memory._fit import Fit, first_place, fit
from jixi.models.memory._programs import Programs
from jixi.models.memory._weights import repacked_at_most, repacked_of, weights_of

_LOOK_S: Final = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldRoom:
    """The room of one replica. `env` tells its engine which accelerators it may use, `options` how much of them,
    unless the deployment says that itself.
    """

    placement: Placement
    programs: Programs
    give_back: Callable[[Placement], None]
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    memory_bytes: int = 0
    accelerators: Mapping[str, int] = field(default_factory=dict[str, int])

    @contextlib.contextmanager
    def occupied(self, process: Process) -> Generator[Mapping[str, int]]:
        with self.programs.running(self.placement, process.pid):
            yield self.accelerators

    def release(self) -> None:
        """Give it back; a second time changes nothing."""
        self.give_back(self.placement)


class Rooms:
    """`reserve_bytes` of each node's main memory are for the system. `catalog`, set by who has one, says how its models
    are built; for others their files do.

    What is in use on the nodes is read every few seconds once started, so that `room` need not wait for it.
    """

    def __init__(
        self,
        inventory: Inventory,
        engines: Registry[Engine],
        reserve_bytes: int = 0,
        cluster: Cluster | None = None,
    ) -> None:
        self.catalog = Catalog([])
        self._elsewhere = Elsewhere(cluster)
        self._inventory = inventory
        self._engines = engines
        self._space = Space(reserve_bytes=reserve_bytes)
        self._programs = Programs()
        self._looking = asyncio.Lock()
        self._read: tuple[Node, ...] | None = None
        self._nodes: Mapping[str, Node] = {}
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read what there is, and go on reading it."""
        await self.look()
        self._watch = asyncio.create_task(self._keep_looking(), name="memory")

    async def close(self) -> None:
        await end_task(self._watch)

    async def look(self) -> tuple[Node, ...]:
        """Read what is in use now."""
        async with self._looking:
            before = await asyncio.to_thread(self._programs.read)
            nodes = await self._inventory.nodes()
            # What was read before says nothing of what our programs have taken since.
            if nodes is not self._read:
                after = await asyncio.to_thread(self._programs.read)
                taken = self._programs.taken(nodes, self._space.placements(), before, after)
                self._read, self._nodes = nodes, {node.name: node for node in nodes}
                self._space.observe(nodes, taken)
            return nodes

    def room(self, spec: DeploymentSpec) -> HeldRoom | Lack:
        """Room for one more replica, or what it lacks. No I/O but the sizes of files."""
        engine = self._engines.get(spec.engine)
        footprint = self.footprint(spec)
        needs = self._needs(spec.name, footprint)
        placement = first_place(self._space, needs)
        if placement is None:
            first = needs[0]
            free = max(0, self._space.most_free(first)) * max(1, first.accelerators)

            def without(ended: Collection[str]) -> bool:
                return first_place(self._space.without(ended), needs) is not None

            return Lack(needed=self._asked(footprint), free=free, without=without)
        told = self._options(engine, footprint, placement)
        return HeldRoom(
            placement=placement,
            programs=self._programs,
            give_back=self._space.release,
            env=self._environment(placement),
            options={name: value for name, value in told.items() if name not in spec.options},
            accelerators=self._shares(placement),
        )

    def members(self) -> list[Member]:
        """The other machines of the cluster, where there is one."""
        return self._elsewhere.members()

    def counted(self) -> Mapping[str, float]:
        """The accelerators of this machine, as the cluster counts them, by the model that it names."""
        return self._elsewhere.counted()

    def elsewhere(self, spec: DeploymentSpec) -> RoomElsewhere:
        """What one more replica is to have on a cluster, and is told there: without accelerators main memory and none
        to be seen, of a share of one no more than that. No I/O but the sizes of files.
        """
        engine = self._engines.get(spec.engine)
        footprint = self.footprint(spec)
        needed = 0 if footprint.either else footprint.accelerators
        gpus = needed if spec.gpus is None else spec.gpus
        if not gpus:
            return RoomElsewhere(
                group=spec.name,
                holds=self._elsewhere,
                env=visible([]),
                memory_bytes=footprint.total,
            )
        told: Mapping[str, Any] = (
            engine.within(footprint, gpus) if gpus < 1 and isinstance(engine, Sharing) else {}
        )
        return RoomElsewhere(
            group=spec.name,
            holds=self._elsewhere,
            options={name: value for name, value in told.items() if name not in spec.options},
            needed=footprint.total,
            thousandths=thousandths(gpus),
        )

    def footprint(self, spec: DeploymentSpec) -> Footprint:
        """What a replica takes, with its adapters: what the deployment says itself (`memory_bytes`), else what its
        engine computes.

        Raises `invalid_value` for options that make no sense.
        """
        load = Load(
            weights=weights_of(spec.files) + weights_of(spec.adapters),
            architecture=self._built(spec),
            context=spec.context,
            parallel=spec.parallel,
            options=spec.options,
            adapted=bool(spec.adapters),
            repacked=repacked_of(spec.files),
        )
        return _said(footprint_of(self._engines.get(spec.engine), load), spec.memory_bytes)

    async def fit(
        self,
        entry: Entry,
        spec: DeploymentSpec,
        variant: str | None = None,
        adapters: Collection[int] = (),
    ) -> Fit:
        """Whether one more replica of a model, deployed as `spec` says, fits now: what it takes by part, what is free,
        which accelerator it would get, or which deployments would have to end first (never those of its own name).
        Holds nothing. Neither the model nor the adapters, of which the bytes are told, need be here.

        `variant` is by default the entry's first. Raises `variant_unknown` for one that the entry lacks,
        `unknown_extension` and `invalid_value` for the engine and its options.
        """
        await self.look()
        chosen = entry.variant(variant)
        size = entry.size(chosen)
        if size is None and not chosen.packaged and spec.memory_bytes is None:
            return Fit(verdict="unknown", needed=None, free_bytes=self._free_memory())
        weights = 0 if size is None or chosen.packaged else size.bytes
        load = Load(
            weights=weights + sum(adapters),
            architecture=entry.architecture,
            context=spec.context,
            parallel=spec.parallel,
            options=spec.options,
            adapted=bool(adapters),
            repacked=repacked_at_most(chosen.precision, weights, entry.architecture),
        )
        footprint = _said(footprint_of(self._engines.get(spec.engine), load), spec.memory_bytes)
        return fit(self._space, footprint, self._needs(spec.name, footprint))

    def placements(self) -> list[Placement]:
        """What is held now, by deployment (`group`)."""
        return [*self._space.placements(), *self._elsewhere.placements()]

    def free(self, node: str, place: str = MAIN_MEMORY) -> int:
        """Bytes that could be given there now, by the cluster where that gives them; raises KeyError."""
        if not self._elsewhere:
            return self._space.free(node, place)
        return self._elsewhere.free(self._nodes.get(node), node, place)

    def holders(self, node: str, place: str = MAIN_MEMORY) -> list[str]:
        """The deployments whose replicas hold memory there, sorted."""
        return sorted(
            {each.group for each in self.placements() if each.node == node and place in each.places}
        )

    def _built(self, spec: DeploymentSpec) -> Architecture | None:
        known = None
        if spec.model_id is not None and spec.model_id in self.catalog:
            known = self.catalog.get(spec.model_id).architecture
        return known or built_of(spec.files)

    def _free_memory(self) -> int:
        return max((self._space.free(name) for name in self._nodes), default=0)

    def _needs(self, group: str, footprint: Footprint) -> list[Need]:
        """The alternatives, the better one first."""
        memory = Need(group=group, memory_bytes=footprint.total)
        if footprint.accelerators == 0:
            return [memory]
        count, vendors = footprint.accelerators, footprint.vendors
        need = Need(
            group=group,
            memory_bytes=-(-footprint.total // count),
            accelerators=count,
            share=footprint.share,
            vendors=vendors,
        )
        there = any(vendors is None or each.vendor in vendors for each in self._accelerators())
        if not footprint.either:
            return [need]
        return [need, memory] if there else [memory]

    def _accelerators(self) -> list[Accelerator]:
        return [each for node in self._nodes.values() for each in node.accelerators]

    def _asked(self, footprint: Footprint) -> int:
        """Bytes, of all accelerators together: a share is one of the largest."""
        largest = max((each.memory_bytes for each in self._accelerators()), default=0)
        return max(footprint.total, round(footprint.share * largest) * footprint.accelerators)

    def _environment(self, placement: Placement) -> dict[str, str]:
        """Nothing is said where there is nothing to be told apart."""
        there = self._nodes[placement.node].accelerators
        return visible([each for each in there if each.id in placement.places]) if there else {}

    def _shares(self, placement: Placement) -> dict[str, int]:
        """Thousandths of accelerators, by model."""
        models = {each.id: each.model for each in self._nodes[placement.node].accelerators}
        shares: Counter[str] = Counter()
        for place, held in zip(placement.places, placement.held, strict=True):
            if place in models:
                part = Fraction(held, self._space.capacity(placement.node, place))
                shares[models[place]] += min(thousandths(part), 1000)
        return shares

    def _options(self, engine: Engine, footprint: Footprint, placement: Placement) -> Mapping[str, Any]:
        if not isinstance(engine, Sharing) or footprint.accelerators == 0:
            return {}
        shares = [
            held / self._space.capacity(placement.node, place)
            for place, held in zip(placement.places, placement.held, strict=True)
        ]
        return engine.within(footprint, round(min(shares), 4))

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                await self.look()
            except (JixiError, OSError) as error:
                structlog.get_logger().warning("nodes_unreadable", reason=str(error))


def _said(footprint: Footprint, memory_bytes: int | None) -> Footprint:
    """What the deployment says itself goes before what is computed."""
    if memory_bytes is None:
        return footprint
    return replace(
        footprint, weights=memory_bytes, repacked=0, cache=0, kept=0, working=0, runtime=0, share=0
    )
