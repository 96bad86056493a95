"""/api/tenants: the organisations of the platform."""

from typing import Annotated

from fastapi import APIRouter, Response

from jixi.core.principal import Principal
from jixi.server._errors import errors
from jixi.server._inputs import Id, IdempotencyKey, IfMatch, Page
from jixi.server._policy import requires
from jixi.wire.admin import NewTenant, Tenant, TenantChange, TenantList, TenantRequest

router = APIRouter(prefix="/tenants", tags=["tenants"])
_Manager = Annotated[Principal, requires("tenants.manage")]


@router.get("", summary="List tenants")
async def list_tenants(caller: _Manager, page: Page) -> TenantList:
    raise NotImplementedError


@router.post(
    "",
    summary="Make a tenant and invite its administrator",
    status_code=201,
    responses=errors("conflict", "idempotency_mismatch"),
)
async def create_tenant(body: TenantRequest, caller: _Manager, key: IdempotencyKey = None) -> NewTenant:
    raise NotImplementedError


@router.patch(
    "/{id}",
    summary="Rename or suspend a tenant",
    responses=errors("not_found", "conflict", "precondition_failed"),
)
async def change_tenant(
    tenant_id: Id, body: TenantChange, caller: _Manager, response: Response, if_match: IfMatch = None
) -> Tenant:
    raise NotImplementedError
