"""Aliases in the database."""

from typing import Any

import msgspec
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

from jixi.core.errors import problem
from jixi.models.gateway.routing._alias import Alias
from jixi.models.names import claim, release
from jixi.storage import Database, UtcDateTime

_ALIASES = Table(
    "aliases",
    MetaData(),
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("description", Text, nullable=False),
    Column("targets", JSON, nullable=False),
    Column("canary", JSON(none_as_null=True)),
    Column("fallbacks", JSON, nullable=False),
    Column("cache_ttl_s", Integer),
    Column("retries", Integer, nullable=False),
    Column("hedge_after_ms", Integer),
    Column("first_token_s", Integer),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
)


class AliasRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[Alias]:
        """Every alias, newest first."""
        async with self._database.session() as session:
            rows = (await session.execute(select(_ALIASES).order_by(_ALIASES.c.id.desc()))).mappings().all()
        return [_alias(row) for row in rows]

    async def add(self, alias: Alias) -> None:
        """Raises `name_taken` where another has the name, be it a deployment."""
        async with self._database.session() as session:
            await claim(session, alias.id, {alias.name: "name"})
            await session.execute(insert(_ALIASES).values(**_row(alias)))

    async def replace(self, alias: Alias, version: int) -> None:
        """Put `alias` where its `version` lies; raises `name_taken`, `precondition_failed`."""
        change = update(_ALIASES).where(_ALIASES.c.id == alias.id, _ALIASES.c.version == version)
        async with self._database.session() as session:
            await claim(session, alias.id, {alias.name: "name"})
            done = await session.execute(change.values(**_row(alias)).returning(_ALIASES.c.id))
            if done.first() is None:
                raise problem("precondition_failed", noun="alias")

    async def remove(self, alias_id: str) -> None:
        async with self._database.session() as session:
            await release(session, alias_id)
            await session.execute(delete(_ALIASES).where(_ALIASES.c.id == alias_id))


def _row(alias: Alias) -> dict[str, Any]:
    values = msgspec.to_builtins(alias)
    values["created_at"] = alias.created_at
    return values


def _alias(row: RowMapping) -> Alias:
    return msgspec.convert({name: row[name] for name in Alias.__struct_fields__}, Alias)
