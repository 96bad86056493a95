"""`History`: takes a sample of the nodes at each beat of the pace, writes it, and forgets the old ones."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Final

import structlog

from jixi.compute.history._records import HistoryRecords
from jixi.compute.history._values import PACE_S, Holding, Past, Sample, Series, Span, floor
from jixi.compute.inventory import Cluster, Node, Rates
from jixi.compute.placement import MAIN_MEMORY, Placement
from jixi.core.clock import Clock
from jixi.core.errors import problem
from jixi.core.tasks import end_task
from jixi.storage import Database

_log = structlog.get_logger()
_DAY_S: Final = 86_400
_SWEEP_EVERY: Final = 40
_OTHERS_S: Final = 10
_EARLY: Final = timedelta(seconds=0.5)

Look = Callable[[], Awaitable[Sequence[Node]]]
"""Reads what is in use on the nodes now."""
Measure = Callable[[], Awaitable[Rates]]
"""Tells the load and power of the node's processors since it was last asked; nobody else may ask it."""
Held = Callable[[], Iterable[Placement]]
"""What replicas hold now."""


class History:
    """Kept in the database for so many `days`; 0 keeps nothing. Any number of processes may write: each sample is there
    once. Of the machines of a `cluster` those are sampled that answer within some seconds.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        look: Look,
        measure: Measure,
        held: Held,
        days: int,
        cluster: Cluster | None = None,
    ) -> None:
        self._records = HistoryRecords(database)
        self._clock = clock
        self._look = look
        self._measure = measure
        self._held = held
        self._days = days
        self._cluster = cluster
        # A long time takes the database a while; several such questions would hold all of its connections.
        self._asking = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to sample, and to forget."""
        self._task = asyncio.create_task(self._go_on(), name="node-history")

    async def close(self) -> None:
        await end_task(self._task)
        self._task = None

    async def record(self) -> None:
        """Take the sample of this beat."""
        # A timer may fire a little before its time by the wall clock.
        at = floor(self._clock.now() + _EARLY)
        held = _holdings(at, self._held())
        # What is here does not wait for other machines.
        await self._records.add(_samples(at, await self._own()), held)
        await self._records.add(_samples(at, await self._others()), [])

    async def _own(self) -> list[Node]:
        load = (await self._measure())._asdict()
        return [replace(node, **load) for node in await self._look()]

    async def _others(self) -> list[Node]:
        if self._cluster is None:
            return []
        # Who looks at the cluster says why it does not answer; the next beat is in time.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_OTHERS_S):
                return await self._cluster.beat()
        return []

    async def sweep(self) -> None:
        """Forget what is too old."""
        await self._records.forget_before(floor(self._clock.now()) - self._days * _DAY_S)

    async def past(self, node: str, span: Span) -> Past:
        """A node over time; raises `not_found` for one that was never seen. One question at a time is answered."""
        async with self._asking:
            return await self._past(node, span)

    async def _past(self, node: str, span: Span) -> Past:
        series = await self._records.series(node, span)
        if not series and not await self._known(node):
            raise problem("not_found", noun="node")
        now = floor(self._clock.now())
        stays = await self._records.stays(node, span, now)
        known_s = max(0, min(span.end, now) - span.start)
        return Past(node, span, known_s, sorted(series, key=_order), stays)

    async def _known(self, node: str) -> bool:
        members = [] if self._cluster is None else self._cluster.members()
        here = {each.name for each in await self._look()} | {each.node.name for each in members}
        return node in here or await self._records.knows(node)

    async def _go_on(self) -> None:
        for beat in count():
            if beat % _SWEEP_EVERY == 0:
                await self._try(self.sweep)
            await asyncio.sleep(PACE_S - self._clock.now().timestamp() % PACE_S)
            if self._days:
                await self._try(self.record)

    async def _try(self, step: Callable[[], Awaitable[None]]) -> None:
        """A sample is not worth a failure of anything else."""
        try:
            await step()
        except Exception as error:  # noqa: BLE001  (one beat that fails must not end the next)
            _log.error("node_history_not_kept", step=step.__name__, error=type(error).__name__)


def _samples(at: int, nodes: Iterable[Node]) -> list[Sample]:
    return [sample for node in nodes for sample in _samples_of(at, node)]


def _samples_of(at: int, node: Node) -> Iterator[Sample]:
    yield Sample(
        at,
        node.name,
        MAIN_MEMORY,
        None,
        node.memory_bytes,
        node.memory_used_bytes,
        node.utilisation,
        node.power_w,
    )
    for each in node.accelerators:
        yield Sample(
            at,
            node.name,
            each.id,
            each.model,
            each.memory_bytes,
            each.used_bytes,
            each.utilisation,
            each.power_w,
        )


def _holdings(at: int, placements: Iterable[Placement]) -> list[Holding]:
    held = Counter[tuple[str, str, str]]()
    for each in placements:
        for place, size in zip(each.places, each.held, strict=True):
            held[each.node, place, each.group] += size
    return [Holding(at, *key, size) for key, size in held.items()]


def _order(series: Series) -> tuple[bool, str, int]:
    """Main memory first, then accelerators by their numbers."""
    kind, _, number = series.place.rpartition("-")
    return series.place != MAIN_MEMORY, kind, int(number) if number.isdigit() else 0
