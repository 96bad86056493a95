"""Jobs in the database. Whoever writes for a job shows its fencing token in the same transaction."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from msgspec import Struct
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    MetaData,
    String,
    Table,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from jixi.core.errors import JixiError, problem
from jixi.jobs._values import FINISHED, HOUSE, About, Job, JobState, NewJob, Pacing
from jixi.storage import Database, Session, UtcDateTime, whole

_JOBS = Table(
    "jobs",
    MetaData(),
    Column("id", String, primary_key=True),
    Column("tenant_id", String, nullable=False),
    Column("member_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("state", String, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("token", Integer, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("error_code", String),
    Column("error_facts", JSON, nullable=False),
    Column("cancel_requested_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("version", Integer, nullable=False),
)
_SHOWN = [_JOBS.c[name] for name in Job.__struct_fields__]
_NEXT = _JOBS.c.version + 1


def _is_due(jobs: Any) -> tuple[ColumnElement[bool], ...]:
    """Of the kinds that are asked for, and either waiting or left by a worker that has died."""
    now = bindparam("now", type_=UtcDateTime)
    waiting = and_(jobs.c.state == "queued", jobs.c.due_at <= now)
    orphaned = and_(jobs.c.state == "running", jobs.c.due_at < now)
    return jobs.c.kind.in_(bindparam("kinds", expanding=True)), or_(waiting, orphaned)


def _claim() -> ReturningUpdate[Any]:
    now = bindparam("now", type_=UtcDateTime)
    due, live = _JOBS.alias(), _JOBS.alias()
    running = (
        select(func.count())
        .select_from(live)
        .where(live.c.tenant_id == due.c.tenant_id, live.c.state == "running", live.c.due_at >= now)
        .where(live.c.kind.in_(bindparam("kinds", expanding=True)))
        .scalar_subquery()
    )
    chosen = (
        select(due.c.id)
        .where(*_is_due(due), running < bindparam("most_of_tenant"))
        .order_by(running, due.c.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=due)
    )
    return (
        update(_JOBS)
        .where(_JOBS.c.id == chosen.scalar_subquery())
        .values(
            state="running",
            due_at=bindparam("until", type_=UtcDateTime),
            token=_JOBS.c.token + 1,
            attempt=_JOBS.c.attempt + 1,
            started_at=func.coalesce(_JOBS.c.started_at, now),
            version=_NEXT,
        )
        .returning(*_SHOWN)
    )


# Built once: every worker asks again and again, and to build them costs more than to ask.
_IS_DUE: Final = select(_JOBS.c.id).where(*_is_due(_JOBS)).limit(1)
_CLAIM: Final = _claim()


class LeaseLostError(Exception):
    """The job belongs to another worker by now, or to nobody: what this one still wants to write is refused."""


class Fence(Struct, frozen=True):
    """The right to write for a job, for as long as nobody else has claimed it. `token` grows with every claim."""

    job_id: str
    token: int

    async def hold(
        self,
        session: Session,
        *,
        done: int | None = None,
        failed: int | None = None,
        total: int | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep the job for this transaction and note its progress in it; call it before anything else is written.

        `facts` are what else its handler tells of it. Raises LeaseLostError. No other worker can claim the job before
        the transaction has ended.
        """
        sums = {"done": done, "failed": failed, "total": total, "facts": facts}
        changes: dict[str, Any] = {name: value for name, value in sums.items() if value is not None}
        values = changes | {"attempt": 1, "version": _NEXT} if changes else {"token": self.token}
        await self.write(session, values)

    async def write(self, session: Session, values: dict[str, Any]) -> None:
        written = await session.execute(
            update(_JOBS).where(*self._ours()).values(**values).returning(_JOBS.c.id)
        )
        if written.first() is None:
            raise LeaseLostError(self.job_id)

    def _ours(self) -> tuple[ColumnElement[bool], ...]:
        return _JOBS.c.id == self.job_id, _JOBS.c.token == self.token, _JOBS.c.state == "running"


class Reach(NamedTuple):
    """Whose jobs are meant: all of a tenant's or one member's, and, with `house`, those that are nobody's."""

    tenant_id: str
    owner: str | None = None
    house: bool = False

    def within(self) -> tuple[ColumnElement[bool], ...]:
        tenants = (self.tenant_id, HOUSE) if self.house else (self.tenant_id,)
        ours = _JOBS.c.tenant_id.in_(tenants)
        return (ours,) if self.owner is None else (ours, _JOBS.c.member_id == self.owner)


