"""`ProcessDriver`: programs as child processes of this one, on this machine."""

import asyncio
import contextlib
import os
import platform
import signal
from pathlib import Path
from typing import Final, cast

import psutil

from jixi.compute.drivers._log import LogRing
from jixi.compute.drivers._protocol import NO_NEEDS, Needs, Order, Spot
from jixi.compute.drivers._site import LOOPBACK, first_missing, site_at
from jixi.core.errors import problem

_LAST_WORDS_S: Final = 1.0


class ProcessDriver:
    """The one subprocess launcher: no shell, a clean environment, a session of its own.

    The child's standard input is a pipe that nothing is ever written to. It closes when this process ends, even by
    `kill -9`: a program that is to end with us watches it. Of what a program needs, its files are looked for.
    """

    local = True

    async def start(self, name: str, order: Order, needs: Needs = NO_NEEDS) -> "Child":
        if needs.files and (lacking := await asyncio.to_thread(first_missing, needs.files)) is not None:
            raise problem("node_lacks_file", node=platform.node(), path=str(lacking))
        command = order(site_at(LOOPBACK)) if callable(order) else order
        try:
            _, child = await asyncio.get_running_loop().subprocess_exec(
                Child,
                *command.argv,
                env=_clean_environment() | dict(command.env),
                stdout=asyncio.subprocess.PIPE if command.own_output else None,
                stderr=asyncio.subprocess.STDOUT if command.own_output else None,
                pass_fds=command.descriptors,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise problem("engine_error", model=name, reason=f"it cannot be started: {error}") from error
        return child


class Child(asyncio.SubprocessProtocol):
    """A child process and all that it starts: one process group, so that nothing of it is left behind."""

    pid: int

    def __init__(self) -> None:
        self.spot: Spot | None = None
        self._ring = LogRing()
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def wait(self) -> int:
        return await asyncio.shield(self._ended)

    async def stop(self, grace_s: float) -> None:
        self._close(0)
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait({self._ended}, timeout=grace_s)
        finally:
            # Also where nobody waits for it any more.
            self._signal(signal.SIGKILL)
        await self.wait()

    def log(self, lines: int = 200) -> list[str]:
        return self._ring.tail(lines)

    def news(self, heard: int) -> tuple[int, list[str]]:
        """The lines since the first `heard`, and how many there have been; an unfinished one once it has ended."""
        return self._ring.news(heard, whole=not self._ended.done())

    def resident_bytes(self) -> int:
        if self._ended.done():
            return 0
        try:
            root = psutil.Process(self.pid)
            return sum(_resident(process) for process in (root, *root.children(recursive=True)))
        except psutil.NoSuchProcess:
            return 0

    # Called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.SubprocessTransport", transport)
        self.pid = self._transport.get_pid()

    def pipe_data_received(self, fd: int, data: bytes | str) -> None:
        self._ring.feed(cast("bytes", data))

    def process_exited(self) -> None:
        # What it started goes with it. The group keeps its id for as long as it has a member.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        # A grandchild that left the group may hold the output open for ever: its words are not waited for.
        asyncio.get_running_loop().call_later(_LAST_WORDS_S, self._finish)

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish()

    def _finish(self) -> None:
        self._transport.close()
        status = self._transport.get_returncode()
        if not self._ended.done() and status is not None:
            self._ended.set_result(status)

    def _close(self, descriptor: int) -> None:
        pipe = self._transport.get_pipe_transport(descriptor)
        if pipe is not None:
            pipe.close()

    def _signal(self, number: signal.Signals) -> None:
        # Its session makes the child the leader of a group whose id is its pid.
        if self._transport.get_returncode() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)


def _resident(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0


def _clean_environment() -> dict[str, str]:
    """What any program may expect and no more: settings and secrets of ours stay with us."""
    return {"PATH": os.defpath, "HOME": str(Path.home()), "LANG": "C.UTF-8"}
