"""/api/keys: API keys, one's own or, for administrators, all of the tenant's."""

from typing import Annotated

from fastapi import APIRouter, Response

from jixi.core.principal import Principal
from jixi.server._errors import errors
from jixi.server._inputs import Id, IdempotencyKey, IfMatch, Page
from jixi.server._policy import requires
from jixi.wire.admin import Key, KeyChange, KeyList, KeyRequest, NewKey

router = APIRouter(prefix="/keys", tags=["keys"])
_Caller = Annotated[Principal, requires("keys.own")]


@router.get("", summary="List API keys")
async def list_keys(caller: _Caller, page: Page) -> KeyList:
    raise NotImplementedError


@router.post(
    "", summary="Make an API key", status_code=201, responses=errors("conflict", "idempotency_mismatch")
)
async def create_key(body: KeyRequest, caller: _Caller, key: IdempotencyKey = None) -> NewKey:
    """The answer carries the secret, once."""
    raise NotImplementedError


@router.get("/{id}", summary="Read an API key", responses=errors("not_found"))
async def get_key(key_id: Id, caller: _Caller, response: Response) -> Key:
    raise NotImplementedError


@router.patch(
    "/{id}", summary="Change an API key", responses=errors("not_found", "conflict", "precondition_failed")
)
async def change_key(
    key_id: Id, body: KeyChange, caller: _Caller, response: Response, if_match: IfMatch = None
) -> Key:
    raise NotImplementedError


@router.delete("/{id}", summary="Revoke an API key", status_code=204, responses=errors("not_found"))
async def revoke_key(key_id: Id, caller: _Caller) -> None:
    """Calls with it are refused within five seconds; it never comes back."""
    raise NotImplementedError
