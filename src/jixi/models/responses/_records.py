"""The table of kept Responses."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)

from jixi.storage import Database, UtcDateTime

_TABLE = Table(
    "responses",
    MetaData(),
    Column("id", String, primary_key=True),
    Column("tenant_id", String, nullable=False),
    Column("owner_id", String, nullable=False),
    Column("previous_id", String),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("content", Text, nullable=False),
)
_CLAIMED: Final = ""
"""The content of a record whose Response is being made."""


class Owner(NamedTuple):
    tenant_id: str
    owner_id: str


class Record(NamedTuple):
    id: str
    tenant_id: str
    owner_id: str
    previous_id: str | None
    created_at: datetime
    expires_at: datetime
    bytes: int
    content: str = _CLAIMED


class Quota(NamedTuple):
    """What one tenant may keep. `bytes` are those of the database, seal and all."""

    responses: int = 100_000
    bytes: int = 1024**3


class ResponseRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, record: Record, quota: Quota) -> bool:
        """Add `record` where its tenant has room for it, in one statement; False where it has none."""
        theirs = (_TABLE.c.tenant_id == record.tenant_id, _TABLE.c.expires_at > record.created_at)
        size = func.coalesce(func.sum(_TABLE.c.bytes), 0)
        used = select(func.count().label("responses"), size.label("bytes")).where(*theirs).subquery()
        row = [literal(value, _TABLE.c[name].type) for name, value in record._asdict().items()]
        most = literal(quota.responses, BigInteger), literal(quota.bytes, BigInteger)
        fits = (used.c.responses < most[0], used.c.bytes + record.bytes <= most[1])
        claim = insert(_TABLE).from_select(Record._fields, select(*row).select_from(used).where(*fits))
        async with self._database.session() as session:
            if self._database.is_postgres:
                # There, two statements at once would each not see what the other adds.
                await session.execute(select(func.pg_advisory_xact_lock(func.hashtext(record.tenant_id))))
            return (await session.execute(claim.returning(_TABLE.c.id))).first() is not None

    async def fill(self, record: Record) -> None:
        """Put what is to be kept in the place of its claim."""
        query = update(_TABLE).where(_TABLE.c.id == record.id, _TABLE.c.content == _CLAIMED)
        async with self._database.session() as session:
            await session.execute(query.values(**record._asdict()))

    async def release(self, owner: Owner, name: str) -> None:
        """Drop the claim of a Response that was not kept."""
        query = delete(_TABLE).where(_TABLE.c.id == name, _TABLE.c.content == _CLAIMED)
        async with self._database.session() as session:
            await session.execute(query.where(_TABLE.c.tenant_id == owner.tenant_id))

    async def chain(self, owner: Owner, name: str, now: datetime, most: int) -> list[Record]:
        """The record and those that it goes on from, the newest first; what has expired ends the chain."""
        columns = [_TABLE.c[field] for field in Record._fields]
        mine = (
            _TABLE.c.tenant_id == owner.tenant_id,
            _TABLE.c.owner_id == owner.owner_id,
            _TABLE.c.expires_at > now,
            _TABLE.c.content != _CLAIMED,
        )
        walk = select(*columns, literal(0, Integer).label("depth")).where(_TABLE.c.id == name, *mine)
        chain = walk.cte("chain", recursive=True)
        chain = chain.union_all(
            select(*columns, chain.c.depth + 1)
            .join(chain, _TABLE.c.id == chain.c.previous_id)
            .where(*mine, chain.c.depth < most)
        )
        found = select(*(chain.c[field] for field in Record._fields)).order_by(chain.c.depth)
        async with self._database.session() as session:
            return [Record(*row) for row in (await session.execute(found)).all()]

    async def renew(self, names: Sequence[str], expires_at: datetime) -> None:
        async with self._database.session() as session:
            await session.execute(update(_TABLE).where(_TABLE.c.id.in_(names)).values(expires_at=expires_at))

    async def delete(self, owner: Owner, name: str, now: datetime) -> bool:
        async with self._database.session() as session:
            gone = await session.execute(
                delete(_TABLE)
                .where(_TABLE.c.id == name, _TABLE.c.expires_at > now, _TABLE.c.content != _CLAIMED)
                .where(_TABLE.c.tenant_id == owner.tenant_id, _TABLE.c.owner_id == owner.owner_id)
                .returning(_TABLE.c.id)
            )
            return gone.first() is not None

    async def contents(self, after: str, limit: int) -> list[tuple[str, str, str]]:
        """Id, tenant and content of records with ids behind `after`, in that order, as they lie there."""
        query = select(_TABLE.c.id, _TABLE.c.tenant_id, _TABLE.c.content)
        query = query.where(_TABLE.c.id > after, _TABLE.c.content != _CLAIMED)
        async with self._database.session() as session:
            rows = (await session.execute(query.order_by(_TABLE.c.id).limit(limit))).all()
        return [tuple(row) for row in rows]

    async def reseal(self, name: str, before: str, after: str) -> bool:
        """Put `after` in the place of `before`; False where that is not there any more."""
        query = update(_TABLE).where(_TABLE.c.id == name, _TABLE.c.content == before).values(content=after)
        async with self._database.session() as session:
            return (await session.execute(query.returning(_TABLE.c.id))).first() is not None

    async def kept(self, now: datetime) -> dict[str, int]:
        """Bytes by tenant."""
        query = select(_TABLE.c.tenant_id, func.sum(_TABLE.c.bytes)).where(_TABLE.c.expires_at > now)
        async with self._database.session() as session:
            rows = await session.execute(query.group_by(_TABLE.c.tenant_id))
            return {tenant_id: int(total) for tenant_id, total in rows}

    async def delete_expired(self, now: datetime) -> int:
        async with self._database.session() as session:
            gone = await session.execute(
                delete(_TABLE).where(_TABLE.c.expires_at <= now).returning(_TABLE.c.id)
            )
            return len(gone.all())
