"""Providers in the database. What is sealed stays sealed here."""

from collections import defaultdict
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
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
from sqlalchemy.ext.asyncio import AsyncSession

from jixi.core.errors import problem
from jixi.core.principal import Scope
from jixi.models.names import claim, release
from jixi.models.providers._values import OnDisconnect, ProviderModel
from jixi.storage import Database, UtcDateTime

_METADATA = MetaData()
_PROVIDERS = Table(
    "providers",
    _METADATA,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("vendor", String, nullable=False),
    Column("base_url", String, nullable=False),
    Column("api_version", String),
    Column("credential", Text),
    Column("credential_hint", String),
    Column("enabled", Boolean, nullable=False),
    Column("max_parallel", Integer, nullable=False),
    Column("on_disconnect", String, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", JSON(none_as_null=True)),
    Column("checked_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
)
_MODELS = Table(
    "provider_models",
    _METADATA,
    Column("name", String, primary_key=True),
    Column("provider_id", String, nullable=False),
    Column("place", Integer, nullable=False),
    Column("upstream", String, nullable=False),
    Column("kinds", JSON, nullable=False),
    Column("context", Integer, nullable=False),
    Column("max_output", Integer),
    Column("tools", Boolean, nullable=False),
    Column("vision", Boolean, nullable=False),
)


class Row(NamedTuple):
    """A provider as it lies in the database; `credential` is sealed, `reason` is a code and its facts."""

    id: str
    name: str
    vendor: str
    base_url: str
    api_version: str | None
    credential: str | None
    credential_hint: str | None
    enabled: bool
    max_parallel: int
    on_disconnect: OnDisconnect
    state: str
    reason: dict[str, Any] | None
    checked_at: datetime | None
    created_at: datetime
    version: int
    models: tuple[ProviderModel, ...]


class ProviderRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[Row]:
        """Every provider with its models, newest first."""
        async with self._database.session() as session:
            rows = (await session.execute(select(_PROVIDERS).order_by(_PROVIDERS.c.id.desc()))).mappings()
            models = (await session.execute(select(_MODELS).order_by(_MODELS.c.place))).mappings()
            return _joined([dict(row) for row in rows], [dict(model) for model in models])

    async def add(self, row: Row) -> None:
        """Raises `conflict` where its name is taken, `name_taken` where a model's is."""
        values = row._asdict()
        models = values.pop("models")
        try:
            async with self._database.session() as session:
                await session.execute(insert(_PROVIDERS).values(**values))
                await _put_models(session, row.id, models)
        except IntegrityError as error:
            raise problem("conflict", noun="provider") from error

    async def change(
        self,
        provider_id: str,
        version: int | None,
        values: dict[str, Any],
        models: tuple[ProviderModel, ...] | None,
    ) -> None:
        """Write and count the version up. Raises `not_found`, `precondition_failed`, `conflict`, `name_taken`."""
        query = update(_PROVIDERS).where(_PROVIDERS.c.id == provider_id)
        if version is not None:
            query = query.where(_PROVIDERS.c.version == version)
        changed = query.values(**values, version=_PROVIDERS.c.version + 1).returning(_PROVIDERS.c.id)
        try:
            async with self._database.session() as session:
                if (await session.execute(changed)).first() is None:
                    await _explain_miss(session, provider_id)
                if models is not None:
                    await session.execute(delete(_MODELS).where(_MODELS.c.provider_id == provider_id))
                    await _put_models(session, provider_id, models)
        except IntegrityError as error:
            raise problem("conflict", noun="provider") from error

    async def remove(self, provider_id: str, version: int | None) -> None:
        """Raises `not_found`, `precondition_failed`."""
        query = delete(_PROVIDERS).where(_PROVIDERS.c.id == provider_id)
        if version is not None:
            query = query.where(_PROVIDERS.c.version == version)
        async with self._database.session() as session:
            await release(session, provider_id)
            await session.execute(delete(_MODELS).where(_MODELS.c.provider_id == provider_id))
            if (await session.execute(query.returning(_PROVIDERS.c.id))).first() is None:
                await _explain_miss(session, provider_id)

    async def note(
        self, provider_id: str, state: str, reason: dict[str, Any] | None, checked_at: datetime | None
    ) -> None:
        """Write down how it is doing; no change of the provider itself."""
        query = update(_PROVIDERS).where(_PROVIDERS.c.id == provider_id)
        async with self._database.session() as session:
            await session.execute(query.values(state=state, reason=reason, checked_at=checked_at))

    async def reseal(self, provider_id: str, before: str, after: str) -> bool:
        """Put `after` in the place of `before`; False where that has changed meanwhile."""
        query = update(_PROVIDERS).where(_PROVIDERS.c.id == provider_id, _PROVIDERS.c.credential == before)
        async with self._database.session() as session:
            changed = query.values(credential=after).returning(_PROVIDERS.c.id)
            return (await session.execute(changed)).first() is not None


async def _put_models(session: AsyncSession, provider_id: str, models: tuple[ProviderModel, ...]) -> None:
    await claim(
        session, provider_id, {model.name: f"models[{place}].name" for place, model in enumerate(models)}
    )
    for place, model in enumerate(models):
        await session.execute(
            insert(_MODELS).values(
                name=model.name,
                provider_id=provider_id,
                place=place,
                upstream=model.upstream,
                kinds=sorted(model.kinds),
                context=model.context,
                max_output=model.max_output,
                tools=model.tools,
                vision=model.vision,
            )
        )


async def _explain_miss(session: AsyncSession, provider_id: str) -> None:
    found = await session.execute(select(_PROVIDERS.c.id).where(_PROVIDERS.c.id == provider_id))
    raise problem("not_found" if found.first() is None else "precondition_failed", noun="provider")


def _joined(rows: list[dict[str, Any]], models: list[dict[str, Any]]) -> list[Row]:
    of_provider: defaultdict[str, list[ProviderModel]] = defaultdict(list)
    for model in models:
        of_provider[model["provider_id"]].append(
            ProviderModel(
                name=model["name"],
                upstream=model["upstream"],
                kinds=frozenset(map(Scope, model["kinds"])),
                context=model["context"],
                max_output=model["max_output"],
                tools=model["tools"],
                vision=model["vision"],
            )
        )
    return [Row(**row, models=tuple(of_provider[row["id"]])) for row in rows]
