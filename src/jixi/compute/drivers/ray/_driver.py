"""`RayDriver`: programs on the machines of a Ray cluster."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections import deque
from collections.abc import Mapping
from itertools import count
from typing import Any, Final, cast

from jixi.compute.drivers._process import ProcessDriver
from jixi.compute.drivers._protocol import NO_NEEDS, Command, Needs, Order, Process, Site, Spot
from jixi.compute.drivers.ray._wire import (
    LONGEST,
    Ask,
    Ended,
    Look,
    Looked,
    Place,
    Placed,
    Ready,
    Refused,
    Run,
    Started,
    Stop,
    Told,
    says,
    write,
)
from jixi.compute.inventory import Seen
from jixi.core.errors import JixiError, problem

_LINES: Final = 1000
_CLOSE_S: Final = 10
_LATE_S: Final = 5
_LOST: Final = "the connection to the Ray cluster was lost"
_SILENT: Final = "it does not say what nodes it has"


class RayDriver:
    """Ray chooses the machine, an actor there runs the program, and both end with us, even by `kill -9`.

    `address` is that of the cluster's head, or "auto" on one of its machines. What is said to Ray goes through a
    process of its own, which is started when first needed and again when it was lost; `environment` is for it.
    `room_s`: how long a program waits for a machine with room; `join_s`: how long the cluster is waited for.
    """

    local = False

    def __init__(
        self, address: str, environment: Mapping[str, str], room_s: float = 60, join_s: float = 60
    ) -> None:
        self._address = address
        self._join_s = join_s
        self._room_s = room_s
        self._environment = dict(environment)
        self._link: _Link | None = None
        self._one = asyncio.Lock()

    async def start(self, name: str, order: Order, needs: Needs = NO_NEEDS) -> "_Remote":
        return await (await self._joined()).start(name, order, needs, self._room_s)

    async def look(self, *, beat: bool = False, within_s: float = 5) -> list[Seen]:
        """Every alive node of the cluster, with what was read there within so many seconds.

        `beat`: with load and power since the last one that was asked so; it has its time, so the cluster is not joined
        for it. Raises `cluster_unreachable`.
        """
        link = self._link if beat else await self._joined()
        if link is None or link.lost:
            raise problem("cluster_unreachable", address=self._address, reason=_LOST)
        return await link.look(beat=beat, within_s=within_s)

    async def _joined(self) -> "_Link":
        async with self._one:
            if self._link is None or self._link.lost:
                self._link = await _Link.open(self._address, self._environment, self._join_s)
            return self._link

    async def close(self) -> None:
        """Leave the cluster; what still runs is killed."""
        if self._link is not None:
            await self._link.close()


class _Remote:
    """A program that runs elsewhere, as far as we have heard of it."""

    pid: int

    def __init__(self, link: "_Link", number: int) -> None:
        self.spot: Spot | None = None
        self._link = link
        self._number = number
        self._lines = deque[str](maxlen=_LINES)
        self._resident = 0
        self.answers: asyncio.Queue[Placed | Started] = asyncio.Queue()
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def wait(self) -> int:
        return await asyncio.shield(self.ended)

    async def stop(self, grace_s: float) -> None:
        if not self.ended.done():
            self._link.ask(Stop(self._number, grace_s))
        await asyncio.wait({self.ended})

    def log(self, lines: int = 200) -> list[str]:
        return list(self._lines)[-lines:] if lines > 0 else []

    def resident_bytes(self) -> int:
        return self._resident

    def told(self, say: Placed | Refused | Started | Told | Ended) -> None:
        match say:
            case Told():
                self._lines.extend(say.lines)
                self._resident = say.resident_bytes
            case Ended():
                self.end(say.status)
            case Refused():
                self.refuse(problem(say.code, **cast("dict[str, Any]", say.facts)))
            case _:
                self.answers.put_nowait(say)

    def end(self, status: int, last: str | None = None) -> None:
        if not self.ended.done():
            self._resident = 0
            if last is not None:
                self._lines.append(last)
            self.ended.set_result(status)

    def refuse(self, error: JixiError) -> None:
        if not self.ended.done():
            self.ended.set_exception(error)
            # Who started it has been told by `answer`, or does not wait any more.
            self.ended.exception()

    async def answer(self) -> Placed | Started:
        """The next word of the link; raises why there will be none."""
        asked = asyncio.ensure_future(self.answers.get())
        try:
            await asyncio.wait({asked, self.ended}, return_when=asyncio.FIRST_COMPLETED)
            if asked.done():
                return asked.result()
            self.ended.result()
            raise problem("cluster_unreachable", address=self._link.address, reason=_LOST)
        finally:
            asked.cancel()


class _Link:
    """The process that belongs to the cluster, and all programs that it keeps."""

    def __init__(
        self, address: str, process: Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.address = address
        self._says = says(reader)
        self.lost = False
        self._process = process
        self._writer = writer
        self._numbers = count(1)
        self._programs: dict[int, _Remote] = {}
        self._looks: dict[int, asyncio.Future[list[Seen] | str]] = {}
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, address: str, environment: Mapping[str, str], patience_s: float) -> "_Link":
        """Join the cluster; raises `cluster_unreachable`."""
        ours, theirs = socket.socketpair()
        with theirs:
            number = theirs.fileno()
            argv = (sys.executable, "-P", "-m", "jixi.compute.drivers.ray._link", str(number), address)
            env = {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONUNBUFFERED": "1", **environment}
            process = await ProcessDriver().start("ray", Command(argv=argv, env=env, descriptors=(number,)))
        reader, writer = await asyncio.open_connection(sock=ours, limit=LONGEST)
        link = cls(address, process, reader, writer)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    ready = await anext(link._says, None)
                if ready is not None:
                    link._task = asyncio.create_task(link._listen(), name="ray link")
                    return link
        except BaseException:
            await link.close()
            raise
        await link.close()
        said = next((line for line in reversed(process.log(50)) if line.strip()), "no answer")
        raise problem("cluster_unreachable", address=address, reason=said.strip().rstrip("."))

    async def start(self, name: str, order: Order, needs: Needs, room_s: float) -> _Remote:
        number = next(self._numbers)
        self._programs[number] = program = _Remote(self, number)
        self.ask(
            Place(
                id=number,
                name=name,
                cpus=needs.cpus,
                gpus=needs.gpus,
                memory_bytes=needs.memory_bytes,
                group=needs.group,
                files=list(map(str, needs.files)),
                room_s=room_s,
            )
        )
        try:
            placed = await program.answer()
            assert isinstance(placed, Placed)  # noqa: S101  (the link answers in turn)
            program.spot = Spot(placed.node, tuple(placed.accelerators))
            command = order(Site(placed.host, placed.port)) if callable(order) else order
            self.ask(Run(number, list(command.argv), dict(command.env)))
            started = await program.answer()
            assert isinstance(started, Started)  # noqa: S101  (the same)
        except BaseException:
            self.ask(Stop(number, 0))
            raise
        program.pid = started.pid
        return program

    async def look(self, *, beat: bool, within_s: float) -> list[Seen]:
        number = next(self._numbers)
        self._looks[number] = answer = asyncio.get_running_loop().create_future()
        try:
            self.ask(Look(number, beat, within_s))
            # The link waits for Ray, and then for the nodes.
            async with asyncio.timeout(2 * within_s + _LATE_S):
                nodes = await answer
        except TimeoutError:
            nodes = _SILENT
        finally:
            del self._looks[number]
        if isinstance(nodes, str):
            raise problem("cluster_unreachable", address=self.address, reason=nodes.rstrip("."))
        return nodes

    def ask(self, message: Ask) -> None:
        if not self.lost:
            write(self._writer, message)

    async def close(self) -> None:
        self._writer.close()
        await self._process.stop(_CLOSE_S if self._task is not None else 0)
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _listen(self) -> None:
        async for say in self._says:
            if isinstance(say, Looked):
                if (look := self._looks.get(say.id)) is not None and not look.done():
                    look.set_result(say.nodes)
                continue
            if isinstance(say, Ready) or (program := self._programs.get(say.id)) is None:
                continue
            program.told(say)
            if isinstance(say, Ended | Refused):
                del self._programs[say.id]
        self.lost = True
        for program in self._programs.values():
            program.end(-signal.SIGKILL, _LOST)
        self._programs.clear()
        for look in self._looks.values():
            if not look.done():
                look.set_result(_LOST)
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()
