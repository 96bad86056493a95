"""Keeps what became of lines: one transaction for all that arrived while the last one was written."""

import asyncio
from collections.abc import Awaitable, Callable

from jixi.models.batches._values import Written

_Write = Callable[[list[Written]], Awaitable[None]]


class Recorder:
    def __init__(self, write: _Write) -> None:
        self._write = write
        self._waiting: list[tuple[Written, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def record(self, written: Written) -> None:
        """Return once it is durable; raises what the writing raised."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((written, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        await done

    async def _write_all(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            try:
                await self._write([written for written, _ in group])
            except Exception as error:  # noqa: BLE001  (whatever it is, those who wait are told)
                for _, done in group:
                    if not done.done():
                        done.set_exception(error)
            else:
                for _, done in group:
                    if not done.done():
                        done.set_result(None)

    async def close(self) -> None:
        """Wait for the last writing."""
        if self._writing is not None:
            await asyncio.wait([self._writing])
