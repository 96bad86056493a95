"""The trace store: takes traces as they come, writes them a second later and many at a time, forgets the old ones."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from msgspec import structs

from jixi.core.clock import Clock
from jixi.core.errors import problem
from jixi.core.tasks import end_task
from jixi.core.trace import CallTrace
from jixi.governance.audit._records import TraceRecords
from jixi.governance.audit._rows import rewrapped, rows_of, with_words
from jixi.governance.audit._values import Keeping, Trace, TraceSelection
from jixi.storage import Database, Vault

_log = structlog.get_logger()
_GATHER_S: Final = 1.0
_SWEEP_S: Final = 60.0
_ROWS: Final = 500
_WAITING: Final = 5_000
_CONTENT_BYTES: Final = 32 * 1024 * 1024


class Traces:
    """Recent traces in the database, written by any number of processes.

    Of the calls that went well, no more than `keeping.per_second` are kept each second, and as many again of the
    others: under load a sample is as good as all, and the ledger has every charge. What is not kept is counted. What
    was said is sealed: a copy of the database tells none of it.
    """

    def __init__(
        self, database: Database, clock: Clock, vault: Vault, keeping: Keeping | None = None
    ) -> None:
        self.keeping = keeping or Keeping()
        self.sampled_out = 0
        self.dropped = 0
        self._records = TraceRecords(database)
        self._clock = clock
        self._vault = vault
        self._waiting: list[CallTrace] = []
        self._content_bytes = 0
        self._tenants: set[str] = set()
        self._second = 0.0
        self._good = self._bad = 0
        self._some = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._write_often(), name="traces-write"),
            asyncio.create_task(self._sweep_often(), name="traces-sweep"),
        ]

    async def close(self) -> None:
        """Write what has been taken, then stop."""
        for task in self._tasks:
            await end_task(task)
        self._tasks = []
        await self._try(self.write)

    def take(self, traces: Sequence[CallTrace]) -> None:
        """The port of the observer: note what is to be written."""
        now = self._clock.monotonic()
        if now - self._second >= 1:
            self._second, self._good, self._bad = now, 0, 0
        if self.keeping.traces:
            good = [trace for trace in traces if trace.outcome == "ok"]
            others = [trace for trace in traces if trace.outcome != "ok"]
            self._keep(others, self._bad)
            self._keep(good, self._good)
            self._good += len(good)
            self._bad += len(others)
        if self._waiting:
            self._some.set()

    async def page(
        self, selection: TraceSelection, *, limit: int, before: tuple[datetime, str] | None = None
    ) -> list[Trace]:
        """Newest first, at most `limit`, those after the position (began_at, request_id) `before`; without contents."""
        return await self._records.page(selection, limit, before)

    async def get(self, selection: TraceSelection) -> Trace:
        """The one trace of `selection`, which names its request, with what was said; raises `not_found`."""
        found = await self._records.get(selection)
        if found is None:
            raise problem("not_found", noun="trace")
        return (
            await asyncio.to_thread(with_words, found, self._vault)
            if found.request or found.answer
            else found
        )

    async def rewrap(self) -> int:
        """Seal what was said under the vault's newest key; returns how many calls were not."""
        count, after = 0, ("", "")
        while rows := await self._records.sealed(after, _ROWS):
            for tenant_id, request_id, request, answer in rows:
                words = rewrapped(self._vault, tenant_id, request_id, {"request": request, "answer": answer})
                if words:
                    await self._records.reseal(tenant_id, request_id, **words)
                    count += 1
            after = rows[-1][:2]
        return count

    async def write(self) -> None:
        """Write what has been taken so far."""
        waiting, self._waiting, self._content_bytes = self._waiting, [], 0
        for start in range(0, len(waiting), _ROWS):
            some = waiting[start : start + _ROWS]
            try:
                await self._records.add(
                    await asyncio.to_thread(rows_of, some, self.keeping.content, self._vault)
                )
            except BaseException:
                self.dropped += len(waiting) - start
                raise
            self._tenants |= {trace.principal.tenant_id for trace in some}

    async def sweep(self) -> None:
        """Forget what is too old, and of each tenant that called lately what is too much."""
        tenants, self._tenants = self._tenants, set()
        for tenant_id in tenants:
            await self._records.keep_newest(tenant_id, self.keeping.traces)
        now = self._clock.now()
        then, contents_then = (
            now - timedelta(days=days) for days in (self.keeping.days, self.keeping.content_days)
        )
        await self._records.forget_before(then, contents_then)

    def _keep(self, traces: Sequence[CallTrace], before: int) -> None:
        """Of traces of one sort, as many as may be kept where `before` of it have come in this second."""
        sample = traces[: max(0, self.keeping.per_second - before)]
        fitting = sample[: max(0, _WAITING - len(self._waiting))]
        self.sampled_out += len(traces) - len(sample)
        self.dropped += len(sample) - len(fitting)
        self._waiting += [self._bounded(trace) for trace in fitting]

    def _bounded(self, trace: CallTrace) -> CallTrace:
        """The trace, without what was said where too much of that is waiting already."""
        size = len(trace.request or b"") + len(trace.answer or b"")
        if not size:
            return trace
        if self.keeping.content == "off" or self._content_bytes + size > _CONTENT_BYTES:
            return structs.replace(trace, request=None, answer=None)
        self._content_bytes += size
        return trace

    async def _write_often(self) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            await asyncio.sleep(_GATHER_S)
            await self._try(self.write)

    async def _sweep_often(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_S)
            await self._try(self.sweep)

    async def _try(self, step: Callable[[], Awaitable[None]]) -> None:
        """Traces are not worth a failure of anything else."""
        try:
            await step()
        except Exception as error:  # noqa: BLE001  (one step that fails must not end the next)
            _log.error("traces_not_kept", step=step.__name__, error=type(error).__name__)
