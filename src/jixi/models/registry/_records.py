"""Models of one's own in the database. Every query is within what its viewer may see."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

import msgspec
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    cast,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from jixi.core.errors import problem
from jixi.models.registry._values import MOVES, ModelVersion, OwnModel, Stage
from jixi.storage import Database, Session, UtcDateTime

T = TypeVar("T")
Beside = Callable[[Session], Awaitable[None]]
"""Writes what belongs to the same transaction, before anything else is written in it."""
_METADATA = MetaData()
_MODELS = Table(
    "models",
    _METADATA,
    Column("id", String, primary_key=True),
    Column("tenant_id", String),
    Column("member_id", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("default_version_id", String),
    Column("numbers", Integer, nullable=False),
    Column("version", Integer, nullable=False),
)
_VERSIONS = Table(
    "model_versions",
    _METADATA,
    Column("id", String, primary_key=True),
    Column("model_id", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("member_id", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("base_id", String),
    Column("stage", String, nullable=False),
    Column("version", Integer, nullable=False),
)
_PLAIN = frozenset(column.name for column in (*_MODELS.columns, *_VERSIONS.columns)) - {"facts"}


class Viewer(NamedTuple):
    """Whose eyes: a tenant's own models and the house's are seen, its own are changed, the house's by its keeper."""

    tenant_id: str
    keeps_house: bool = False

    def sees(self) -> ColumnElement[bool]:
        return or_(_MODELS.c.tenant_id == self.tenant_id, _MODELS.c.tenant_id.is_(None))

    def changes(self) -> ColumnElement[bool]:
        return self.sees() if self.keeps_house else _MODELS.c.tenant_id == self.tenant_id


class ModelRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, model: OwnModel, most: int) -> None:
        """Raises `quota_full` where there are `most` of this tenant already."""
        mine = _MODELS.c.tenant_id == model.tenant_id
        if model.tenant_id is None:
            mine = _MODELS.c.tenant_id.is_(None)
        async with self._database.session() as session:
            count = (await session.execute(select(func.count()).where(mine))).scalar_one()
            if count >= most:
                raise problem("quota_full", noun="models", limit=most)
            await session.execute(insert(_MODELS).values(**_row(model)))

    async def all(self, viewer: Viewer) -> tuple[list[OwnModel], list[ModelVersion]]:
        """Every model that is seen, and every version of them."""
        versions = select(_VERSIONS).join(_MODELS, _MODELS.c.id == _VERSIONS.c.model_id).where(viewer.sees())
        async with self._database.session() as session:
            models = await session.execute(select(_MODELS).where(viewer.sees()))
            found = await session.execute(versions.order_by(_VERSIONS.c.id))
            return (
                [_value(row, OwnModel) for row in models.mappings()],
                [_value(row, ModelVersion) for row in found.mappings()],
            )

    async def seen(self, viewer: Viewer) -> frozenset[str]:
        """The ids of every model that is seen, and of their versions."""
        versions = select(_VERSIONS.c.id).join(_MODELS, _MODELS.c.id == _VERSIONS.c.model_id)
        async with self._database.session() as session:
            models = await session.scalars(select(_MODELS.c.id).where(viewer.sees()))
            found = await session.scalars(versions.where(viewer.sees()))
            return frozenset([*models, *found])

    async def kept(self) -> dict[str | None, int]:
        """Bytes by tenant; a file of several versions lies in the store once."""
        elements = func.json_array_elements if self._database.is_postgres else func.json_each
        file = elements(_VERSIONS.c.facts["files"]).table_valued(Column("value", JSON)).alias("file")
        # An integer of PostgreSQL has 32 bits.
        digest, size = file.c.value["sha256"].as_string(), cast(file.c.value["bytes"].as_string(), BigInteger)
        of_models = _VERSIONS.c.model_id == _MODELS.c.id
        files = select(_MODELS.c.tenant_id, digest.label("sha256"), func.max(size).label("bytes"))
        files = files.join(_VERSIONS, of_models).join(file, true()).group_by(_MODELS.c.tenant_id, digest)
        each = files.subquery()
        query = select(each.c.tenant_id, func.sum(each.c.bytes)).group_by(each.c.tenant_id)
        async with self._database.session() as session:
            return {tenant_id: int(total) for tenant_id, total in await session.execute(query)}

    async def get(self, viewer: Viewer, model_id: str) -> OwnModel:
        """Raises `not_found`, for another tenant's as for one that never was."""
        query = select(_MODELS).where(_MODELS.c.id == model_id, viewer.sees())
        async with self._database.session() as session:
            row = (await session.execute(query)).mappings().one_or_none()
        if row is None:
            raise problem("not_found", noun="model")
        return _value(row, OwnModel)

    async def versions(
        self, viewer: Viewer, model_id: str, limit: int, after: str | None
    ) -> list[ModelVersion]:
        """At most `limit` versions, newest first, behind `after`."""
        query = _seen(viewer).where(_VERSIONS.c.model_id == model_id)
        if after is not None:
            query = query.where(_VERSIONS.c.id < after)
        async with self._database.session() as session:
            rows = await session.execute(query.order_by(_VERSIONS.c.id.desc()).limit(limit))
            return [_value(row, ModelVersion) for row in rows.mappings()]

    async def version(self, viewer: Viewer, version_id: str) -> ModelVersion:
        """Raises `not_found`."""
        query = _seen(viewer).where(_VERSIONS.c.id == version_id)
        async with self._database.session() as session:
            row = (await session.execute(query)).mappings().one_or_none()
        if row is None:
            raise problem("not_found", noun="model version")
        return _value(row, ModelVersion)

    async def change(self, viewer: Viewer, model_id: str, version: int | None, facts: dict[str, Any]) -> None:
        """Write what was said anew. Raises `not_found`, `precondition_failed`.

        Raises `stage_forbidden` where what is to be the default is not released.
        """
        async with self._database.session() as session:
            said = msgspec.structs.replace(await _held(session, viewer, model_id, version), **facts)
            if "default_version_id" in facts:
                made = await _version(session, model_id, facts["default_version_id"])
                if made.stage != "released":
                    raise problem("stage_forbidden", stage=made.stage, wanted="default")
            row = _row(said)
            kept = {name: row[name] for name in ("facts", "default_version_id")}
            await session.execute(update(_MODELS).where(_MODELS.c.id == model_id).values(kept))

    async def add_version(
        self, viewer: Viewer, made: ModelVersion, most: int, beside: Beside | None = None
    ) -> ModelVersion:
        """Give it the next number of its model. Raises `not_found`, `quota_full`."""
        async with self._database.session() as session:
            if beside is not None:
                await beside(session)
            model = await _held(session, viewer, made.model_id, None)
            if model.numbers >= most:
                raise problem("quota_full", noun="versions of this model", limit=most)
            numbered = msgspec.structs.replace(made, number=model.numbers + 1)
            change = update(_MODELS).where(_MODELS.c.id == made.model_id)
            await session.execute(change.values(numbers=numbered.number))
            await session.execute(insert(_VERSIONS).values(**_row(numbered)))
        return numbered

    async def change_version(
        self, viewer: Viewer, made: ModelVersion, version: int | None, facts: dict[str, Any]
    ) -> None:
        """Write its stage, base or notes.

        Raises `not_found`, `precondition_failed`, `stage_forbidden`, `lineage_cyclic`.

        The first released version becomes the model's default; where the default retires, the newest released one
        follows it.
        """
        async with self._database.session() as session:
            if "base_id" in facts:
                await _hold_lineage(session, viewer)
            model = await _held(session, viewer, made.model_id, None)
            now = await _version(session, made.model_id, made.id)
            if version is not None and now.version != version:
                raise problem("precondition_failed", noun="model version")
            stage: Stage = facts.get("stage", now.stage)
            if stage != now.stage and stage not in MOVES[now.stage]:
                raise problem("stage_forbidden", stage=now.stage, wanted=stage)
            if facts.get("base_id", now.base_id) != now.base_id and now.stage != "candidate":
                raise problem("stage_forbidden", stage=now.stage, wanted="another base")
            await _check_lineage(session, viewer, made.id, facts.get("base_id"))
            changed = msgspec.structs.replace(now, **facts, version=now.version + 1)
            await session.execute(update(_VERSIONS).where(_VERSIONS.c.id == made.id).values(**_row(changed)))
            await _follow(session, model, changed)


