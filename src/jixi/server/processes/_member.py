"""`Member`: one gateway process, as its house knows it."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import structlog

from jixi.compute.drivers import Command, Driver, Process
from jixi.server.processes._line import Line, streams
from jixi.server.processes._messages import (
    Ask,
    Begin,
    End,
    Ended,
    Metrics,
    Report,
    Serving,
    Table,
    ToGateway,
    ToHouse,
    Wake,
)
from jixi.server.processes._sockets import pair
from jixi.telemetry import Tally

_MODULE: Final = "jixi.server.processes"
_ANSWER_S: Final = 2.0


class Ears(Protocol):
    """Who listens to what the processes say of themselves."""

    def report(self, name: str, report: Report) -> None: ...

    def ended(self, tallies: Mapping[str, Tally]) -> None: ...

    def wake(self, model: str) -> None: ...


class Member:
    """Started, told things and heard; one that does not listen is ended. At its end it is reported to do nothing."""

    def __init__(self, name: str, process: Process, line: Line[ToHouse], ears: Ears) -> None:
        self.name = name
        self.process = process
        self.version: str | None = None
        self.was_told_to_end = False
        self._line = line
        self._ears = ears
        self._serving = asyncio.Event()
        self._asked: asyncio.Future[bytes] | None = None
        self._listener = asyncio.create_task(self._listen(), name=f"gateway process {name}")

    @classmethod
    async def start(
        cls,
        name: str,
        driver: Driver,
        begin: Begin,
        sockets: Sequence[Any],
        env: dict[str, str],
        ears: Ears,
    ) -> "Member":
        """Start a process that shares `sockets`; raises `engine_error` where that cannot be."""
        ours, theirs = pair()
        descriptors = (theirs.fileno(), *(each.fileno() for each in sockets))
        command = Command(
            argv=(sys.executable, "-P", "-m", _MODULE, *map(str, descriptors)),
            env=env,
            descriptors=descriptors,
            own_output=False,
        )
        try:
            process = await driver.start(f"gateway process {name}", command)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        try:
            line = Line[ToHouse](*await streams(ours), ToHouse)
        except BaseException:
            await process.stop(0.0)
            raise
        line.send(begin)
        return cls(name, process, line, ears)

    async def serves(self, within_s: float) -> bool:
        """Wait until it takes connections; False where it ends before, or takes too long."""
        serving = asyncio.ensure_future(self._serving.wait())
        ended = asyncio.ensure_future(self.process.wait())
        try:
            await asyncio.wait({serving, ended}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
            return serving.done()
        finally:
            serving.cancel()
            ended.cancel()

    def tell(self, message: ToGateway) -> None:
        self._line.send(message)

    def update(self, table: Table) -> None:
        self._line.send(table)

    def end(self) -> None:
        """Have it finish what runs and end; asked again, end at once."""
        self.was_told_to_end = True
        self._line.send(End())

    async def metrics(self) -> bytes:
        """Its metrics; nothing where it does not answer in time."""
        if self._asked is None or self._asked.done():
            self._asked = asyncio.get_running_loop().create_future()
            self._line.send(Ask())
        await asyncio.wait({self._asked}, timeout=_ANSWER_S)
        return self._asked.result() if self._asked.done() else b""

    async def gone(self, within_s: float) -> int:
        """Wait for its end, and end it where that takes too long; its exit status."""
        ended = asyncio.ensure_future(self.process.wait())
        await asyncio.wait({ended}, timeout=within_s)
        await self.process.stop(0.0)
        self._listener.cancel()
        self._line.close()
        self._ears.report(self.name, Report())
        return await ended

    async def _listen(self) -> None:
        async for message in self._line.messages():
            match message:
                case Serving():
                    self.version = message.version
                    self._serving.set()
                case Report():
                    self._ears.report(self.name, message)
                case Ended():
                    self._ears.ended(message.tallies)
                case Wake():
                    self._ears.wake(message.model)
                case Metrics():
                    if self._asked is not None and not self._asked.done():
                        self._asked.set_result(message.text)
        if self._line.was_cut:
            structlog.get_logger().error("gateway_process_stuck", process=self.name)
            await self.process.stop(0.0)
        structlog.get_logger().debug("gateway_process_hung_up", process=self.name)
