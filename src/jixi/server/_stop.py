"""`Stop`: how a server is told to end, by signals and by its own."""

import asyncio
import os
import signal
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Final

import structlog

_AT_ONCE_S: Final = 1.8


class Stop:
    """Somebody's wish that the server ends: the first lets it finish what runs, the second ends it at once.

    A server that has not begun to answer has nothing to finish: its task is cancelled.
    """

    def __init__(self) -> None:
        self._task = asyncio.current_task()
        self._end: Callable[[], None] | None = None
        self._asked = 0
        self._hang_up: Callable[[], None] | None = None

    def ask(self) -> None:
        self._asked += 1
        if self._end is not None:
            self._end()
        elif self._task is not None and self._asked == 1:
            self._task.cancel()

    def answered_by(self, end: Callable[[], None]) -> None:
        """From now on there is something that can finish."""
        self._end = end

    def hang_up(self) -> None:
        """Do what a hang-up means to this server."""
        if self._hang_up is not None:
            self._hang_up()
        else:
            structlog.get_logger().warning("nothing_replaced", reason="there are no processes to replace")

    def hung_up_by(self, hang_up: Callable[[], None]) -> None:
        """From now on a hang-up means this."""
        self._hang_up = hang_up

    def is_why(self) -> bool:
        """Whether the running task was cancelled by `ask`."""
        if self._task is None or self._end is not None or not self._asked:
            return False
        self._task.uncancel()
        return True

    def force(self) -> None:
        """Like `ask`, for a process of its own: asked again, it is gone soon, whatever still holds it up.

        That loses no charge: what was not settled is settled by the lease of its hold.
        """
        self.ask()
        if self._asked == 2:
            asyncio.get_running_loop().call_later(_AT_ONCE_S, os._exit, 1)


@contextmanager
def handled(handlers: Mapping[signal.Signals, Callable[[], None]]) -> Generator[None]:
    """Have the loop call these when the signals come, until the end of the block."""
    loop = asyncio.get_running_loop()
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)
