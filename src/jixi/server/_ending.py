"""`Ending`: the requests that are on their way, and what becomes of them once the server is about to end."""

import asyncio
from collections.abc import Callable
from typing import Protocol


class Request(Protocol):
    """A request on its way, as far as its end is concerned."""

    @property
    def endless(self) -> bool:
        """Whether its answer ends only when somebody ends it, as a live view does."""
        ...


class Ending:
    """While it has begun, no new connection is taken and every answer says that its connection closes.

    Requests enter and leave; whoever is cut is cancelled, and finds out by `was_cut` that it was for this reason.
    """

    def __init__(self) -> None:
        self.begun = False
        self.on_cut: Callable[[], None] = lambda: None
        """Called before what runs is cut."""
        self._running: dict[asyncio.Task[object], Request] = {}
        self._cut: set[asyncio.Task[object]] = set()

    def enter(self, request: Request) -> "asyncio.Task[object] | None":
        """The running task, which is returned, answers `request` from now on."""
        if (task := asyncio.current_task()) is not None:
            self._running[task] = request
        return task

    def leave(self, task: "asyncio.Task[object] | None") -> None:
        """The task has answered."""
        if task is not None:
            self._running.pop(task, None)
            self._cut.discard(task)

    def begin(self) -> None:
        """Let what runs run on, but for what would never end by itself."""
        self.begun = True
        self._cancel(lambda request: request.endless)

    def cut(self) -> None:
        """End what still runs."""
        self.begun = True
        self.on_cut()
        self._cancel(lambda _: True)

    def was_cut(self) -> bool:
        """Whether the running task was cancelled by `begin` or `cut`; it then may go on, to say so."""
        task = asyncio.current_task()
        if task is None or task not in self._cut:
            return False
        self._cut.discard(task)
        self._running.pop(task, None)
        task.uncancel()
        return True

    def _cancel(self, chosen: Callable[[Request], bool]) -> None:
        for task, request in tuple(self._running.items()):
            if chosen(request) and task not in self._cut:
                self._cut.add(task)
                task.cancel()
