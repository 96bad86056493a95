"""Imports that have not ended, in the database: they say what a job is to bring, and go with its end."""

from typing import Any, Final

import msgspec
from sqlalchemy import JSON, Column, MetaData, RowMapping, String, Table, delete, func, insert, select

from jixi.core.errors import problem
from jixi.models.imports._values import Import
from jixi.storage import Database, Session, UtcDateTime

_IMPORTS: Final = Table(
    "model_imports",
    MetaData(),
    Column("version_id", String, primary_key=True),
    Column("model_id", String, nullable=False),
    Column("tenant_id", String, nullable=False),
    Column("member_id", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("draft", JSON, nullable=False),
)


class ImportRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def like(self, new: Import) -> list[Import]:
        """Those that are to bring the same for the same member, as far as they have not ended."""
        same = select(_IMPORTS).where(
            _IMPORTS.c.model_id == new.model_id,
            _IMPORTS.c.tenant_id == new.tenant_id,
            _IMPORTS.c.member_id == new.member_id,
        )
        async with self._database.session() as session:
            found = [_value(row) for row in (await session.execute(same)).mappings()]
        return [each for each in found if each.draft == new.draft]

    async def add(self, session: Session, new: Import, most: int) -> None:
        """Raises `quota_full` where `most` of the tenant's have not ended."""
        tenants = select(func.count()).where(_IMPORTS.c.tenant_id == new.tenant_id)
        if (await session.execute(tenants)).scalar_one() >= most:
            raise problem("quota_full", noun="imports under way", limit=most)
        await session.execute(insert(_IMPORTS).values(**_row(new)))

    async def get(self, version_id: str) -> Import | None:
        """None for one that has ended."""
        query = select(_IMPORTS).where(_IMPORTS.c.version_id == version_id)
        async with self._database.session() as session:
            row = (await session.execute(query)).mappings().one_or_none()
        return None if row is None else _value(row)

    async def end_in(self, session: Session, version_id: str) -> None:
        """In the transaction that writes the version, or that ends the job without one."""
        await session.execute(delete(_IMPORTS).where(_IMPORTS.c.version_id == version_id))


def _row(value: Import) -> dict[str, Any]:
    return msgspec.structs.asdict(value) | {"draft": msgspec.to_builtins(value.draft)}


def _value(row: RowMapping) -> Import:
    # The names of columns are a kind of text that msgspec does not take for one.
    return msgspec.convert({str(name): value for name, value in row.items()}, Import)
