"""Answers whose callers have left: stopped, or read to their end where a vendor charges for all of it anyway."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from jixi.core.errors import JixiError
from jixi.core.ports import Outcome
from jixi.core.usage import Usage
from jixi.models.gateway._account import Account
from jixi.models.gateway._exchange import Run
from jixi.models.gateway._ports import Limits

_NOTHING: Final = Usage()


class Drains:
    """At most so many answers at once and each for so long, as `limits` say. What is beyond that is stopped.

    Every call that is left here is settled once, as `outcome` says, with what was seen of its answer. Until then it
    keeps its place at the provider and its hold.
    """

    def __init__(self, limits: Limits) -> None:
        self._most = limits.drains
        self._longest_s = limits.drain_s
        self.outcome: Outcome = "cancelled"
        """Who leaves: the callers, or from some moment on we ourselves, and then it is "interrupted"."""
        self._running: set[asyncio.Task[bool]] = set()

    @property
    def running(self) -> int:
        return len(self._running)

    def leave(
        self,
        run: Run | None,
        account: Account,
        usage: Callable[[], Usage],
        *,
        rest: Callable[[], Awaitable[object]],
        stop: Callable[[], object],
    ) -> None:
        """The caller has left: await the `rest` of the answer, or `stop` it. `usage` is what was used so far."""
        drained = run is not None and run.drains and run.noted.at_work and len(self._running) < self._most
        if account.settled or not drained:
            stop()
            account.settle_later(self.outcome, usage())
            return
        task = asyncio.create_task(self._read(rest))
        self._running.add(task)
        task.add_done_callback(partial(self._over, account, usage, stop))

    async def close(self) -> None:
        """Stop what still runs."""
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)

    async def _read(self, rest: Callable[[], Awaitable[object]]) -> bool:
        """Whether the vendor held on, be it to the end or for as long as it may take."""
        try:
            async with asyncio.timeout(self._longest_s):
                await rest()
        except TimeoutError:
            return True
        except JixiError:
            return False
        return True

    def _over(
        self,
        account: Account,
        usage: Callable[[], Usage],
        stop: Callable[[], object],
        task: asyncio.Task[bool],
    ) -> None:
        self._running.discard(task)
        stop()
        used, failed = usage(), not task.cancelled() and (task.exception() is not None or not task.result())
        account.settle_later(self.outcome, _NOTHING if failed and not used.output_tokens else used)
