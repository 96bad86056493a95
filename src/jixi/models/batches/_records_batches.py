"""Batches and their lines in the database. What a run writes goes through the fence of its job."""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import case, delete, func, insert, select, update

from jixi.core.errors import problem
from jixi.jobs import Fence
from jixi.models.batches._records import Page, add_file, batches, count_alone, lines, within
from jixi.models.batches._values import ENDINGS, Batch, Caps, Ending, Fault, File, Written
from jixi.storage import Database, Session, whole

_AT_ONCE = 200


class BatchRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, session: Session, batch: Batch, caps: Caps) -> bool:
        """False where it was added before. Raises `quota_full` where as many as may be are under way."""
        await count_alone(session, batch.tenant_id)
        if (await session.execute(select(batches.c.id).where(batches.c.id == batch.id))).first() is not None:
            return False
        under_way = select(func.count()).where(
            batches.c.tenant_id == batch.tenant_id, batches.c.status.not_in(ENDINGS)
        )
        if (await session.execute(under_way)).scalar_one() >= caps.tenant_batches:
            raise problem("quota_full", noun="unfinished batches", limit=caps.tenant_batches)
        values: dict[str, Any] = {name: getattr(batch, name) for name in Batch.__struct_fields__}
        await session.execute(insert(batches).values(**values | {"faults": [], "rest": None}))
        return True

    @whole
    async def get(self, tenant_id: str, batch_id: str, owner: str | None) -> Batch:
        query = select(batches).where(batches.c.id == batch_id, *within(batches, tenant_id, owner))
        async with self._database.session() as session:
            row = (await session.execute(query)).mappings().one_or_none()
        if row is None:
            raise problem("not_found", noun="batch")
        return _batch(dict(row))

    async def page(self, tenant_id: str, owner: str | None, page: Page) -> list[Batch]:
        query = page.of(batches, select(batches).where(*within(batches, tenant_id, owner)))
        async with self._database.session() as session:
            return [_batch(dict(row)) for row in (await session.execute(query)).mappings()]

    async def begin_to_cancel(self, session: Session, batch_id: str, now: datetime) -> None:
        """A batch that is finalizing or has ended stays as it is."""
        query = update(batches).where(
            batches.c.id == batch_id, batches.c.status.in_(("validating", "in_progress"))
        )
        await session.execute(query.values(status="cancelling", cancelling_at=now))

    @whole
    async def started(self, fence: Fence, batch_id: str, total: int, now: datetime) -> None:
        """The input is valid; its lines are run from now on."""
        async with self._database.session() as session:
            await fence.hold(session, total=total)
            query = update(batches).where(batches.c.id == batch_id)
            await session.execute(query.values(total=total))
            waiting = query.where(batches.c.status == "validating")
            await session.execute(waiting.values(status="in_progress", in_progress_at=now))

    @whole
    async def open_to(self, fence: Fence, batch_id: str, number: int) -> None:
        """Lines up to `number` may be begun."""
        async with self._database.session() as session:
            await fence.hold(session)
            await session.execute(update(batches).where(batches.c.id == batch_id).values(opened=number))

    @whole
    async def write(self, fence: Fence, batch_id: str, written: Sequence[Written]) -> None:
        """Keep what became of lines, and count them: all of it or nothing."""
        ok = sum(each.ok for each in written)
        counted = (
            update(batches)
            .where(batches.c.id == batch_id)
            .values(completed=batches.c.completed + ok, failed=batches.c.failed + len(written) - ok)
            .returning(batches.c.completed, batches.c.failed)
        )
        rows = [
            {"batch_id": batch_id, "line": each.number, "ok": each.ok, "body": each.body} for each in written
        ]
        async with self._database.session() as session:
            await fence.hold(session)
            await session.execute(insert(lines), rows)
            completed, failed = (await session.execute(counted)).one()
            await fence.hold(session, done=completed, failed=failed)

    @whole
    async def written(self, batch_id: str) -> dict[int, bool]:
        """The numbers of the lines of which it is known what became of them, and whether they went well."""
        query = select(lines.c.line, lines.c.ok).where(lines.c.batch_id == batch_id)
        async with self._database.session() as session:
            return {row.line: row.ok for row in await session.execute(query)}

    async def read(self, batch_id: str, *, ok: bool) -> AsyncGenerator[Written]:
        """The lines that went well, or those that did not, in order."""
        last = 0
        while True:
            query = (
                select(lines.c.line, lines.c.body)
                .where(lines.c.batch_id == batch_id, lines.c.ok == ok, lines.c.line > last)
                .order_by(lines.c.line)
                .limit(_AT_ONCE)
            )
            async with self._database.session() as session:
                rows = (await session.execute(query)).all()
            for number, body in rows:
                yield Written(number=number, ok=ok, body=body)
            if len(rows) < _AT_ONCE:
                return
            last = rows[-1][0]

    @whole
    async def finalize(self, fence: Fence, batch: Batch, now: datetime) -> None:
        """Settle how the batch ends; `batch` carries the ending, the rest, the faults and the ids of its files."""
        values: dict[str, Any] = {
            "ending": batch.ending,
            "rest": None if batch.rest is None else msgspec.to_builtins(batch.rest),
            "faults": msgspec.to_builtins(batch.faults),
            "output_file_id": batch.output_file_id,
            "error_file_id": batch.error_file_id,
            "finalizing_at": now,
        }
        if batch.ending != "cancelled":
            values["status"] = "finalizing"
        async with self._database.session() as session:
            await fence.hold(session)
            await session.execute(update(batches).where(batches.c.id == batch.id).values(**values))

    @whole
    async def end(
        self, fence: Fence, batch_id: str, ending: Ending, made: Sequence[File], now: datetime
    ) -> None:
        """The batch has ended and its files are there; those that are not `made` never will be."""
        ids = {file.id for file in made}
        async with self._database.session() as session:
            await fence.hold(session)
            for file in made:
                await add_file(session, file)
            values: dict[str, Any] = {"status": ending, "ended_at": now}
            for column in (batches.c.output_file_id, batches.c.error_file_id):
                values[column.name] = case((column.in_(ids), column), else_=None)
            values["failed"] = case((batches.c.total > 0, batches.c.total - batches.c.completed), else_=0)
            await session.execute(update(batches).where(batches.c.id == batch_id).values(**values))
            await session.execute(delete(lines).where(lines.c.batch_id == batch_id))


def _batch(row: dict[str, Any]) -> Batch:
    row["rest"] = None if row["rest"] is None else msgspec.convert(row["rest"], Fault)
    row["faults"] = msgspec.convert(row["faults"], tuple[Fault, ...])
    return Batch(**row)
