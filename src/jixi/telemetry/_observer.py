"""Takes every call that ended off the hot path and hands it on, many at a time, to whoever keeps or shows it."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final, Protocol

import structlog

from jixi.core.tasks import end_task
from jixi.core.trace import CallTrace

_log = structlog.get_logger()
_WAITING: Final = 20_000
_AT_ONCE: Final = 64
_GATHER_S: Final = 0.05


class Sink(Protocol):
    """Where traces go. `take` runs on the event loop: what takes long, a sink puts off."""

    def take(self, traces: Sequence[CallTrace]) -> None: ...


class CallObserver:
    """The port Observer. `finished` costs an append; what does not fit into the queue is dropped and counted.

    A sink that fails loses the traces that it was handed, and no other sink does.
    """

    def __init__(
        self, sinks: Sequence[Sink], *, keeps_content: bool = False, waiting: int = _WAITING
    ) -> None:
        self.keeps_content = keeps_content
        self.dropped = 0
        self._sinks = sinks
        self._most = waiting
        self._queue: deque[CallTrace] = deque()
        self._some = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def finished(self, trace: CallTrace) -> None:
        queue = self._queue
        if len(queue) >= self._most:
            self.dropped += 1
            return
        if not queue:
            self._some.set()
        queue.append(trace)

    def start(self) -> None:
        """Begin to hand traces on; called in the event loop that the calls run in."""
        self._task = asyncio.create_task(self._run(), name="observer")

    async def close(self) -> None:
        """Hand on what is left, then stop."""
        await end_task(self._task)
        self._task = None
        await self._drain()

    async def _run(self) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            await asyncio.sleep(_GATHER_S)
            await self._drain()

    async def _drain(self) -> None:
        """A few at a time, so that calls never wait for long behind them."""
        queue = self._queue
        while queue:
            self._hand_on([queue.popleft() for _ in range(min(len(queue), _AT_ONCE))])
            await asyncio.sleep(0)

    def _hand_on(self, traces: Sequence[CallTrace]) -> None:
        for sink in self._sinks:
            try:
                sink.take(traces)
            except Exception as error:  # noqa: BLE001  (a sink that fails must not end the others)
                _log.error("traces_not_taken", sink=type(sink).__name__, error=type(error).__name__)
