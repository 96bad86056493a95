"""Public names in the database, written in the transaction that makes, renames or removes what they stand for."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Column, MetaData, String, Table, delete, insert, select
from sqlalchemy.exc import IntegrityError

from jixi.core.errors import JixiError, problem
from jixi.storage import Session

_NAMES = Table(
    "public_names",
    MetaData(),
    Column("name", String, primary_key=True),
    Column("owner_id", String, nullable=False),
)


async def claim(session: Session, owner_id: str, names: Mapping[str, str]) -> None:
    """The owner has these names from now on and no other; `names` says in which field each was given.

    Raises `name_taken`; then the transaction is lost.
    """
    await release(session, owner_id)
    # In one order everywhere, so that no two wait for each other.
    for name in sorted(names):
        try:
            await session.execute(insert(_NAMES).values(name=name, owner_id=owner_id))
        except IntegrityError as error:
            raise name_taken(name, names[name]) from error


def name_taken(name: str, param: str = "name") -> JixiError:
    """The refusal of a public name that is in use."""
    return problem("name_taken", name=name, param=param)


async def held_by(session: Session, owner_id: str) -> set[str]:
    """The names that the owner has."""
    return set(await session.scalars(select(_NAMES.c.name).where(_NAMES.c.owner_id == owner_id)))


async def taken_from(session: Session, owner_id: str, names: Iterable[str]) -> list[str]:
    """Those of the names that another has."""
    theirs = select(_NAMES.c.name).where(_NAMES.c.name.in_(names), _NAMES.c.owner_id != owner_id)
    return list(await session.scalars(theirs.order_by(_NAMES.c.name)))


async def release(session: Session, owner_id: str) -> None:
    """The owner has no name any more."""
    await session.execute(delete(_NAMES).where(_NAMES.c.owner_id == owner_id))
