"""The table behind Idempotency-Key: what was asked under a key, and what was answered."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from jixi.storage import Database, UtcDateTime

_TABLE = Table(
    "idempotency",
    MetaData(),
    Column("tenant_id", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("route", String, nullable=False),
    Column("body_hash", String, nullable=False),
    Column("status", Integer),
    Column("body", Text),
    Column("created_at", UtcDateTime, nullable=False),
)


class Attempt(NamedTuple):
    """A request that came with a key. `status` is None while it runs."""

    tenant_id: str
    key: str
    route: str
    body_hash: str
    created_at: datetime
    status: int | None = None
    body: str | None = None


class AttemptRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, attempt: Attempt) -> Attempt | None:
        """Note that `attempt` begins; of two at once one gets None, the other what stands there already."""
        while True:
            try:
                async with self._database.session() as session:
                    await session.execute(insert(_TABLE).values(**attempt._asdict()))
            except IntegrityError:
                # What stands there may be gone again by now: then this one tries for its place.
                if (before := await self._find(attempt)) is not None:
                    return before
            else:
                return None

    async def _find(self, attempt: Attempt) -> Attempt | None:
        async with self._database.session() as session:
            columns = [_TABLE.c[name] for name in Attempt._fields]
            row = (await session.execute(select(*columns).where(*_is(attempt)))).one_or_none()
        return None if row is None else Attempt(*row)

    async def finish(self, attempt: Attempt) -> None:
        async with self._database.session() as session:
            values = {"status": attempt.status, "body": attempt.body}
            await session.execute(update(_TABLE).where(*_is(attempt)).values(**values))

    async def forget(self, attempt: Attempt) -> None:
        async with self._database.session() as session:
            await session.execute(delete(_TABLE).where(*_is(attempt)))

    async def forget_before(self, then: datetime) -> None:
        async with self._database.session() as session:
            await session.execute(delete(_TABLE).where(_TABLE.c.created_at < then))


def _is(attempt: Attempt) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return _TABLE.c.tenant_id == attempt.tenant_id, _TABLE.c.key == attempt.key
