"""Deployments in the database. Each change is written in one transaction with the row that says who made it."""

from typing import Any

import msgspec
from sqlalchemy import (
    JSON,
    Column,
    Integer,
    MetaData,
    RowMapping,
    Select,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

from jixi.core.errors import problem
from jixi.models.names import claim, release
from jixi.models.rollouts._values import Change, Plan, Revision, Rollout
from jixi.storage import Database, Session, UtcDateTime, whole

_METADATA = MetaData()
_DEPLOYMENTS = Table(
    "deployments",
    _METADATA,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("tenant_id", String, nullable=False),
    Column("member_id", String, nullable=False),
    Column("description", Text, nullable=False),
    Column("wanted", String, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("revisions", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
)
_REVISIONS = Table(
    "deployment_revisions",
    _METADATA,
    Column("deployment_id", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("plan", JSON, nullable=False),
    Column("member_id", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)
_CHANGES = Table(
    "deployment_changes",
    _METADATA,
    Column("id", String, primary_key=True),
    Column("deployment_id", String, nullable=False),
    Column("name", String, nullable=False),
    Column("action", String, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("member_id", String),
    Column("at", UtcDateTime, nullable=False),
    Column("tried", Integer),
    Column("reason", JSON(none_as_null=True)),
)


class RolloutRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[Rollout]:
        """Every deployment with the plan that is to run, newest first."""
        async with self._database.session() as session:
            rows = await session.execute(_current().order_by(_DEPLOYMENTS.c.id.desc()))
            return [_rollout(row) for row in rows.mappings()]

    @whole
    async def add(self, made: Rollout, change: Change) -> None:
        """Raises `name_taken` where another has the name, be it an alias."""
        row = {name: getattr(made, name) for name in _DEPLOYMENTS.columns.keys()}  # noqa: SIM118
        async with self._database.session() as session:
            await claim(session, made.id, _names(made))
            await session.execute(insert(_DEPLOYMENTS).values(**row))
            await _add_revision(session, made.id, made.plan, change)
            await _note(session, change)

    @whole
    async def change(
        self,
        deployment_id: str,
        version: int | None,
        change: Change,
        values: dict[str, Any],
        plan: Plan | None,
    ) -> Rollout:
        """Write `values`, and `plan` as the next revision.

        Raises `not_found`, `precondition_failed`, and `name_taken` where another has the name of an adapter.
        """
        async with self._database.session() as session:
            before = await _held(session, deployment_id, version)
            if plan is not None:
                values = values | {"revision": before.revisions + 1, "revisions": before.revisions + 1}
            query = update(_DEPLOYMENTS).where(_DEPLOYMENTS.c.id == deployment_id)
            await session.execute(query.values(**values, changed_at=change.at))
            change = msgspec.structs.replace(
                change, name=before.name, revision=values.get("revision", before.revision)
            )
            if plan is not None:
                await _add_revision(session, deployment_id, plan, change)
            await _note(session, change)
            changed = await _find(session, deployment_id)
            if changed.plan.adapters != before.plan.adapters:
                await claim(session, deployment_id, _names(changed))
            return changed

    @whole
    async def remove(self, deployment_id: str, version: int | None, change: Change) -> None:
        """Raises `not_found`, `precondition_failed`. What was changed and by whom is kept."""
        async with self._database.session() as session:
            before = await _held(session, deployment_id, version)
            await _note(session, msgspec.structs.replace(change, name=before.name, revision=before.revision))
            await release(session, deployment_id)
            await session.execute(delete(_REVISIONS).where(_REVISIONS.c.deployment_id == deployment_id))
            await session.execute(delete(_DEPLOYMENTS).where(_DEPLOYMENTS.c.id == deployment_id))

    async def revisions(self, deployment_id: str, limit: int, before: int | None) -> list[Revision]:
        """At most `limit`, newest first, older than the number `before`."""
        query = select(_REVISIONS).where(_REVISIONS.c.deployment_id == deployment_id)
        if before is not None:
            query = query.where(_REVISIONS.c.number < before)
        async with self._database.session() as session:
            rows = await session.execute(query.order_by(_REVISIONS.c.number.desc()).limit(limit))
            return [_value(row, Revision) for row in rows.mappings()]

    async def changes(self, deployment_id: str, limit: int, after: str | None) -> list[Change]:
        """At most `limit`, newest first, behind the one with the id `after`."""
        query = select(_CHANGES).where(_CHANGES.c.deployment_id == deployment_id)
        if after is not None:
            query = query.where(_CHANGES.c.id < after)
        async with self._database.session() as session:
            rows = await session.execute(query.order_by(_CHANGES.c.id.desc()).limit(limit))
            return [_value(row, Change) for row in rows.mappings()]


def _names(rollout: Rollout) -> dict[str, str]:
    """Its public names, and in which field each was given."""
    return dict.fromkeys(rollout.plan.adapters, "adapters") | {rollout.name: "name"}


def _current() -> Select[Any]:
    mine = (_REVISIONS.c.deployment_id == _DEPLOYMENTS.c.id) & (
        _REVISIONS.c.number == _DEPLOYMENTS.c.revision
    )
    return select(*_DEPLOYMENTS.c, _REVISIONS.c.plan).join(_REVISIONS, mine)


async def _held(session: Session, deployment_id: str, version: int | None) -> Rollout:
    """The deployment, counted up and locked until the transaction ends: its changes come one after the other."""
    mine = update(_DEPLOYMENTS).where(_DEPLOYMENTS.c.id == deployment_id)
    if version is not None:
        mine = mine.where(_DEPLOYMENTS.c.version == version)
    counted = mine.values(version=_DEPLOYMENTS.c.version + 1).returning(_DEPLOYMENTS.c.id)
    if (await session.execute(counted)).first() is None:
        found = await session.execute(select(_DEPLOYMENTS.c.id).where(_DEPLOYMENTS.c.id == deployment_id))
        raise problem("not_found" if found.first() is None else "precondition_failed", noun="deployment")
    return await _find(session, deployment_id)


async def _find(session: Session, deployment_id: str) -> Rollout:
    query = _current().where(_DEPLOYMENTS.c.id == deployment_id)
    return _rollout((await session.execute(query)).mappings().one())


async def _add_revision(session: Session, deployment_id: str, plan: Plan, change: Change) -> None:
    row = {"deployment_id": deployment_id, "number": change.revision, "plan": msgspec.to_builtins(plan)}
    query = insert(_REVISIONS).values(**row, member_id=change.member_id, created_at=change.at)
    await session.execute(query)


async def _note(session: Session, change: Change) -> None:
    reason = None if change.reason is None else msgspec.to_builtins(change.reason, enc_hook=str)
    await session.execute(insert(_CHANGES).values(**msgspec.structs.asdict(change) | {"reason": reason}))


def _rollout(row: RowMapping) -> Rollout:
    return _value(row, Rollout)


def _value(row: RowMapping, kind: type[Any]) -> Any:
    # The names of columns are a kind of text that msgspec does not take for one.
    return msgspec.convert({str(name): value for name, value in row.items()}, kind)
