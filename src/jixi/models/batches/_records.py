"""The room's tables, and the files in them."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    text,
)

from jixi.core.errors import problem
from jixi.models.batches._values import ENDINGS, Caps, File, Purpose
from jixi.storage import Database, Session, UtcDateTime, whole

_METADATA = MetaData()
# Writing the tenant's row locks it, on PostgreSQL by itself and on SQLite with all else.
_ALONE = text(
    "INSERT INTO batch_tenants (tenant_id) VALUES (:tenant_id)"
    " ON CONFLICT (tenant_id) DO UPDATE SET tenant_id = excluded.tenant_id"
)

files = Table(
    "files",
    _METADATA,
    Column("id", String, primary_key=True),
    Column("tenant_id", String, nullable=False),
    Column("member_id", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("filename", String, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
batches = Table(
    "batches",
    _METADATA,
    Column("id", String, primary_key=True),
    Column("tenant_id", String, nullable=False),
    Column("member_id", String, nullable=False),
    Column("key_id", String),
    Column("job_id", String, nullable=False),
    Column("endpoint", String, nullable=False),
    Column("input_file_id", String, nullable=False),
    Column("status", String, nullable=False),
    Column("ending", String),
    Column("rest", JSON(none_as_null=True)),
    Column("faults", JSON, nullable=False),
    Column("output_file_id", String),
    Column("error_file_id", String),
    Column("metadata", JSON(none_as_null=True)),
    Column("total", Integer, nullable=False),
    Column("completed", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("opened", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("in_progress_at", UtcDateTime),
    Column("finalizing_at", UtcDateTime),
    Column("cancelling_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
)
lines = Table(
    "batch_lines",
    _METADATA,
    Column("batch_id", String, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("ok", Boolean, nullable=False),
    Column("body", LargeBinary, nullable=False),
)


def within(table: Table, tenant_id: str, owner: str | None) -> tuple[ColumnElement[bool], ...]:
    """The rows of one tenant, or of one of its members."""
    ours = table.c.tenant_id == tenant_id
    return (ours,) if owner is None else (ours, table.c.member_id == owner)


class FileRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def check_room(self, tenant_id: str, caps: Caps) -> None:
        """Raise `quota_full` where the tenant keeps as much as it may."""
        async with self._database.session() as session:
            await _check_room(session, tenant_id, 1, caps)

    @whole
    async def add(self, file: File, caps: Caps) -> File:
        """Keep the file, or find what was kept under its id before. Raises `quota_full`."""
        async with self._database.session() as session:
            await count_alone(session, file.tenant_id)
            row = (await session.execute(select(files).where(files.c.id == file.id))).mappings().one_or_none()
            if row is not None:
                return File(**row)
            await _check_room(session, file.tenant_id, file.bytes, caps)
            await add_file(session, file)
            return file

    async def get(self, tenant_id: str, file_id: str, owner: str | None) -> File:
        query = select(files).where(files.c.id == file_id, *within(files, tenant_id, owner))
        async with self._database.session() as session:
            row = (await session.execute(query)).mappings().one_or_none()
        if row is None:
            raise problem("not_found", noun="file")
        return File(**row)

    async def page(
        self, tenant_id: str, owner: str | None, purpose: Purpose | None, page: "Page"
    ) -> list[File]:
        query = select(files).where(*within(files, tenant_id, owner))
        if purpose is not None:
            query = query.where(files.c.purpose == purpose)
        async with self._database.session() as session:
            rows = await session.execute(page.of(files, query))
            return [File(**row) for row in rows.mappings()]

    async def remove(self, tenant_id: str, file_id: str) -> None:
        """Raises `file_in_use` where a batch still reads it."""
        used = select(batches.c.id).where(
            batches.c.tenant_id == tenant_id,
            batches.c.input_file_id == file_id,
            batches.c.status.not_in(ENDINGS),
        )
        gone = delete(files).where(files.c.id == file_id, ~used.exists()).returning(files.c.id)
        async with self._database.session() as session:
            removed = (await session.execute(gone)).first()
        if removed is None:
            raise problem("file_in_use")

    async def kept(self) -> dict[str, int]:
        """Bytes by tenant."""
        query = select(files.c.tenant_id, func.sum(files.c.bytes)).group_by(files.c.tenant_id)
        async with self._database.session() as session:
            return {tenant_id: int(total) for tenant_id, total in await session.execute(query)}

    async def outdated(self, now: datetime) -> list[File]:
        """Files whose time is over and that no batch still reads."""
        used = select(batches.c.input_file_id).where(batches.c.status.not_in(ENDINGS))
        query = select(files).where(files.c.expires_at < now, files.c.id.not_in(used)).limit(500)
        async with self._database.session() as session:
            return [File(**row) for row in (await session.execute(query)).mappings()]


class Page:
    """Which rows of a list: at most `limit`, behind the one with the id `after`."""

    def __init__(self, limit: int, after: str | None = None, *, oldest_first: bool = False) -> None:
        self._limit = limit
        self._after = after
        self._oldest_first = oldest_first

    def of(self, table: Table, query: Any) -> Any:
        order = table.c.id.asc() if self._oldest_first else table.c.id.desc()
        if self._after is not None:
            behind = table.c.id > self._after if self._oldest_first else table.c.id < self._after
            query = query.where(behind)
        return query.order_by(order).limit(self._limit)


async def count_alone(session: Session, tenant_id: str) -> None:
    """Until the transaction ends, nobody else who says this adds to what the tenant has."""
    await session.execute(_ALONE, {"tenant_id": tenant_id})


async def _check_room(session: Session, tenant_id: str, size: int, caps: Caps) -> None:
    query = select(func.count(), func.coalesce(func.sum(files.c.bytes), 0)).where(
        files.c.tenant_id == tenant_id
    )
    count, kept = (await session.execute(query)).one()
    if count >= caps.tenant_files:
        raise problem("quota_full", noun="files", limit=caps.tenant_files)
    if kept + size > caps.tenant_bytes:
        raise problem("quota_full", noun="bytes of files", limit=caps.tenant_bytes)


async def add_file(session: Session, file: File) -> None:
    values = {name: getattr(file, name) for name in File.__struct_fields__}
    await session.execute(insert(files).values(**values))
