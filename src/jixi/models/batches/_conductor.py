"""One run of one batch: its lines go to the gateway, as many at once as does nobody harm, each until it has an end."""

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import aclosing, nullcontext
from functools import partial
from typing import Final, Literal

from msgspec import Struct

from jixi.core.clock import Clock
from jixi.core.errors import JixiError, problem
from jixi.core.principal import Principal, Scope
from jixi.jobs import JobRun, LeaseLostError
from jixi.models.batches._bodies import answered, refused
from jixi.models.batches._lines import lines_of
from jixi.models.batches._pace import Pace
from jixi.models.batches._ports import Callers
from jixi.models.batches._recorder import Recorder
from jixi.models.batches._records_batches import BatchRecords
from jixi.models.batches._values import ROOM, Batch, Caps, Line, Written
from jixi.models.gateway import Call, Conclude, Concluded, Gateway, PrepaidMeter
from jixi.storage import BlobName, Blobs

Stop = Literal["cancelled", "expired", "paused"] | JixiError
"""Why a run ended before the last line: an error stands for all lines that were not begun."""

_WAIT: Final = frozenset(
    {
        "overloaded",
        "share_used_up",
        "model_unavailable",
        "request_rate_exceeded",
        "token_rate_exceeded",
        "concurrency_exceeded",
    }
)
_UNSURE: Final = frozenset({"duplicate_request", "ledger_unavailable"})
"""After these it is not known whether the attempt was charged, so the ledger is asked before the next one."""
_TRY_AGAIN: Final = frozenset({"engine_error", "engine_timeout", "internal_error"})
_MOST_TRIES: Final = 3
_LOOK_EVERY_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 30.0
_OPEN_AT_ONCE: Final = 256


class Tools(Struct, frozen=True, kw_only=True):
    """What the runs of all batches share. `patience_s` is how long a run waits for money before it gives up."""

    records: BatchRecords
    blobs: Blobs
    gateway: Gateway
    meter: PrepaidMeter
    conclude: Conclude
    callers: Callers
    pace: Pace
    clock: Clock
    caps: Caps
    tell: Callable[[], None]
    patience_s: float = 30.0
    pause_s: float = 0.5


class Standing(Struct):
    """Where a line stands before it is run (again): the number of its next attempt, and whether it is paid for."""

    attempt: int = 1
    paid: bool = False