def _seen(viewer: Viewer) -> Any:
    return select(_VERSIONS).join(_MODELS, _MODELS.c.id == _VERSIONS.c.model_id).where(viewer.sees())


async def _held(session: Session, viewer: Viewer, model_id: str, version: int | None) -> OwnModel:
    """The model, counted up and locked until the transaction ends: its changes come one after the other."""
    mine = update(_MODELS).where(_MODELS.c.id == model_id, viewer.changes())
    if version is not None:
        mine = mine.where(_MODELS.c.version == version)
    counted = mine.values(version=_MODELS.c.version + 1).returning(*_MODELS.c)
    row = (await session.execute(counted)).mappings().one_or_none()
    if row is not None:
        return _value(row, OwnModel)
    found = await session.execute(select(_MODELS.c.id).where(_MODELS.c.id == model_id, viewer.changes()))
    raise problem("not_found" if found.first() is None else "precondition_failed", noun="model")


async def _hold_lineage(session: Session, viewer: Viewer) -> None:
    """Let no other change of a base come between a look at the lineage and its change.

    A version and all that came from it are of one tenant, or of the house and its keeper. SQLite knows no such locks,
    and needs none: there one transaction writes at a time.
    """
    await session.execute(select(_MODELS.c.id).where(viewer.sees()).order_by(_MODELS.c.id).with_for_update())


async def _check_lineage(session: Session, viewer: Viewer, version_id: str, base_id: str | None) -> None:
    if base_id is None:
        return
    seen = select(_VERSIONS.c.id, _VERSIONS.c.base_id).join(_MODELS, _MODELS.c.id == _VERSIONS.c.model_id)
    bases = {row.id: row.base_id for row in await session.execute(seen.where(viewer.sees()))}
    ancestor: str | None = base_id
    while ancestor is not None:
        if ancestor == version_id:
            raise problem("lineage_cyclic", base=base_id)
        ancestor = bases.get(ancestor)


async def _version(session: Session, model_id: str, version_id: str) -> ModelVersion:
    query = select(_VERSIONS).where(_VERSIONS.c.id == version_id, _VERSIONS.c.model_id == model_id)
    row = (await session.execute(query)).mappings().one_or_none()
    if row is None:
        raise problem("not_found", noun="model version")
    return _value(row, ModelVersion)


async def _follow(session: Session, model: OwnModel, changed: ModelVersion) -> None:
    if changed.stage == "released" and model.default_version_id is None:
        await _put_default(session, model.id, changed.id)
    if changed.stage == "retired" and model.default_version_id == changed.id:
        others = select(_VERSIONS.c.id).where(
            _VERSIONS.c.model_id == model.id, _VERSIONS.c.stage == "released"
        )
        newest = others.order_by(_VERSIONS.c.number.desc()).limit(1)
        await _put_default(session, model.id, (await session.execute(newest)).scalar_one_or_none())


async def _put_default(session: Session, model_id: str, version_id: str | None) -> None:
    await session.execute(
        update(_MODELS).where(_MODELS.c.id == model_id).values(default_version_id=version_id)
    )


def _row(value: OwnModel | ModelVersion) -> dict[str, Any]:
    """What queries look at is a column, all else is in `facts`."""
    fields = msgspec.to_builtins(value)
    row = {name: fields.pop(name) for name in list(fields) if name in _PLAIN}
    return row | {"created_at": value.created_at, "facts": fields}


def _value(row: RowMapping, kind: type[T]) -> T:
    # The names of columns are a kind of text that msgspec does not take for one.
    return msgspec.convert({str(name): value for name, value in row.items()} | row["facts"], kind)
