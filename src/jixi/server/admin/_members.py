"""/api/members: the people of the caller's tenant."""

from typing import Annotated

from fastapi import APIRouter, Response

from jixi.assembly.house import House
from jixi.core.principal import Principal
from jixi.governance.identity import Link
from jixi.governance.identity import Member as MemberRecord
from jixi.server._errors import errors
from jixi.server._inputs import Id, IdempotencyKey, IfMatch, Page
from jixi.server._pages import page_of
from jixi.server._policy import requires
from jixi.server._services import TheHouse, TheOnce
from jixi.server._versions import tag, wanted_version
from jixi.wire.admin import InvitedMember, Member, MemberChange, MemberInvitation, MemberList

router = APIRouter(prefix="/members", tags=["members"])
_Manager = Annotated[Principal, requires("members.manage")]
_ONCE = ("conflict", "request_running", "secret_shown_before", "idempotency_mismatch")


@router.get("", summary="List members")
async def list_members(
    caller: Annotated[Principal, requires("members.read")], page: Page, house: TheHouse
) -> MemberList:
    rows, cursor = await page_of(
        page, lambda limit, after: house.identity.members.page(caller.tenant_id, limit=limit, after=after)
    )
    return MemberList(items=[Member.model_validate(row) for row in rows], next_cursor=cursor)


@router.post("", summary="Invite a member", status_code=201, responses=errors(*_ONCE))
async def invite_member(
    body: MemberInvitation, caller: _Manager, house: TheHouse, once: TheOnce, key: IdempotencyKey = None
) -> InvitedMember:
    async def make() -> InvitedMember:
        member, link = await house.identity.members.invite(
            caller, email=body.email, name=body.name, role=body.role, locale=body.locale
        )
        return _invited(house, member, link)

    return await once.act(caller, key, ("invite_member", body), InvitedMember, make, secret=True)


@router.patch(
    "/{id}",
    summary="Change a member's name, role or status",
    responses=errors("not_found", "conflict", "last_administrator", "precondition_failed"),
)
async def change_member(
    member_id: Id,
    body: MemberChange,
    caller: _Manager,
    house: TheHouse,
    response: Response,
    if_match: IfMatch = None,
) -> Member:
    """A disabled member's sessions and keys stop within five seconds."""
    changed = await house.identity.members.change(
        caller, member_id, version=wanted_version(if_match), **body.model_dump(exclude_none=True)
    )
    house.identity.forget()
    tag(response, changed.version)
    return Member.model_validate(changed)


@router.post(
    "/{id}/invitation",
    summary="Make a new invitation link, also for a forgotten password",
    status_code=201,
    responses=errors("not_found", *_ONCE),
)
async def renew_invitation(
    member_id: Id, caller: _Manager, house: TheHouse, once: TheOnce, key: IdempotencyKey = None
) -> InvitedMember:
    """The member's earlier links stop working."""

    async def make() -> InvitedMember:
        return _invited(house, *await house.identity.members.renew_invitation(caller, member_id))

    asked = (f"renew_invitation {member_id}", None)
    return await once.act(caller, key, asked, InvitedMember, make, secret=True)


def _invited(house: House, member: MemberRecord, link: Link) -> InvitedMember:
    return InvitedMember(
        member=Member.model_validate(member),
        invitation_url=house.link("invitation", link.token),
        expires_at=link.expires_at,
    )
