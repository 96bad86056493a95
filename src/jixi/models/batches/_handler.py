"""The handler of the jobs of kind `batch`: check the input, run the lines, write the files."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Final

from msgspec.structs import replace

from jixi.core.errors import JixiError, problem
from jixi.core.ids import new_id
from jixi.jobs import JobCancelledError, JobPausedError, JobRun
from jixi.models.batches._bodies import never_run
from jixi.models.batches._conductor import Conductor, Stop, Tools
from jixi.models.batches._lines import Checker, lines_of
from jixi.models.batches._values import ROOM, Batch, Ending, Fault, File
from jixi.storage import BlobName

KIND: Final = "batch"
_LONGEST_FILE: Final = 1 << 50


class BatchHandler:
    """Goes on wherever an earlier run of the same batch was cut off."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def run(self, run: JobRun) -> None:
        batch = await self._load(run)
        if batch.ending is None:
            batch = await self._work(run, batch)
        if not batch.ended:
            await self._write_files(run, batch)
        if batch.ending == "cancelled":
            raise JobCancelledError
        if batch.ending == "failed":
            raise batch.faults[0].error()

    async def gave_up(self, run: JobRun, error: JixiError) -> None:
        batch = await self._load(run)
        if not batch.ended:
            if batch.ending is None:
                batch = await self._finalize(run, batch, "failed", (Fault.of(error),))
            await self._write_files(run, batch)

    async def _load(self, run: JobRun) -> Batch:
        return await self._tools.records.get(run.job.tenant_id, run.job.subject, None)

    async def _work(self, run: JobRun, batch: Batch) -> Batch:
        """Check and run the batch until it is settled how it ends."""
        if batch.in_progress_at is None:
            if run.cancelled.is_set():
                return await self._finalize(run, batch, "cancelled")
            checker = await self._check(batch)
            if checker.faults:
                faults = tuple(Fault.of(each.error, each.number) for each in checker.faults)
                return await self._finalize(run, batch, "failed", faults)
            now = self._tools.clock.now()
            await self._tools.records.started(run.fence, batch.id, checker.total, now)
            batch = await self._load(run)
        return await self._settle(run, batch, await Conductor(self._tools, run, batch).conduct())

    async def _check(self, batch: Batch) -> Checker:
        checker = Checker(batch.endpoint, self._tools.caps)
        await checker.check(self._tools.blobs.read(_input(batch)))
        if not checker.faults:
            principal = await self._tools.callers(batch.tenant_id, batch.member_id, batch.key_id)
            known = {model.id: model.kinds for model in self._tools.gateway.models(principal)}
            for model, number in checker.models.items():
                if model not in known:
                    error = problem("model_not_found", model=model[:256], param="body.model")
                    checker.refuse(number, error)
                elif batch.kind not in known[model]:
                    error = problem("operation_not_supported", model=model, kind=batch.kind.value)
                    checker.refuse(number, error)
        return checker

    async def _settle(self, run: JobRun, batch: Batch, stop: Stop | None) -> Batch:
        if stop == "paused":
            raise JobPausedError
        if stop is None:
            return await self._finalize(run, batch, "completed")
        if isinstance(stop, str):
            return await self._finalize(run, batch, stop)
        fault = Fault.of(stop)
        if stop.code == "budget_exceeded":
            return await self._finalize(run, replace(batch, rest=fault), "completed")
        return await self._finalize(run, replace(batch, rest=fault), "failed", (fault,))

    async def _finalize(
        self, run: JobRun, batch: Batch, ending: Ending, faults: tuple[Fault, ...] = ()
    ) -> Batch:
        settled = replace(
            batch,
            ending=ending,
            faults=faults,
            rest=batch.rest or (faults[0] if faults else None),
            output_file_id=new_id("file"),
            error_file_id=new_id("file"),
        )
        await self._tools.records.finalize(run.fence, settled, self._tools.clock.now())
        return settled

    async def _write_files(self, run: JobRun, batch: Batch) -> None:
        """The same files however often it is done; those that would be empty are not made."""
        made: list[File] = []
        if batch.total:
            written = await self._tools.records.written(batch.id)
            if any(written.values()):
                made.append(await self._write(batch, batch.output_file_id or "", self._outputs(batch)))
            if sum(written.values()) < batch.total:
                made.append(await self._write(batch, batch.error_file_id or "", self._errors(batch, written)))
        await self._tools.records.end(
            run.fence, batch.id, batch.ending or "failed", made, self._tools.clock.now()
        )

    async def _write(self, batch: Batch, file_id: str, entries: AsyncGenerator[bytes]) -> File:
        name = BlobName(batch.tenant_id, ROOM, file_id)
        async with aclosing(entries):
            size = await self._tools.blobs.write(name, entries, _LONGEST_FILE)
        now = self._tools.clock.now()
        what = "output" if file_id == batch.output_file_id else "errors"
        return File(
            id=file_id,
            tenant_id=batch.tenant_id,
            member_id=batch.member_id,
            purpose="batch_output",
            filename=f"{batch.id}_{what}.jsonl",
            bytes=size,
            created_at=now,
            expires_at=now + self._tools.caps.kept,
        )

    async def _outputs(self, batch: Batch) -> AsyncGenerator[bytes]:
        async with aclosing(self._tools.records.read(batch.id, ok=True)) as written:
            async for each in written:
                yield each.body

    async def _errors(self, batch: Batch, written: Mapping[int, bool]) -> AsyncGenerator[bytes]:
        """Lines that failed and lines that were never run, in the order of the input."""
        chunks = self._tools.blobs.read(_input(batch))
        async with (
            aclosing(self._tools.records.read(batch.id, ok=False)) as failed,
            aclosing(lines_of(chunks, batch.endpoint, self._tools.caps)) as lines,
        ):
            async for line in lines:
                if line.number not in written:
                    yield never_run(batch, line)
                elif not written[line.number]:
                    yield (await anext(failed)).body


def _input(batch: Batch) -> BlobName:
    return BlobName(batch.tenant_id, ROOM, batch.input_file_id)
