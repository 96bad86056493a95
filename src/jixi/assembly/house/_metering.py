"""Metering: what replicas hold while they run, and what tenants keep, is charged in the ledger on a steady beat."""

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable, Generator, Mapping
from math import ceil
from typing import Any, Final

import structlog

from jixi.compute.drivers import Process
from jixi.core.ids import new_id
from jixi.core.resources import Resource, Taken
from jixi.core.tasks import end_task
from jixi.governance.ledger import Resources
from jixi.models.deployments import DeploymentSpec, Lack, Room, RoomFor

_log = structlog.get_logger()
_EVERY_S: Final = 15.0
_LOOK: Final = 20
"""So many beats lie between two looks into the stores: five minutes."""
_LATE_S: Final = 5.0
_MEGABYTE: Final = 1_000_000

Kept = Callable[[], Awaitable[Mapping[Any, int]]]
"""Bytes that lie in a store, by tenant; None is the house."""


class Metering:
    """What the house takes is charged to its first tenant. `stores`, set once there are such, say who keeps how much.

    Only what this process has seen is charged: what ran while it did not, did so unseen.
    """

    def __init__(
        self,
        resources: Resources,
        payer: Callable[[], Awaitable[str | None]],
        every_s: float = _EVERY_S,
    ) -> None:
        self.stores: Mapping[str, Kept] = {}
        self._resources = resources
        self._payer = payer
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None
        self._until_looked: dict[str, Callable[[], None]] = {}

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="metering")

    async def close(self) -> None:
        """Charge what was taken until now, if that takes no longer than some seconds, then stop."""
        await end_task(self._task)
        self._task = None
        await self._well(self.charge, _LATE_S)

    def metered(self, room_for: RoomFor) -> RoomFor:
        """The same rooms: for as long as an engine runs in one, what that is of accelerators and CPUs is taken."""

        def room(spec: DeploymentSpec) -> Room | Lack:
            found = room_for(spec)
            return found if isinstance(found, Lack) else _MeteredRoom(found, spec, self._resources)

        return room

    async def beat(self) -> None:
        """Look into the stores, and charge what was taken until now.

        Raises what `charge` raises, and then what a store raises: until that can be looked into again, what lay there
        last is taken.
        """
        looks = [self._look(name, store) for name, store in self.stores.items()]
        outcomes = await asyncio.gather(*looks, return_exceptions=True)
        await self.charge()
        for error in outcomes:
            if error is not None:
                raise error

    async def charge(self) -> None:
        """What was taken until now. Raises `ledger_unavailable`, and what a database that is away raises."""
        await self._resources.beat(await self._payer())

    async def _look(self, name: str, store: Kept) -> None:
        """What lies in a store now. Every process calls it the same, so that it is charged once."""
        sizes = await store()
        if name in self._until_looked:
            self._until_looked[name]()
        self._until_looked[name] = self._resources.begin(
            Taken(
                key=f"{tenant_id or 'house'}:{name}",
                tenant_id=tenant_id,
                resource="gb_day",
                subject="storage",
                name=name,
                amount=-(-size // _MEGABYTE),
            )
            for tenant_id, size in sizes.items()
            if size
        )

    async def _run(self) -> None:
        for turn in itertools.count():
            await asyncio.sleep(self._every_s)
            await self._well(self.charge if turn % _LOOK else self.beat)

    async def _well(self, step: Callable[[], Awaitable[None]], within_s: float | None = None) -> None:
        try:
            async with asyncio.timeout(within_s):
                await step()
        except Exception as error:  # noqa: BLE001  (whatever it is, the next beat makes up for it)
            _log.error("resources_not_charged", error=type(error).__name__)


class _MeteredRoom:
    """The room of one replica. It is charged for the life of each engine process in it."""

    def __init__(self, room: Room, spec: DeploymentSpec, resources: Resources) -> None:
        self.env, self.options, self.memory_bytes = room.env, room.options, room.memory_bytes
        self._room = room
        self._spec = spec
        self._resources = resources
        self.release = room.release

    @contextlib.contextmanager
    def occupied(self, process: Process) -> Generator[Mapping[str, int]]:
        run = new_id("run")
        cpus = self._taken(run, "cpu_hour", "cpu", ceil(self._spec.reserved_cpus * 1000))
        with self._room.occupied(process) as accelerators:
            taken = [self._taken(run, "gpu_hour", *each) for each in accelerators.items()]
            end = self._resources.begin([cpus, *taken])
            try:
                yield accelerators
            finally:
                end()

    def _taken(self, run: str, resource: Resource, subject: str, amount: int) -> Taken:
        return Taken(
            key=f"{run}:{resource}:{subject}",
            tenant_id=self._spec.tenant_id,
            resource=resource,
            subject=subject,
            name=self._spec.name,
            amount=amount,
        )
