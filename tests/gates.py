"""A gate in a named pipe: whoever reads it waits until a test lets go."""

import asyncio
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

_WITHIN_S = 60


class Gate:
    """`waits` is Python text that stops at the gate until `open`; `reached` returns once somebody stands there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: int | None = None
        os.mkfifo(path)
        self.waits = f"import os\nif os.path.exists({str(path)!r}):\n    open({str(path)!r}).read()\n"

    def reached(self) -> None:
        """May be called again, for the next who comes."""
        self._let_go()
        end = time.monotonic() + _WITHIN_S
        while self._held is None:
            try:
                self._held = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                assert time.monotonic() < end, "nobody came to the gate"
                os.sched_yield()

    async def reached_soon(self) -> None:
        await asyncio.to_thread(self.reached)

    def open(self) -> None:
        """Let everybody pass from now on."""
        self._path.unlink(missing_ok=True)
        self._let_go()

    def _let_go(self) -> None:
        if self._held is not None:
            os.close(self._held)
            self._held = None


@contextmanager
def gate_at(path: Path) -> Generator[Gate]:
    gate = Gate(path)
    try:
        yield gate
    finally:
        gate.open()
