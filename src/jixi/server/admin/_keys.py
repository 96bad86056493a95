"""/api/keys: API keys, one's own or, for administrators, all of the tenant's."""

from typing import Annotated, Any

from fastapi import APIRouter, Response

from jixi.assembly.house import House
from jixi.core.errors import problem
from jixi.core.principal import Principal
from jixi.governance.identity import ApiKey, allowed, require
from jixi.server._errors import errors
from jixi.server._inputs import Id, IdempotencyKey, IfMatch, Page
from jixi.server._pages import page_of
from jixi.server._policy import requires
from jixi.server._services import TheHouse, TheOnce
from jixi.server._versions import tag, wanted_version
from jixi.wire.admin import Key, KeyChange, KeyList, KeyRequest, NewKey

router = APIRouter(prefix="/keys", tags=["keys"])
_Caller = Annotated[Principal, requires("keys.own")]


@router.get("", summary="List API keys, newest first")
async def list_keys(caller: _Caller, page: Page, house: TheHouse) -> KeyList:
    keys, owner = house.identity.keys, _owner(caller)
    rows, cursor = await page_of(
        page, lambda limit, after: keys.page(caller.tenant_id, owner=owner, limit=limit, after=after)
    )
    limits = {
        limit.scope_id: limit.values.monthly_micros
        for limit in await house.limits.of_tenant(caller.tenant_id)
    }
    return KeyList(items=[_key(house, row, limits.get(row.id)) for row in rows], next_cursor=cursor)


@router.post(
    "",
    summary="Make an API key",
    status_code=201,
    responses=errors("model_not_allowed", "request_running", "secret_shown_before", "idempotency_mismatch"),
)
async def create_key(
    body: KeyRequest, caller: _Caller, house: TheHouse, once: TheOnce, key: IdempotencyKey = None
) -> NewKey:
    """The answer carries the secret, once."""
    if body.expires_at is not None and body.expires_at <= house.clock.now():
        raise problem("invalid_value", param="expires_at", reason="expires_at lies in the past")
    return await once.act(
        caller, key, ("create_key", body), NewKey, lambda: _make(house, caller, body), secret=True
    )


async def _make(house: House, caller: Principal, body: KeyRequest) -> NewKey:
    keys = house.identity.keys
    models = None if body.models is None else frozenset(body.models)
    made, secret = await keys.create(
        caller, body.name, frozenset(body.scopes), models=models, expires_at=body.expires_at
    )
    if body.monthly_limit_micros is not None:
        try:
            await _set_monthly(house, made, body.monthly_limit_micros)
        except BaseException:
            # A key that lacks its limit must not live; nobody has seen its secret yet.
            await keys.revoke(caller.tenant_id, made.id)
            raise
    return NewKey(key=_key(house, made, body.monthly_limit_micros), secret=secret)


@router.get("/{id}", summary="Read an API key", responses=errors("not_found"))
async def get_key(key_id: Id, caller: _Caller, house: TheHouse, response: Response) -> Key:
    row = await house.identity.keys.get(caller.tenant_id, key_id, owner=_owner(caller))
    tag(response, row.version)
    return await _with_limit(house, row)


@router.patch(
    "/{id}",
    summary="Change an API key",
    responses=errors("not_found", "model_not_allowed", "precondition_failed"),
)
async def change_key(
    key_id: Id,
    body: KeyChange,
    caller: _Caller,
    house: TheHouse,
    response: Response,
    if_match: IfMatch = None,
) -> Key:
    """Changing the monthly limit needs the right to manage limits, for it may have been set by who has it."""
    limited = "monthly_limit_micros" in body.model_fields_set
    if limited:
        require(caller, "limits.manage")
    row = await house.identity.keys.change(
        caller, key_id, owner=_owner(caller), version=wanted_version(if_match), **_changes(body)
    )
    if limited:
        await _set_monthly(house, row, body.monthly_limit_micros)
    tag(response, row.version)
    return await _with_limit(house, row)


@router.delete("/{id}", summary="Revoke an API key", status_code=204, responses=errors("not_found"))
async def revoke_key(key_id: Id, caller: _Caller, house: TheHouse) -> None:
    """Calls with it are refused within five seconds; it never comes back."""
    await house.identity.keys.revoke(caller.tenant_id, key_id, owner=_owner(caller))


def _owner(caller: Principal) -> str | None:
    """Whose keys the caller may reach: everybody's (None), or their own."""
    return None if allowed(caller.role, "keys.manage") else caller.member_id


def _changes(body: KeyChange) -> dict[str, Any]:
    changes: dict[str, Any] = {name: getattr(body, name) for name in ("models", "expires_at")}
    changes = {name: value for name, value in changes.items() if name in body.model_fields_set}
    if changes.get("models") is not None:
        changes["models"] = frozenset(changes["models"])
    if body.name is not None:
        changes["name"] = body.name
    if body.scopes is not None:
        changes["scopes"] = frozenset(body.scopes)
    return changes


async def _with_limit(house: House, row: ApiKey) -> Key:
    limit = await house.limits.get(row.tenant_id, row.id)
    return _key(house, row, limit.values.monthly_micros)


async def _set_monthly(house: House, row: ApiKey, monthly_micros: int | None) -> None:
    """Change one of the key's limits; the others stay as they are."""
    limit = await house.limits.get(row.tenant_id, row.id)
    values = limit.values._replace(monthly_micros=monthly_micros)
    await house.limits.put(row.tenant_id, row.id, values, version=limit.version)


def _key(house: House, row: ApiKey, limit_micros: int | None) -> Key:
    values: dict[str, Any] = row._asdict()
    values["scopes"] = sorted(row.scopes)
    values["models"] = None if row.models is None else sorted(row.models)
    return Key(**values, status=row.status(house.clock.now()), monthly_limit_micros=limit_micros)
