"""`Crew`: the gateway processes of a house, as many as the settings ask for, whatever becomes of each."""

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from jixi.assembly.house import House, database_environment, writer_socket
from jixi.compute.drivers import ProcessDriver
from jixi.core.errors import JixiError, problem
from jixi.core.tasks import end_task
from jixi.server.processes._member import Member
from jixi.server.processes._messages import Begin, Report, Table
from jixi.telemetry import Tally

_log = structlog.get_logger()
_TELL_EVERY_S: Final = 0.2
_UP_WITHIN_S: Final = 60.0
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 60.0
_STEADY_S: Final = 60.0
_LATE_S: Final = 5.0


class _Slot:
    """A place in the crew, and the process that fills it now."""

    def __init__(self) -> None:
        self.member: Member | None = None
        self.lock = asyncio.Lock()


class Crew:
    """Starts the processes, replaces one that ends, and all of them one after the other where it is asked to.

    They share `sockets`, so a caller finds one of them for as long as there is one; `house_socket` is where they bring
    what is not for them.
    """

    def __init__(self, house: House, sockets: Sequence[Any], house_socket: Path) -> None:
        self._house = house
        self._sockets = sockets
        self._driver = ProcessDriver()
        writer = writer_socket(house.settings)
        self._begin = Begin(
            version("jixi"),
            house.settings.spelled_out(),
            str(house_socket),
            None if writer is None else str(writer),
        )
        self._slots = [_Slot() for _ in range(house.settings.processes)]
        self._numbers = itertools.count(1)
        self._members: set[Member] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._rolling: asyncio.Task[None] | None = None
        self._again = False
        self._ending = False

    async def start(self) -> None:
        """Return when all take connections; raises `processes_not_started` where one does not."""
        members = await asyncio.gather(*(self._bring_up() for _ in self._slots))
        for slot, member in zip(self._slots, members, strict=True):
            if member is None:
                raise problem("processes_not_started")
            slot.member = member
        self._tasks = [asyncio.create_task(self._keep(slot)) for slot in self._slots]
        self._tasks.append(asyncio.create_task(self._tell()))

    def replace(self) -> None:
        """Replace every process, one after the other, each by one that takes connections already."""
        if self._ending:
            return
        if self._rolling is None or self._rolling.done():
            self._rolling = asyncio.create_task(self._roll(), name="rolling restart")
        else:
            self._again = True

    def end(self) -> None:
        """Have all of them finish what runs and end; asked again, end at once."""
        self._ending = True
        for member in self._members:
            member.end()

    async def close(self) -> None:
        """Wait until all have ended, for a moment longer than they may take to finish."""
        self._ending = True
        for task in [*self._tasks, *([self._rolling] if self._rolling else [])]:
            await end_task(task)
        for member in self._members:
            if not member.was_told_to_end:
                member.end()
        await asyncio.gather(*(self._see_off(member) for member in tuple(self._members)))

    async def metrics(self) -> Mapping[str, bytes]:
        """The metrics of each process, by its name."""
        members = sorted(self._members, key=lambda member: member.name)
        texts = await asyncio.gather(*(member.metrics() for member in members))
        return {member.name: text for member, text in zip(members, texts, strict=True)}

    def report(self, name: str, report: Report) -> None:
        """What one of the processes does, for those who watch engines, traffic and routes."""
        self._house.fleet.heard(name, report.work)
        self._house.traffic.heard(name, report.running)
        self._house.gateway.heard(name, report.routes)

    def ended(self, tallies: Mapping[str, Tally]) -> None:
        """What calls came to that ended in one of the processes."""
        self._house.traffic.add(tallies)

    def wake(self, model: str) -> None:
        """A call has come to one of the processes for a model that sleeps."""
        self._house.fleet.wake_now(model)

    async def _bring_up(self) -> Member | None:
        """A process that takes connections; None where it does not come to that."""
        name = f"gateway-{next(self._numbers)}"
        try:
            member = await Member.start(
                name, self._driver, self._begin, self._sockets, database_environment(), self
            )
        except JixiError as error:
            _log.error("gateway_process_not_started", process=name, reason=str(error))
            return None
        self._members.add(member)
        member.update(self._table())
        try:
            serves = await member.serves(_UP_WITHIN_S)
        except BaseException:
            member.end()
            raise
        if serves and member.version == self._begin.version:
            return member
        _log.error("gateway_process_not_started", process=name, version=member.version)
        member.end()
        await member.process.stop(0.0)
        await self._see_off(member)
        return None

    async def _see_off(self, member: Member) -> int:
        status = await member.gone(self._house.settings.drain_s + _LATE_S)
        self._members.discard(member)
        return status

    async def _keep(self, slot: _Slot) -> None:
        """Replace the slot's process whenever it has ended by itself: the sooner it did, the later."""
        loop, pause = asyncio.get_running_loop(), _FIRST_PAUSE_S
        while not self._ending:
            member, since = slot.member, loop.time()
            if member is not None:
                status = await member.process.wait()
                if self._ending or slot.member is not member:
                    continue
                if loop.time() - since >= _STEADY_S:
                    pause = _FIRST_PAUSE_S
                _log.error("gateway_process_ended", process=member.name, status=status)
                await self._see_off(member)
            _log.info("gateway_process_awaited", again_in_s=pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)
            async with slot.lock:
                if slot.member is member and not self._ending:
                    slot.member = None
                    slot.member = await self._bring_up()

    async def _roll(self) -> None:
        while True:
            self._again = False
            for slot in self._slots:
                async with slot.lock:
                    new = await self._bring_up()
                    if new is None:
                        _log.error("rolling_restart_given_up")
                        return
                    old, slot.member = slot.member, new
                if old is not None:
                    old.end()
                    await self._see_off(old)
                    _log.info("gateway_process_replaced", old=old.name, new=new.name)
            if not self._again:
                return

    async def _tell(self) -> None:
        """Tell all of every change of deployments and prices."""
        told = b""
        while True:
            table = self._table()
            if (now := msgspec.json.encode(table)) != told:
                told = now
                for member in self._members:
                    member.update(table)
            await asyncio.sleep(_TELL_EVERY_S)

    def _table(self) -> Table:
        prices = (entry.price.version for entry in self._house.ledger.prices.entries())
        return Table(self._house.fleet.served(), max(prices, default=0))
