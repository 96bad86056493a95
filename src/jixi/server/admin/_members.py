"""/api/members: the people of the caller's tenant."""

from typing import Annotated

from fastapi import APIRouter, Response

from jixi.core.principal import Principal
from jixi.server._errors import errors
from jixi.server._inputs import Id, IdempotencyKey, IfMatch, Page
from jixi.server._policy import requires
from jixi.wire.admin import InvitedMember, Member, MemberChange, MemberInvitation, MemberList

router = APIRouter(prefix="/members", tags=["members"])
_Manager = Annotated[Principal, requires("members.manage")]


@router.get("", summary="List members")
async def list_members(caller: Annotated[Principal, requires("members.read")], page: Page) -> MemberList:
    raise NotImplementedError


@router.post(
    "", summary="Invite a member", status_code=201, responses=errors("conflict", "idempotency_mismatch")
)
async def invite_member(
    body: MemberInvitation, caller: _Manager, key: IdempotencyKey = None
) -> InvitedMember:
    raise NotImplementedError


@router.patch(
    "/{id}",
    summary="Change a member's name, role or status",
    responses=errors("not_found", "conflict", "precondition_failed"),
)
async def change_member(
    member_id: Id, body: MemberChange, caller: _Manager, response: Response, if_match: IfMatch = None
) -> Member:
    raise NotImplementedError


@router.post(
    "/{id}/invitation",
    summary="Make a new invitation link, also for a forgotten password",
    status_code=201,
    responses=errors("not_found", "conflict", "idempotency_mismatch"),
)
async def renew_invitation(member_id: Id, caller: _Manager, key: IdempotencyKey = None) -> InvitedMember:
    """The member's earlier links stop working."""
    raise NotImplementedError
