"""/api/aliases: public names behind which other models answer."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Response

from jixi.core.principal import Principal
from jixi.models.gateway import Alias as Entry
from jixi.models.gateway import Canary, Fallback, Target
from jixi.server._errors import errors
from jixi.server._inputs import Id, IdempotencyKey, IfMatch, Page
from jixi.server._pages import page_of
from jixi.server._policy import requires
from jixi.server._services import TheHouse, TheOnce
from jixi.server._versions import tag, wanted_version
from jixi.wire.admin import Alias, AliasChange, AliasList, AliasRequest

router = APIRouter(prefix="/aliases", tags=["routing"])
_Reader = Annotated[Principal, requires("routes.read")]
_Manager = Annotated[Principal, requires("routes.manage")]
_MAY_BE_NULL = ("canary", "cache_ttl_s", "hedge_after_ms", "first_token_s")


@router.get("", summary="List aliases, newest first")
async def list_aliases(caller: _Reader, page: Page, house: TheHouse) -> AliasList:
    async def fetch(limit: int, after: str | None) -> list[Entry]:
        return house.aliases.page(limit=limit, after=after)

    rows, cursor = await page_of(page, fetch)
    return AliasList(items=[_alias(row) for row in rows], next_cursor=cursor)


@router.post(
    "",
    summary="Make an alias",
    status_code=201,
    responses=errors("name_taken", "request_running", "secret_shown_before", "idempotency_mismatch"),
)
async def create_alias(
    body: AliasRequest, caller: _Manager, house: TheHouse, once: TheOnce, key: IdempotencyKey = None
) -> Alias:
    async def make() -> Alias:
        return _alias(await house.aliases.add(**_values(body.model_dump())))

    return await once.act(caller, key, ("create_alias", body), Alias, make)


@router.get("/{id}", summary="Read an alias", responses=errors("not_found"))
async def get_alias(alias_id: Id, caller: _Reader, house: TheHouse, response: Response) -> Alias:
    row = house.aliases.get(alias_id)
    tag(response, row.version)
    return _alias(row)


@router.patch(
    "/{id}", summary="Change an alias", responses=errors("not_found", "name_taken", "precondition_failed")
)
async def change_alias(
    alias_id: Id,
    body: AliasChange,
    caller: _Manager,
    house: TheHouse,
    response: Response,
    if_match: IfMatch = None,
) -> Alias:
    """In force here at once, in other processes within five seconds; running calls stay where they are."""
    sent = body.model_dump(exclude_unset=True)
    changes = {name: value for name, value in sent.items() if value is not None or name in _MAY_BE_NULL}
    row = await house.aliases.change(alias_id, version=wanted_version(if_match), **_values(changes))
    tag(response, row.version)
    return _alias(row)


@router.delete("/{id}", summary="Delete an alias", status_code=204, responses=errors("not_found"))
async def delete_alias(alias_id: Id, caller: _Manager, house: TheHouse) -> None:
    """Calls that ask for it find no such model from now on, in other processes within five seconds."""
    await house.aliases.remove(alias_id)


def _values(sent: dict[str, Any]) -> dict[str, Any]:
    """The fields of an alias in the gateway's own types."""
    types = {"targets": tuple[Target, ...], "canary": Canary | None, "fallbacks": tuple[Fallback, ...]}
    return {name: msgspec.convert(value, types.get(name, Any)) for name, value in sent.items()}


def _alias(entry: Entry) -> Alias:
    values = msgspec.to_builtins(entry)
    return Alias.model_validate(values | {"created_at": entry.created_at})
