"""The process that belongs to the Ray cluster for `RayDriver`: it makes an actor for each program and passes on.

A process of its own, for what kills members of a cluster (a lost head, a lost raylet) must not kill the gateway. It
ends when its end of the socket closes; Ray then ends the actors of the job wherever they are, and these their programs.
"""

import asyncio
import contextlib
import importlib
import os
import signal
import socket
import sys
from collections import defaultdict
from collections.abc import Coroutine
from math import ceil
from typing import Any, Final

from jixi.compute.drivers._protocol import Given
from jixi.compute.drivers.ray._agent import Agent
from jixi.compute.drivers.ray._nodes import Nodes, words
from jixi.compute.drivers.ray._wire import (
    LONGEST,
    Ended,
    Look,
    Looked,
    Place,
    Placed,
    Ready,
    Refused,
    Run,
    Say,
    Started,
    Told,
    asks,
    write,
)

_AGAIN_S: Final = 0.5
_NAME_S: Final = 10
_NODE: Final = "ray.io/node-id"


class _RefusedError(Exception):
    def __init__(self, code: str, **facts: str) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


class Link:
    def __init__(self, ray: Any, writer: asyncio.StreamWriter) -> None:
        self._ray = ray
        self._writer = writer
        self._actor = ray.remote(Agent)
        self._nodes = Nodes(ray)
        self._programs: dict[int, _Program] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._lines = defaultdict[str, asyncio.Lock](asyncio.Lock)

    async def serve(self, reader: asyncio.StreamReader) -> None:
        """Until the other side is gone."""
        self.tell(Ready())
        async for ask in asks(reader):
            if isinstance(ask, Look):
                self._do(self._look(ask))
            elif isinstance(ask, Place):
                self._programs[ask.id] = program = _Program(ask)
                program.task = self._do(self._keep(program))
            elif (known := self._programs.get(ask.id)) is None:
                continue
            elif isinstance(ask, Run):
                known.run.set_result(ask)
            elif known.run.done():
                self._do(self._stop(known, ask.grace_s))
            elif known.task is not None:
                known.task.cancel()

    def tell(self, message: Say) -> None:
        write(self._writer, message)

    def _do(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _look(self, ask: Look) -> None:
        try:
            nodes = await self._nodes.look(beat=ask.beat, within_s=ask.within_s)
        except Exception as error:  # noqa: BLE001  (whatever broke it, who waits for it is told)
            nodes = words(error)
        self.tell(Looked(ask.id, nodes))

    async def _keep(self, program: "_Program") -> None:
        """One program from its place to its end."""
        place = program.place
        try:
            async with self._lines[place.group]:
                site = await self._place(program)
            self.tell(await self._placed(place, site))
            await self._run(program, await program.run)
        except asyncio.CancelledError:
            self.tell(Ended(place.id, 0))
        except _RefusedError as error:
            self.tell(Refused(place.id, error.code, error.facts))
        except Exception as error:  # noqa: BLE001  (whatever broke it, who waits for it is told)
            self.tell(Refused(place.id, "engine_error", {"model": place.name, "reason": words(error)}))
        finally:
            del self._programs[place.id]
            if program.actor is not None:
                self._ray.kill(program.actor)

    async def _place(self, program: "_Program") -> dict[str, Any]:
        """Where Ray has put its actor: not beside one of its group, where there is another machine."""
        place = program.place
        taken = {
            each.node for each in self._programs.values() if each.place.group == place.group and each.node
        }
        apart = (
            {"label_selector": {_NODE: f"!in({','.join(sorted(taken))})"}} if taken and place.group else {}
        )
        program.actor = self._actor.options(
            num_cpus=place.cpus,
            num_gpus=place.gpus,
            memory=place.memory_bytes or None,
            scheduling_strategy=None if apart else "SPREAD",
            fallback_strategy=[{"label_selector": {}}] if apart else None,
            **apart,
        ).remote()
        try:
            async with asyncio.timeout(place.room_s):
                site = await _asked(program.actor.look.remote(place.files))
        except TimeoutError:
            raise _RefusedError("no_node_fits", model=place.name, needs=_needs(place)) from None
        if site["lacking"] is not None:
            raise _RefusedError(
                "node_lacks_file", node=f"{site['name']} ({site['host']})", path=site["lacking"]
            )
        program.node, program.name = site["node"], f"{site['name']} ({site['host']})"
        return site

    async def _placed(self, place: Place, site: dict[str, Any]) -> Placed:
        node = await self._nodes.name(site["node"], _NAME_S)
        named = self._nodes.type(site["node"])
        part = min(1000, ceil(place.gpus * 1000))
        accelerators = [
            Given(name, model or named, memory, part) for name, model, memory in site["accelerators"]
        ]
        return Placed(place.id, site["host"], site["port"], node, accelerators)

    async def _run(self, program: "_Program", run: Run) -> None:
        place, actor = program.place, program.actor
        pid = await _asked(actor.start.remote(place.name, run.argv, run.env))
        if not isinstance(pid, int):
            raise _RefusedError(pid["code"], **pid["facts"])
        self.tell(Started(place.id, pid))
        heard, status = 0, None
        while status is None:
            try:
                heard, lines, resident, status = await _asked(actor.listen.remote(heard))
            except self._ray.exceptions.ActorUnavailableError:
                # Ray is not sure yet whether the machine is lost.
                await asyncio.sleep(_AGAIN_S)
                continue
            except self._ray.exceptions.RayError:
                lines, resident, status = [f"the node {program.name} was lost"], 0, -signal.SIGKILL
            except Exception as error:  # noqa: BLE001  (the same, once it runs)
                lines, resident, status = [words(error)], 0, -signal.SIGKILL
            self.tell(Told(place.id, lines, resident))
        self.tell(Ended(place.id, status))

    async def _stop(self, program: "_Program", grace_s: float) -> None:
        # Whether it is gone is told by who listens to it.
        with contextlib.suppress(self._ray.exceptions.RayError):
            await _asked(program.actor.stop.remote(grace_s))


class _Program:
    def __init__(self, place: Place) -> None:
        self.place = place
        self.actor: Any = None
        self.node = self.name = ""
        self.task: asyncio.Task[None] | None = None
        self.run: asyncio.Future[Run] = asyncio.get_running_loop().create_future()


async def _asked(answer: Any) -> Any:
    return await answer


def _needs(place: Place) -> str:
    parts = [(place.cpus, "CPU"), (place.gpus, "GPU"), (round(place.memory_bytes / 2**30, 1), "GiB")]
    return ", ".join(f"{count:g} {name}" for count, name in parts if count) or "a node"


async def _serve(ray: Any, end: socket.socket) -> None:
    reader, writer = await asyncio.open_connection(sock=end, limit=LONGEST)
    await Link(ray, writer).serve(reader)


def main() -> None:
    descriptor, address = int(sys.argv[1]), sys.argv[2]
    end = socket.socket(fileno=descriptor)
    ray: Any = importlib.import_module("ray")
    ray.init(address=address, log_to_driver=False, configure_logging=False)
    try:
        asyncio.run(_serve(ray, end))
    finally:
        ray.shutdown()
        os._exit(0)


if __name__ == "__main__":
    main()
