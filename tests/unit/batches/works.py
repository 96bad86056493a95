"""Batches with all that they stand on: a stub engine, a gateway, a real ledger, jobs with short leases, a folder."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from jixi.core.clock import SystemClock
from jixi.core.errors import problem
from jixi.core.ids import new_id
from jixi.core.ports import Hold, Settlement
from jixi.core.principal import Principal, Role
from jixi.governance.ledger import Ledger
from jixi.jobs import Fence, Job, Jobs, Pacing, Worker
from jixi.models.batches import (
    KIND,
    Batch,
    Batches,
    BatchHandler,
    BatchRecords,
    Caps,
    Files,
    Pace,
    Tools,
    places_in,
)
from jixi.models.engines import StubEngine
from jixi.models.gateway import Concluded, Gateway, PrepaidMeter
from jixi.storage import Database, FolderBlobs
from tests.clocks import SettableClock
from tests.unit.gateway.fakes import ONCE, Fleet, OneReplica, OpenGate, stub_client

WITHIN_S = 40
CHAT = "/v1/chat/completions"
PACING = Pacing(lease_s=3, poll_s=0.05, drain_s=0.05, retry_s=0.01, attempts=5)
CAPS = Caps(file_bytes=200_000, lines=300, line_bytes=20_000, tenant_files=5, tenant_batches=2)


class Records(BatchRecords):
    """Breaks down instead of writing, so many times: answers are lost after they were charged."""

    breakdowns = 0

    async def write(self, fence: Fence, batch_id: str, written: Sequence[Any]) -> None:
        if self.breakdowns:
            self.breakdowns -= 1
            raise OSError
        await super().write(fence, batch_id, written)


class Books(Ledger):
    """Cannot be written so many times when a call ends; such a call is settled late."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, SystemClock())
        self.breakdowns = 0
        self.late: list[tuple[Hold, Settlement]] = []

    async def settle(self, hold: Hold, settlement: Settlement) -> int:
        if self.breakdowns:
            self.breakdowns -= 1
            self.late.append((hold, settlement))
            raise problem("ledger_unavailable")
        return await super().settle(hold, settlement)

    async def settle_late(self) -> None:
        for hold, settlement in self.late:
            await super().settle(hold, settlement)


