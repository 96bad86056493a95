"""/api/tenants: the organisations of the platform."""

from typing import Annotated

from fastapi import APIRouter, Response

from jixi.core.errors import problem
from jixi.core.principal import Principal
from jixi.server._errors import errors
from jixi.server._inputs import Id, IdempotencyKey, IfMatch, Page
from jixi.server._pages import page_of
from jixi.server._policy import requires
from jixi.server._services import TheHouse, TheOnce
from jixi.server._versions import tag, wanted_version
from jixi.wire.admin import Member, NewTenant, Tenant, TenantChange, TenantList, TenantRequest

router = APIRouter(prefix="/tenants", tags=["tenants"])
_Manager = Annotated[Principal, requires("tenants.manage")]


@router.get("", summary="List tenants")
async def list_tenants(caller: _Manager, page: Page, house: TheHouse) -> TenantList:
    rows, cursor = await page_of(
        page, lambda limit, after: house.identity.members.tenants(limit=limit, after=after)
    )
    return TenantList(items=[Tenant.model_validate(row) for row in rows], next_cursor=cursor)


@router.post(
    "",
    summary="Make a tenant and invite its administrator",
    status_code=201,
    responses=errors("conflict", "request_running", "secret_shown_before", "idempotency_mismatch"),
)
async def create_tenant(
    body: TenantRequest, caller: _Manager, house: TheHouse, once: TheOnce, key: IdempotencyKey = None
) -> NewTenant:
    async def make() -> NewTenant:
        tenant, member, link = await house.identity.members.add_tenant(
            name=body.name,
            currency=house.settings.currency,
            administrator_email=body.administrator_email,
            administrator_name=body.administrator_name,
            locale=body.locale,
        )
        return NewTenant(
            tenant=Tenant.model_validate(tenant),
            member=Member.model_validate(member),
            invitation_url=house.link("invitation", link.token),
            expires_at=link.expires_at,
        )

    return await once.act(caller, key, ("create_tenant", body), NewTenant, make, secret=True)


@router.patch(
    "/{id}",
    summary="Rename or suspend a tenant",
    responses=errors("not_found", "conflict", "precondition_failed"),
)
async def change_tenant(
    tenant_id: Id,
    body: TenantChange,
    caller: _Manager,
    house: TheHouse,
    response: Response,
    if_match: IfMatch = None,
) -> Tenant:
    if tenant_id == caller.tenant_id and body.status == "suspended":
        raise problem("invalid_value", param="status", reason="nobody can suspend the tenant they belong to")
    changed = await house.identity.members.change_tenant(
        tenant_id, version=wanted_version(if_match), **body.model_dump(exclude_none=True)
    )
    house.identity.forget()
    tag(response, changed.version)
    return Tenant.model_validate(changed)
