"""`Life`: one engine process from its start to its end, and the reason why it ended."""

import asyncio
import signal
from collections.abc import Callable
from typing import Any, Final

from jixi.compute.drivers import Process
from jixi.models.deployments._probe import canary, healthy, position
from jixi.models.deployments._replica import Replica
from jixi.models.deployments._spec import Patience, Reason

RESTART_ASKED: Final = Reason("restart_asked")
_LONGEST_TICK_S: Final = 1.0


class Life:
    """Calls `ready` once the engine takes calls."""

    def __init__(self, replica: Replica, process: Process, ready: Callable[[Replica], None]) -> None:
        self._replica = replica
        self._process = process
        self._ready = ready
        self._ready_at: float | None = None

    def ready_s(self) -> float | None:
        """For how long the engine has been ready; None where it never was."""
        return None if self._ready_at is None else asyncio.get_running_loop().time() - self._ready_at

    async def run(self, asked: asyncio.Event, patience: Patience) -> Reason:
        """Return when the process has ended or should be ended: by itself, by `asked`, or because it hangs."""
        watch = asyncio.create_task(self._watch(patience))
        gone = asyncio.create_task(self._process.wait())
        told = asyncio.create_task(asked.wait())
        try:
            await asyncio.wait({watch, gone, told}, return_when=asyncio.FIRST_COMPLETED)
            if told.done():
                return RESTART_ASKED
            return Reason("exited", self._exit_facts(gone.result())) if gone.done() else watch.result()
        finally:
            for task in (watch, gone, told):
                task.cancel()

    async def _watch(self, patience: Patience) -> Reason:
        spec = self._replica.spec
        try:
            await asyncio.wait_for(healthy(self._replica.client), spec.start_s)
        except TimeoutError:
            return Reason("start_timeout", {"seconds": spec.start_s, "line": self._last_line()})
        self._ready_at = asyncio.get_running_loop().time()
        self._replica.progress(0)
        self._ready(self._replica)
        return await self._follow_progress(patience)

    async def _follow_progress(self, patience: Patience) -> Reason:
        """Health is forward progress: of the calls in flight, or of one token asked for in a quiet time."""
        replica, stall_s = self._replica, self._replica.spec.stall_s
        tick = min(_LONGEST_TICK_S, stall_s / 4, patience.canary_s / 4)
        seen = b""
        while True:
            await asyncio.sleep(tick)
            if replica.in_flight == 0 and replica.silent_s() >= patience.canary_s:
                cause = await canary(replica, stall_s)
                if cause is not None and replica.in_flight == 0 and replica.silent_s() >= patience.canary_s:
                    return Reason("canary_failed", {"cause": cause})
                replica.progress(0)
            elif replica.stalled_s() > tick:
                now = await position(replica)
                if now and now != seen:
                    seen = now
                    replica.progress(0)
                if replica.stalled_s() >= stall_s:
                    return Reason("stalled", {"seconds": stall_s, "in_flight": replica.in_flight})

    def _exit_facts(self, status: int) -> dict[str, Any]:
        facts: dict[str, Any] = {"status": status, "line": self._last_line()}
        return facts | ({"signal": signal.Signals(-status).name} if status < 0 else {})

    def _last_line(self) -> str:
        return next((line for line in reversed(self._process.log(20)) if line.strip()), "")