class Works:
    def __init__(self, database: Database, folder: Path, ledger: Books, fleet: Fleet) -> None:
        self.database = database
        self.folder = folder
        self.ledger = ledger
        self.clock = SettableClock()
        self.principal = Principal(
            tenant_id=new_id("ten"), member_id=new_id("mem"), role=Role.DEVELOPER, key_id=new_id("key")
        )
        self.refusal: Exception | None = None
        meter = PrepaidMeter(ledger, self.clock)
        self.gateway = Gateway([fleet], OpenGate(), meter, self.clock, limits=ONCE)
        self.records = Records(database)
        self.jobs = Jobs(database, self.clock)
        blobs = FolderBlobs(folder)
        self.files = Files(database, blobs, self.clock, CAPS)
        self.batches = Batches(database, self.jobs, self.files, self.clock, CAPS)
        self.tools = Tools(
            records=self.records,
            blobs=blobs,
            gateway=self.gateway,
            meter=meter,
            conclude=self._conclude,
            callers=self._caller,
            pace=Pace(places_in(self.gateway), 8),
            clock=self.clock,
            caps=CAPS,
            tell=self.jobs.tell,
            patience_s=0.3,
            pause_s=0.02,
        )
        self._workers: list[Worker] = []

    async def _conclude(self, tenant_id: str, prefix: str, since: datetime) -> dict[str, Concluded]:
        found = await self.ledger.conclude(tenant_id, prefix, since)
        return {request_id: Concluded(*how) for request_id, how in found.items()}

    async def _caller(self, tenant_id: str, member_id: str, key_id: str | None) -> Principal:
        if self.refusal is not None:
            raise self.refusal
        return self.principal

    async def hire(self) -> Worker:
        worker = Worker(self.jobs, self.database, self.clock, {KIND: BatchHandler(self.tools)}, PACING)
        self._workers.append(worker)
        await worker.start()
        return worker

    async def close(self) -> None:
        for worker in self._workers:
            await worker.close()
        await self.gateway.close()

    async def upload(self, content: str) -> str:
        async def chunks() -> AsyncIterator[bytes]:
            yield content.encode()

        return (await self.files.add(self.principal, "in.jsonl", chunks())).id

    async def begin(self, content: str, endpoint: str = CHAT) -> Batch:
        return await self.batches.create(self.principal, await self.upload(content), endpoint)

    async def now(self, batch: Batch) -> Batch:
        return await self.batches.get(batch.tenant_id, batch.id)

    async def until(self, batch: Batch, completed: int) -> None:
        """Return once so many lines have been answered."""
        async with asyncio.timeout(WITHIN_S):
            async for _ in self.jobs.watch(batch.tenant_id, batch.job_id):
                if (await self.now(batch)).completed >= completed:
                    return

    async def job_of(self, batch: Batch) -> Job:
        return await self.jobs.get(batch.tenant_id, batch.job_id)

    async def ended(self, batch: Batch) -> Batch:
        async with asyncio.timeout(WITHIN_S):
            async for _ in self.jobs.watch(batch.tenant_id, batch.job_id):
                """Its job ends after it."""
        return await self.now(batch)

    async def entries(self, batch: Batch, file_id: str | None) -> dict[str, dict[str, Any]]:
        """The lines of an output by their custom ids; each is there once."""
        if file_id is None:
            return {}
        file = await self.files.get(batch.tenant_id, file_id)
        content = b"".join([chunk async for chunk in self.files.read(file)])
        assert len(content) == file.bytes
        found = [json.loads(line) for line in content.splitlines()]
        by_id = {entry["custom_id"]: entry for entry in found}
        assert len(by_id) == len(found)
        return by_id

    async def charges(self, batch: Batch) -> list[tuple[int, str, int]]:
        """(line, outcome, micro-units) of every attempt that was charged."""
        query = text("SELECT request_id, outcome, cost_micros FROM charges WHERE tenant_id = :tenant")
        async with self.database.session() as session:
            rows = await session.execute(query, {"tenant": batch.tenant_id})
            return [(int(row[0].split(".")[1]), row[1], row[2]) for row in rows]

    async def payments(self, batch: Batch) -> Counter[int]:
        """How often each line was paid for."""
        return Counter(line for line, _, cost in await self.charges(batch) if cost)


@asynccontextmanager
async def works(database: Database, folder: Path, parallel: int = 4) -> AsyncIterator[Works]:
    async with stub_client(folder, request_scripts=True) as client, contextlib.AsyncExitStack() as stack:
        ledger = Books(database)
        await ledger.start()
        stack.push_async_callback(ledger.close)
        price = {"input_micros": 1_000_000, "cached_input_micros": 1_000_000, "output_micros": 2_000_000}
        await ledger.prices.set_price("stub", "CNY", **price, member_id=None)
        fleet = Fleet({"stub": [OneReplica(client, StubEngine.profile)]})
        made = Works(database, folder, ledger, fleet)
        stack.push_async_callback(made.close)
        yield made


def line(number: int, url: str = CHAT, custom_id: str | None = None, **body: Any) -> str:
    asked = {"messages": [{"role": "user", "content": f"Number {number}"}], "max_tokens": 4}
    whole = {"model": "stub"} | (asked if url == CHAT else {}) | body
    entry = {"custom_id": custom_id or f"r{number}", "method": "POST", "url": url, "body": whole}
    return json.dumps(entry) + "\n"


def lines(count: int, **body: Any) -> str:
    return "".join(line(number, **body) for number in range(1, count + 1))
