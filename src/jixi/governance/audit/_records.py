"""The tables of traces."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    MetaData,
    RowMapping,
    Select,
    String,
    Table,
    Text,
    and_,
    delete,
    select,
    tuple_,
    update,
)

from jixi.core.trace import Attempt, Mark
from jixi.governance.audit._values import Trace, TraceSelection
from jixi.storage import Database, UtcDateTime, execute_rows

_METADATA = MetaData()
traces = Table(
    "traces",
    _METADATA,
    Column("tenant_id", String, primary_key=True),
    Column("request_id", String, primary_key=True),
    Column("key_id", String),
    Column("member_id", String, nullable=False),
    Column("model", String, nullable=False),
    Column("target", String),
    Column("kind", String, nullable=False),
    Column("dialect", String, nullable=False),
    Column("stream", Boolean, nullable=False),
    Column("began_at", UtcDateTime, nullable=False),
    Column("outcome", String, nullable=False),
    Column("error_code", String),
    Column("replayed", Boolean, nullable=False),
    Column("marks", Text, nullable=False),
    Column("attempts", Text, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("cached_input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("estimated", Boolean, nullable=False),
    Column("cost_micros", BigInteger, nullable=False),
    Column("currency", String, nullable=False),
)
contents = Table(
    "trace_contents",
    _METADATA,
    Column("tenant_id", String, primary_key=True),
    Column("request_id", String, primary_key=True),
    Column("began_at", UtcDateTime, nullable=False),
    Column("request", Text),
    Column("answer", Text),
)

_MARKS: Final = msgspec.json.Decoder(dict[Mark, float])
_ATTEMPTS: Final = msgspec.json.Decoder(list[Attempt])
_INSERT_TRACES: Final = (
    "INSERT INTO traces (tenant_id, request_id, key_id, member_id, model, target, kind, dialect, stream, began_at,"
    " outcome, error_code, replayed, marks, attempts, input_tokens, cached_input_tokens, output_tokens, estimated,"
    " cost_micros, currency) VALUES {rows} ON CONFLICT (tenant_id, request_id) DO NOTHING"
)
_INSERT_CONTENTS: Final = (
    "INSERT INTO trace_contents (tenant_id, request_id, began_at, request, answer) VALUES {rows}"
    " ON CONFLICT (tenant_id, request_id) DO NOTHING"
)


class TraceRows(NamedTuple):
    """Rows as the two tables take them, in the order of their columns."""

    traces: Sequence[Sequence[Any]]
    contents: Sequence[Sequence[Any]]


class TraceRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, rows: TraceRows) -> None:
        async with self._database.session() as session:
            connection = await session.connection()
            for statement, some in ((_INSERT_TRACES, rows.traces), (_INSERT_CONTENTS, rows.contents)):
                if some:
                    await connection.run_sync(execute_rows, statement, some)

    async def page(
        self, selection: TraceSelection, limit: int, before: tuple[datetime, str] | None
    ) -> list[Trace]:
        query = _chosen(select(*traces.c), selection)
        if before is not None:
            query = query.where(tuple_(traces.c.began_at, traces.c.request_id) < before)
        query = query.order_by(traces.c.began_at.desc(), traces.c.request_id.desc()).limit(limit)
        async with self._database.session() as session:
            return [_trace(row) for row in (await session.execute(query)).mappings().all()]

    async def get(self, selection: TraceSelection) -> Trace | None:
        joined = and_(
            contents.c.tenant_id == traces.c.tenant_id, contents.c.request_id == traces.c.request_id
        )
        columns = select(*traces.c, contents.c.request, contents.c.answer)
        query = _chosen(columns.select_from(traces.outerjoin(contents, joined)), selection)
        async with self._database.session() as session:
            row = (await session.execute(query)).mappings().one_or_none()
        return None if row is None else _trace(row)

    async def sealed(
        self, after: tuple[str, str], limit: int
    ) -> list[tuple[str, str, str | None, str | None]]:
        """What was said in calls behind `after` (tenant, request), in that order, as it lies there."""
        position = tuple_(contents.c.tenant_id, contents.c.request_id)
        columns = (contents.c.tenant_id, contents.c.request_id, contents.c.request, contents.c.answer)
        query = select(*columns).where(position > after).order_by(*columns[:2]).limit(limit)
        async with self._database.session() as session:
            return [tuple(row) for row in (await session.execute(query)).all()]

    async def reseal(self, tenant_id: str, request_id: str, **fields: str) -> None:
        """Put other seals around what was said; a call that is forgotten meanwhile stays forgotten."""
        query = update(contents).where(contents.c.tenant_id == tenant_id, contents.c.request_id == request_id)
        async with self._database.session() as session:
            await session.execute(query.values(**fields))

    async def keep_newest(self, tenant_id: str, count: int) -> None:
        """Forget the tenant's traces but for the newest `count`."""
        position = tuple_(traces.c.began_at, traces.c.request_id)
        beyond = (
            select(traces.c.began_at, traces.c.request_id)
            .where(traces.c.tenant_id == tenant_id)
            .order_by(traces.c.began_at.desc(), traces.c.request_id.desc())
            .offset(count)
            .limit(1)
        )
        async with self._database.session() as session:
            last = (await session.execute(beyond)).one_or_none()
            if last is not None:
                old = tuple_(contents.c.began_at, contents.c.request_id) <= tuple(last)
                await session.execute(delete(contents).where(contents.c.tenant_id == tenant_id, old))
                gone = position <= tuple(last)
                await session.execute(delete(traces).where(traces.c.tenant_id == tenant_id, gone))

    async def forget_before(self, then: datetime, contents_then: datetime) -> None:
        """Forget traces that began before `then`, and what was said in those that began before `contents_then`."""
        async with self._database.session() as session:
            await session.execute(delete(contents).where(contents.c.began_at < max(then, contents_then)))
            await session.execute(delete(traces).where(traces.c.began_at < then))


def _chosen(query: Select[*tuple[Any, ...]], selection: TraceSelection) -> Select[*tuple[Any, ...]]:
    """Every query over traces passes here, so that none forgets its tenant."""
    query = query.where(traces.c.tenant_id == selection.tenant_id)
    outcome = selection.outcome
    if outcome == "refused":
        outcome = "failed"
        query = query.where(traces.c.marks.not_like('%"reserved"%'))
    for column, wanted in (
        (traces.c.member_id, selection.member_id),
        (traces.c.model, selection.model),
        (traces.c.key_id, selection.key_id),
        (traces.c.outcome, outcome),
        (traces.c.dialect, selection.dialect),
        (traces.c.request_id, selection.request_id),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    if selection.start is not None:
        query = query.where(traces.c.began_at >= selection.start)
    if selection.end is not None:
        query = query.where(traces.c.began_at < selection.end)
    return query


def _trace(row: RowMapping) -> Trace:
    values: dict[str, Any] = {str(name): value for name, value in row.items()}
    values["marks"] = _MARKS.decode(values["marks"])
    values["attempts"] = _ATTEMPTS.decode(values["attempts"])
    return Trace(**values)