class Conductor:
    """Call `conduct` once. A line counts as done when its answer is durable, under the fence of the job."""

    def __init__(self, tools: Tools, run: JobRun, batch: Batch) -> None:
        self._tools = tools
        self._run = run
        self._batch = batch
        self._principal: Principal | None = None
        self._recorder = Recorder(self._write)
        self._running: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()
        self._done = asyncio.Event()
        self._reason: Stop | None = None
        self._opened = batch.opened
        self._broke_since: float | None = None

    async def conduct(self) -> Stop | None:
        """Run what is left; None where every line has an end. Raises LeaseLostError."""
        written = await self._tools.records.written(self._batch.id)
        await self._look()
        try:
            async with asyncio.TaskGroup() as group:
                looking = group.create_task(self._keep_looking())
                standings = await self._standings(f"{self._batch.id}.") if self._opened else {}
                await self._begin_all(group, written.keys(), standings)
                while self._running:
                    await asyncio.wait(self._running)
                self._done.set()
                await looking
        except ExceptionGroup as errors:
            lost = [error for error in errors.exceptions if isinstance(error, LeaseLostError)]
            raise (lost or errors.exceptions)[0] from errors
        finally:
            await self._recorder.close()
        return self._reason

    async def _begin_all(
        self, group: asyncio.TaskGroup, written: Collection[int], standings: Mapping[int, Standing]
    ) -> None:
        async with aclosing(self._lines()) as lines:
            async for line in lines:
                if line.number in written:
                    continue
                if line.number > self._opened and not self._stop.is_set():
                    self._opened = line.number + _OPEN_AT_ONCE
                    await self._tools.records.open_to(self._run.fence, self._batch.id, self._opened)
                if not await self._tools.pace.enter(line.model, self._stop):
                    return
                task = group.create_task(self._see_through(line, standings.get(line.number) or Standing()))
                self._running.add(task)
                task.add_done_callback(partial(self._ended, line.model))

    def _lines(self) -> AsyncGenerator[Line]:
        name = BlobName(self._batch.tenant_id, ROOM, self._batch.input_file_id)
        return lines_of(self._tools.blobs.read(name), self._batch.endpoint, self._tools.caps)

    async def _see_through(self, line: Line, standing: Standing) -> None:
        """Run a line until there is something to write down, or until the run stops."""
        written = await self._outcome(line, standing)
        if written is not None:
            await self._recorder.record(written)

    def _ended(self, model: str, task: asyncio.Task[None]) -> None:
        """Give the place back here: a task that is cancelled before its first step never comes to its own end."""
        self._running.discard(task)
        self._tools.pace.leave(model)

    async def _outcome(self, line: Line, standing: Standing) -> Written | None:
        failures = waits = 0
        while not self._stop.is_set():
            request_id = f"{self._batch.id}.{line.number}.{standing.attempt}"
            try:
                body = await self._call(line, request_id, paid=standing.paid)
            except JixiError as error:
                standing.attempt += 1
                failures += error.code in _TRY_AGAIN
                waits += 1
                if error.code == "budget_exceeded":
                    self._lack_money(error)
                elif error.code in _UNSURE:
                    standing = await self._standing_of(line)
                elif error.code in _WAIT:
                    self._tools.pace.too_much(line.model)
                elif error.code not in _TRY_AGAIN or (failures >= _MOST_TRIES and not standing.paid):
                    return refused(line, request_id, error)
                await self._pause(waits, error.retry_after)
            else:
                self._tools.pace.went_well(line.model)
                self._broke_since = None
                return answered(line, request_id, body)
        return None

    async def _call(self, line: Line, request_id: str, *, paid: bool) -> bytes:
        self._run.check()
        if self._principal is None:
            raise problem("not_authenticated")
        call = Call(
            principal=self._principal,
            kind=self._batch.kind,
            body=bytes(line.body),
            request_id=request_id,
            tier="batch",
            dialect="batch",
        )
        with self._tools.meter.covers(request_id) if paid else nullcontext():
            reply = await self._tools.gateway.open(call)
        if reply.body is None:
            raise problem("internal_error", request_id=request_id)
        return reply.body

    async def _standing_of(self, line: Line) -> Standing:
        """How far it got, whoever tried it: nobody waits for its earlier attempts any more."""
        self._run.check()
        found = await self._standings(f"{self._batch.id}.{line.number}.")
        return found.get(line.number) or Standing()

    async def _standings(self, prefix: str) -> dict[int, Standing]:
        """How far lines got in earlier runs: one that was charged for is run again for nothing."""
        concluded = await self._concluded(prefix)
        found: dict[int, Standing] = {}
        for request_id, call in concluded.items():
            number, attempt = map(int, request_id.rsplit(".", 2)[1:])
            standing = found.setdefault(number, Standing())
            standing.attempt = max(standing.attempt, attempt + 1)
            standing.paid |= call.paid
        return found

    async def _concluded(self, prefix: str) -> Mapping[str, Concluded]:
        """Nothing is run before it is known what was; so this waits where the ledger cannot be written."""
        waits = 0
        while not self._stop.is_set():
            try:
                return await self._tools.conclude(self._batch.tenant_id, prefix, self._batch.created_at)
            except JixiError as error:
                if error.code != "ledger_unavailable":
                    raise
                await self._pause(waits := waits + 1, error.retry_after)
        return {}

    async def _write(self, written: list[Written]) -> None:
        await self._tools.records.write(self._run.fence, self._batch.id, written)
        self._tools.tell()

    def _lack_money(self, error: JixiError) -> None:
        """Calls that run hold more than they will cost, so money may come back; not for ever."""
        now = self._tools.clock.monotonic()
        self._broke_since = self._broke_since or now
        if now - self._broke_since >= self._tools.patience_s:
            self._end(error)

    async def _keep_looking(self) -> None:
        while not (self._stop.is_set() or self._done.is_set()):
            await self._look()
            await self._rest(_LOOK_EVERY_S)

    async def _look(self) -> None:
        """Whether there is a reason to stop; and who the caller is by now."""
        if self._run.cancelled.is_set():
            self._end("cancelled")
        elif self._run.draining.is_set():
            self._end("paused")
        elif self._tools.clock.now() >= self._batch.expires_at:
            self._end("expired")
        else:
            try:
                self._principal = await self._caller()
            except JixiError as error:
                self._end(error)

    async def _caller(self) -> Principal:
        batch = self._batch
        principal = await self._tools.callers(batch.tenant_id, batch.member_id, batch.key_id)
        for scope in (Scope.BATCHES, batch.kind):
            if scope not in principal.scopes:
                raise problem("scope_missing", scope=scope.value)
        return principal

    def _end(self, reason: Stop) -> None:
        if self._reason is None:
            self._reason = reason
            self._stop.set()

    async def _rest(self, seconds: float) -> None:
        """Wait for so long, or until something happens that ends the run."""
        signals = (self._stop, self._done, self._run.cancelled, self._run.draining)
        waiting = [asyncio.create_task(signal.wait()) for signal in signals]
        try:
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()

    async def _pause(self, waits: int, retry_after: int | None) -> None:
        """Before the next attempt: longer each time, not before the model wants to hear of us, never all at once."""
        longest = min(_LONGEST_PAUSE_S, self._tools.pause_s * 2 ** min(waits - 1, 10))
        seconds = max(longest * random.uniform(0.5, 1), retry_after or 0)  # noqa: S311  (jitter, no secret)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()
