"""Checks now and then that the ledger's sums are sound, and tells Prometheus."""

import asyncio
from typing import Final, Protocol

import structlog

from jixi.core.tasks import end_task

_log = structlog.get_logger()
_FIRST_S: Final = 60.0
_EVERY_S: Final = 3600.0
_NAMED: Final = 10


class Sums(Protocol):
    async def discrepancies(self) -> list[str]: ...


class Shown(Protocol):
    def set(self, value: float) -> None: ...


class Audit:
    """Every hour, for it reads every charge. Until it has, Prometheus is shown nothing."""

    def __init__(
        self, sums: Sums, shown: Shown, first_s: float = _FIRST_S, every_s: float = _EVERY_S
    ) -> None:
        self._sums = sums
        self._shown = shown
        self._first_s = first_s
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="ledger-audit")

    async def close(self) -> None:
        await end_task(self._task)
        self._task = None

    async def _run(self) -> None:
        await asyncio.sleep(self._first_s)
        while True:
            try:
                found = await self._sums.discrepancies()
                self._shown.set(len(found))
                if found:
                    _log.error("ledger_unsound", sums=len(found), first=found[:_NAMED])
            except Exception as error:  # noqa: BLE001  (a database that is away now is there in an hour)
                _log.error("ledger_not_audited", error=type(error).__name__)
            await asyncio.sleep(self._every_s)
