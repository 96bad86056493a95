"""The table behind Idempotency-Key of model calls: who works on which call, and what was answered first."""

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
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

from jixi.core.ids import derived_id
from jixi.storage import Database, UtcDateTime

PLACE: Final = "call_answers"
"""The name under which the vault seals what lies here."""
_TABLE = Table(
    PLACE,
    MetaData(),
    Column("key", String, primary_key=True),
    Column("body_hash", String, nullable=False),
    Column("claim", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("request_id", String),
    Column("paid", Boolean, nullable=False),
    Column("answer", Text),
)


class Claim(NamedTuple):
    """A call that came with a key. `answer` is None while it runs, and `seen_at` is when it was last seen to.

    `created_at` is when its first try came, and `request_id` is what the ledger knows this try by. `paid` says that an
    earlier try was charged.
    """

    key: str
    body_hash: str
    claim: str
    created_at: datetime
    seen_at: datetime
    request_id: str | None
    paid: bool = False
    answer: str | None = None

    def id(self, prefix: str) -> str:
        """For what the call makes: the same id whichever try makes it."""
        return derived_id(prefix, self.created_at, self.key)


class AnswerRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, claim: Claim) -> Claim | None:
        """Note that a call begins; of several at once one gets None, the others what stands there already."""
        while True:
            try:
                async with self._database.session() as session:
                    await session.execute(insert(_TABLE).values(**claim._asdict()))
            except IntegrityError:
                # What stands there may be gone again by now: then this one tries for its place.
                if (before := await self._find(claim.key)) is not None:
                    return before
            else:
                return None

    async def take_over(self, claim: Claim, before: Claim) -> bool:
        """Put `claim` in the place of one that nobody sees to any more; False where another was faster."""
        async with self._database.session() as session:
            taken = await session.execute(
                update(_TABLE)
                .where(_TABLE.c.key == before.key, _TABLE.c.claim == before.claim)
                .where(_TABLE.c.seen_at == before.seen_at, _TABLE.c.answer.is_(None))
                .values(**claim._asdict())
                .returning(_TABLE.c.key)
            )
            return taken.first() is not None

    async def see_to(self, claim: Claim, now: datetime) -> None:
        """What was let go stays so."""
        async with self._database.session() as session:
            held = _TABLE.c.seen_at >= _TABLE.c.created_at
            await session.execute(update(_TABLE).where(*_is(claim), held).values(seen_at=now))

    async def let_go(self, claim: Claim, long_ago: datetime) -> None:
        """As if nobody had seen to it since then."""
        async with self._database.session() as session:
            await session.execute(update(_TABLE).where(*_is(claim)).values(seen_at=long_ago))

    async def finish(self, claim: Claim, answer: str) -> None:
        async with self._database.session() as session:
            await session.execute(update(_TABLE).where(*_is(claim)).values(answer=answer))

    async def forget(self, claim: Claim) -> None:
        async with self._database.session() as session:
            await session.execute(delete(_TABLE).where(*_is(claim)))

    async def forget_before(self, then: datetime) -> None:
        async with self._database.session() as session:
            await session.execute(delete(_TABLE).where(_TABLE.c.created_at < then))

    async def answered(self, after: str, limit: int) -> list[tuple[str, str]]:
        """Answers with their keys, of keys behind `after`, in that order, as they lie there."""
        query = select(_TABLE.c.key, _TABLE.c.answer).where(
            _TABLE.c.key > after, _TABLE.c.answer.is_not(None)
        )
        async with self._database.session() as session:
            rows = (await session.execute(query.order_by(_TABLE.c.key).limit(limit))).all()
        return [tuple(row) for row in rows]

    async def reseal(self, key: str, before: str, after: str) -> bool:
        """Put `after` in the place of `before`; False where that is not there any more."""
        query = update(_TABLE).where(_TABLE.c.key == key, _TABLE.c.answer == before).values(answer=after)
        async with self._database.session() as session:
            return (await session.execute(query.returning(_TABLE.c.key))).first() is not None

    async def _find(self, key: str) -> Claim | None:
        async with self._database.session() as session:
            columns = [_TABLE.c[name] for name in Claim._fields]
            row = (await session.execute(select(*columns).where(_TABLE.c.key == key))).one_or_none()
        return None if row is None else Claim(*row)


def _is(claim: Claim) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return _TABLE.c.key == claim.key, _TABLE.c.claim == claim.claim
