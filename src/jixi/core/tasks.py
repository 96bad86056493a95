"""Tasks that a room keeps in the background, and their end."""

import asyncio
from typing import Any


async def end_task(task: "asyncio.Task[Any] | None") -> None:
    """Cancel it and wait until it has ended; raises what it had failed with.

    Whoever waits here may be cancelled, too: that goes on to them, while the wait that suppresses `CancelledError`
    cannot tell the one from the other.
    """
    if task is None:
        return
    task.cancel()
    await asyncio.wait((task,))
    if not task.cancelled():
        task.result()
