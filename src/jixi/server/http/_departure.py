"""Hearing that a caller has left, while the answer is still being made."""

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from jixi.server.http._connection import CALLER, Caller


class Departure:
    """Cancels the task that entered it when the caller hangs up, and swallows that cancellation on the way out."""

    def __init__(self, scope: Mapping[str, Any]) -> None:
        self._caller: Caller = scope.get(CALLER) or Caller()
        self._left = False

    def __enter__(self) -> Self:
        self._task = self._caller.task
        self._caller.on_leave = self._leave
        if self._caller.left:
            self._leave()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if self._caller.on_leave == self._leave:
            self._caller.on_leave = None
        if self._left and kind is asyncio.CancelledError and self._task is not None:
            self._task.uncancel()
            return True
        return False

    def _leave(self) -> None:
        self._left = True
        if self._task is not None:
            self._task.cancel()