class JobRecords:
    """Where a job is `queued`, `due_at` is when it may begin; where it is `running`, when its lease runs out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, new: NewJob, now: datetime, session: Session) -> None:
        values = new._asdict() | {"state": "queued", "attempt": 0, "token": 0, "due_at": now, "version": 1}
        values |= {"done": 0, "failed": 0, "facts": {}, "error_facts": {}, "created_at": now}
        await session.execute(insert(_JOBS).values(**values))

    @whole
    async def get(self, job_id: str, reach: Reach) -> Job:
        query = select(*_SHOWN).where(_JOBS.c.id == job_id, *reach.within())
        async with self._database.session() as session:
            row = (await session.execute(query)).mappings().one_or_none()
        if row is None:
            raise problem("not_found", noun="job")
        return Job(**row)

    async def page(self, reach: Reach, about: About, limit: int, after: str | None) -> list[Job]:
        query = select(*_SHOWN).where(*reach.within())
        for name, value in about._asdict().items():
            if value is not None:
                query = query.where(_JOBS.c[name] == value)
        if after is not None:
            query = query.where(_JOBS.c.id < after)
        async with self._database.session() as session:
            rows = await session.execute(query.order_by(_JOBS.c.id.desc()).limit(limit))
            return [Job(**row) for row in rows.mappings()]

    async def unfinished(self, kind: str, subject: str | None) -> list[Job]:
        """Everybody's jobs of that kind that are not to end before they are done, oldest first."""
        query = select(*_SHOWN).where(_JOBS.c.state.in_(("queued", "running")), _JOBS.c.kind == kind)
        query = query.where(_JOBS.c.cancel_requested_at.is_(None)).order_by(_JOBS.c.id)
        if subject is not None:
            query = query.where(_JOBS.c.subject == subject)
        async with self._database.session() as session:
            return [Job(**row) for row in (await session.execute(query)).mappings()]

    async def ask_to_cancel(self, job_id: str, now: datetime, session: Session) -> None:
        """Let its worker know; a job that is over stays as it is."""
        asked = func.coalesce(_JOBS.c.cancel_requested_at, now)
        query = update(_JOBS).where(_JOBS.c.id == job_id, _JOBS.c.state.not_in(FINISHED))
        await session.execute(query.values(cancel_requested_at=asked, version=_NEXT))

    @whole
    async def claim(self, kinds: Collection[str], now: datetime, pacing: Pacing) -> Job | None:
        """Lease the job that is due next, of the tenant that has the fewest of these kinds running."""
        facts = {
            "kinds": list(kinds),
            "now": now,
            "until": now + pacing.lease,
            "most_of_tenant": pacing.most_of_tenant,
        }
        async with self._database.session() as session:
            # Asked first: a change that finds nothing keeps SQLite's only writer waiting all the same.
            if (await session.execute(_IS_DUE, facts)).first() is None:
                return None
        async with self._database.session() as session:
            row = (await session.execute(_CLAIM, facts)).mappings().one_or_none()
        return None if row is None else Job(**row)

    @whole
    async def renew(self, fence: Fence, until: datetime) -> Job:
        """Keep the lease and see whether somebody wants the job cancelled; raises LeaseLostError."""
        async with self._database.session() as session:
            await fence.write(session, {"due_at": until})
            query = select(*_SHOWN).where(_JOBS.c.id == fence.job_id)
            return Job(**(await session.execute(query)).mappings().one())

    @whole
    async def release(self, fence: Fence, due_at: datetime, *, begun: bool) -> None:
        """Give the job back to whoever comes from `due_at` on. `begun`: the attempt counts."""
        values: dict[str, Any] = {"state": "queued", "due_at": due_at, "version": _NEXT}
        if not begun:
            values["attempt"] = _JOBS.c.attempt - 1
        async with self._database.session() as session:
            await fence.write(session, values)

    @whole
    async def finish(
        self,
        fence: Fence,
        state: JobState,
        error: JixiError | None,
        now: datetime,
        beside: Callable[[Session], Awaitable[None]] | None = None,
    ) -> None:
        """End the job; `beside` writes in the same transaction. Raises LeaseLostError, and then nothing is written."""
        facts = {} if error is None else {name: str(value) for name, value in error.facts.items()}
        code = None if error is None else error.code
        values = {"state": state, "error_code": code, "error_facts": facts, "finished_at": now}
        async with self._database.session() as session:
            await fence.write(session, values | {"version": _NEXT})
            if beside is not None:
                await beside(session)

    @whole
    async def forget_before(self, then: datetime) -> None:
        """Drop jobs that were over before `then`; what they have made is their rooms' own."""
        query = _JOBS.delete().where(_JOBS.c.state.in_(FINISHED), _JOBS.c.finished_at < then)
        async with self._database.session() as session:
            await session.execute(query)


KEPT = timedelta(days=90)
