"""`Agent`: the actor that runs one program on a machine of a Ray cluster, by the driver of that machine.

It ends with the Ray job that made it, and the program with it: its standard input is a pipe of this process.
"""

import asyncio
import importlib
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from jixi.compute.drivers._process import Child, ProcessDriver
from jixi.compute.drivers._protocol import Command
from jixi.compute.drivers._site import first_missing, site_at
from jixi.compute.drivers.ray._lookout import given
from jixi.core.errors import JixiError

_LISTEN_S: Final = 0.5
# Which accelerators Ray has given to this actor, in the variables of their vendors.
_ACCELERATORS: Final = "VISIBLE_DEVICES"


class Agent:
    """Its methods take and return plain values, for they are called from another machine."""

    def __init__(self) -> None:
        self._child: Child | None = None
        self._stopped: float | None = None

    async def look(self, files: Sequence[str]) -> dict[str, Any]:
        """Where this is, and what it lacks: node, name, host, port, lacking, and the accelerators that Ray gave it."""
        ray: Any = importlib.import_module("ray")
        site = site_at(ray.util.get_node_ip_address())
        lacking = await asyncio.to_thread(first_missing, map(Path, files))
        context = ray.get_runtime_context()
        return {
            "node": context.get_node_id(),
            "accelerators": await given(context.get_accelerator_ids().get("GPU", [])),
            "name": platform.node(),
            "host": site.host,
            "port": site.port,
            "lacking": None if lacking is None else str(lacking),
        }

    async def start(self, name: str, argv: Sequence[str], env: Mapping[str, str]) -> int | dict[str, Any]:
        """The pid, or the code and the facts of the problem."""
        given = {key: value for key, value in os.environ.items() if key.endswith(_ACCELERATORS)}
        try:
            self._child = await ProcessDriver().start(name, Command(argv=tuple(argv), env=given | dict(env)))
        except JixiError as error:
            return {"code": error.code, "facts": error.facts}
        if self._stopped is not None:
            await self._child.stop(self._stopped)
        return self._child.pid

    async def listen(self, heard: int) -> tuple[int, list[str], int, int | None]:
        """After a while or its end: the lines so far, those after the first `heard`, its memory, its status."""
        assert self._child is not None  # noqa: S101  (nobody listens before it was started)
        ended = asyncio.ensure_future(self._child.wait())
        await asyncio.wait({ended}, timeout=_LISTEN_S)
        status = ended.result() if ended.done() else None
        ended.cancel()
        resident = await asyncio.to_thread(self._child.resident_bytes)
        count, lines = self._child.news(heard)
        return count, lines, resident, status

    async def stop(self, grace_s: float) -> None:
        """End it, at once where it is just being started."""
        self._stopped = grace_s
        if self._child is not None:
            await self._child.stop(grace_s)
