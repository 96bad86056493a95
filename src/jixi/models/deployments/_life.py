"""`Life`: one engine process from its start to its end, and the reason why it ended."""

import asyncio
import signal
from collections.abc import Callable
from typing import Any, Final

from jixi.compute.drivers import Process
from jixi.models.deployments._probe import canary, healthy, position
from jixi.models.deployments._replica import Replica
from jixi.models.deployments._spec import DeploymentSpec, Patience, Reason

RESTART_ASKED: Final = Reason("restart_asked")
_LONGEST_TICK_S: Final = 1.0


class Life:
    """Calls `ready` when the engine takes calls, and `doubt` when it does not seem to any more; after that, `ready`
    once it does again. `proves`: it must have made a token before.
    """

    def __init__(
        self,
        replica: Replica,
        spec: DeploymentSpec,
        process: Process,
        ready: Callable[[Replica], None],
        doubt: Callable[[Reason], None],
        *,
        proves: bool = False,
    ) -> None:
        self._replica = replica
        self._spec = spec
        self._process = process
        self._ready = ready
        self._doubt = doubt
        self._proves = proves
        self._ready_at: float | None = None
        self._doubted = False
        self._canary: asyncio.Task[str | None] | None = None

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
        spec = self._spec
        try:
            async with asyncio.timeout(spec.start_s):
                await healthy(self._replica.client)
        except TimeoutError:
            return Reason("start_timeout", {"seconds": spec.start_s, "line": self._last_line()})
        if self._proves and (cause := await canary(self._replica, spec.stall_s)) is not None:
            return Reason("canary_failed", {"cause": cause})
        self._ready_at = asyncio.get_running_loop().time()
        self._replica.progress(0)
        self._ready(self._replica)
        return await self._follow_progress(patience)

    async def _follow_progress(self, patience: Patience) -> Reason:
        """Health is forward progress: of the calls in flight, or of one token asked for in a quiet time."""
        replica, stall_s = self._replica, self._spec.stall_s
        tick = min(_LONGEST_TICK_S, stall_s / 4, patience.canary_s / 4)
        seen = b""
        try:
            while True:
                await asyncio.sleep(tick)
                if replica.in_flight == 0:
                    if (fallen := self._look_at_canary(patience)) is not None:
                        return fallen
                elif replica.stalled_s() > tick:
                    now = await position(replica, stall_s)
                    if now and now != seen:
                        seen = now
                        replica.progress(0)
                    if replica.stalled_s() >= stall_s:
                        return self._stalled(stall_s)
                self._judge(patience)
        finally:
            if self._canary is not None:
                self._canary.cancel()

    def _look_at_canary(self, patience: Patience) -> Reason | None:
        """Ask for a token after a quiet time; the reason to give the engine up, where the answer is one."""
        replica = self._replica
        if self._canary is None:
            if replica.silent_s() >= patience.canary_s:
                self._canary = asyncio.create_task(canary(replica, self._spec.stall_s))
            return None
        if not self._canary.done():
            return None
        cause, self._canary = self._canary.result(), None
        if cause is not None and replica.silent_s() >= patience.canary_s:
            return Reason("canary_failed", {"cause": cause})
        replica.progress(0)
        return None

    def _judge(self, patience: Patience) -> None:
        """Whether calls should still come here, long before one would give the engine up."""
        replica = self._replica
        waited = replica.stalled_s() if replica.in_flight else replica.silent_s()
        doubtful = waited >= patience.doubt_s
        if doubtful and not self._doubted:
            self._doubt(self._stalled(round(waited)))
        elif self._doubted and not doubtful:
            self._ready(replica)
        self._doubted = doubtful

    def _stalled(self, seconds: float) -> Reason:
        return Reason("stalled", {"seconds": seconds, "in_flight": self._replica.in_flight})

    def _exit_facts(self, status: int) -> dict[str, Any]:
        facts: dict[str, Any] = {"status": status, "line": self._last_line()}
        return facts | ({"signal": signal.Signals(-status).name} if status < 0 else {})

    def _last_line(self) -> str:
        return next((line for line in reversed(self._process.log(20)) if line.strip()), "")
