"""`Places`: how many calls an engine works on at once, over all the processes that send it calls."""

import asyncio
import fcntl
import os
import random
from collections import deque
from pathlib import Path
from typing import Any, Final

import structlog

from jixi.core.clock import Clock
from jixi.models.deployments._replica import Replica, ReplicaSpec
from jixi.models.engines import Address, EngineClient, EngineConnectionError, EngineResponse, Profile

_FIRST_PAUSE_S: Final = 0.001
_LONGEST_PAUSE_S: Final = 0.008


class Places:
    """A place is a lock on one byte of a file: the kernel gives it back when its holder dies, however it dies.

    One process opens the file once, for such locks belong to the process.
    """

    def __init__(self, path: Path, count: int) -> None:
        self._file = path.open("ab", buffering=0)
        self._count = count
        self._held: list[int] = []
        self._dismissed = False
        self._first = os.getpid() % count

    def take(self) -> bool:
        """Hold one more, where one is free."""
        for number in range(self._count):
            at = (self._first + number) % self._count
            if at not in self._held and self._lock(at):
                self._held.append(at)
                return True
        return False

    def give(self) -> None:
        """Hold one less."""
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, self._held.pop())

    @property
    def dismissed(self) -> bool:
        """Whether any process has said that the engine is ended on purpose; known beyond `close`."""
        if not self._dismissed and not self._file.closed:
            self._dismissed = os.fstat(self._file.fileno()).st_size > 0
        return self._dismissed

    def dismiss(self) -> None:
        """Say so, to every process: all that the file ever holds."""
        self._dismissed = True
        try:
            self._file.write(b"\0")
        except OSError as error:
            # Others may take its end for a death; it has to end even so.
            structlog.get_logger().warning("dismissal_not_told", reason=error.strerror)

    def close(self) -> None:
        self._dismissed = self.dismissed
        self._file.close()

    def _lock(self, at: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, at)
        except (BlockingIOError, PermissionError):
            return False
        return True


class SharedReplica(Replica):
    """A replica to which other processes send calls, too: a call that has begun waits for a place before it is sent.

    Who waits here looks again every few milliseconds; no process is ahead of another for longer than that.
    """

    def __init__(self, spec: ReplicaSpec, profile: Profile, address: Address, clock: Clock) -> None:
        super().__init__(spec, profile, _PlacedClient(address, self), clock)
        self.places = Places(address.socket.with_suffix(".places"), spec.parallel)
        self._held = 0
        self._line: deque[asyncio.Future[None]] = deque()
        self._seeker: asyncio.Task[None] | None = None
        self._closed = False

    async def place(self) -> None:
        """Wait until the engine has room for one more of the calls that have begun.

        Raises `EngineConnectionError` once it is closed, then also for those that wait.
        """
        if self._closed:
            raise _gone()
        if self._held + len(self._line) >= self._here:
            # Nobody has begun: the watch of the deployment asks, and it counts for nothing.
            return
        if not self._line and self.places.take():
            self._held += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        if self._seeker is None or self._seeker.done():
            self._seeker = asyncio.create_task(self._seek(), name=f"places of {self.spec.name}")
        try:
            await turn
        finally:
            if turn in self._line:
                self._line.remove(turn)

    def end(self) -> None:
        super().end()
        while self._held > max(0, self._here - len(self._line)):
            self._held -= 1
            self.places.give()

    async def close(self) -> None:
        self._closed = True
        if self._seeker is not None:
            self._seeker.cancel()
        for turn in self._line:
            if not turn.done():
                turn.set_exception(_gone())
        self._line.clear()
        # The places go with their file.
        self._held = 0
        await super().close()
        self.places.close()

    async def _seek(self) -> None:
        pause = _FIRST_PAUSE_S
        while self._line:
            if self._line[0].done():
                self._line.popleft()
            elif self.places.take():
                self._held += 1
                self._line.popleft().set_result(None)
                pause = _FIRST_PAUSE_S
            else:
                await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311
                pause = min(2 * pause, _LONGEST_PAUSE_S)


def _gone() -> EngineConnectionError:
    return EngineConnectionError("the engine has ended", reached=False)


class _PlacedClient(EngineClient):
    """The way to the engine, for which a call needs a place."""

    def __init__(self, address: Address, replica: SharedReplica) -> None:
        super().__init__(address)
        self._replica = replica

    @property
    def dismissed(self) -> bool:
        return self._replica.places.dismissed

    def dismiss(self) -> None:
        self._replica.places.dismiss()

    async def send(self, path: str, body: bytes = b"", **more: Any) -> EngineResponse:
        await self._replica.place()
        return await super().send(path, body, **more)
