"""The admin API's requests and responses: snake_case JSON, times in UTC, money as integer micro-units.

Owns: shapes, lengths and ranges, one file per noun. Must not: know a rule of any room, do I/O.
Requests refuse fields that they do not know; responses always carry all of theirs.
Tests: tests/behaviour, and tests/unit/wire.
"""

from jixi.wire.admin._base import (
    Currency,
    Email,
    Instant,
    Listing,
    Locale,
    Micros,
    ModelName,
    Name,
    NewPassword,
    Password,
    Request,
    Response,
)
from jixi.wire.admin._house import About, Health, NextStep, Notice, Overview, Point, RecentError
from jixi.wire.admin._keys import Key, KeyChange, KeyList, KeyRequest, Models, NewKey, Scopes
from jixi.wire.admin._members import InvitedMember, Member, MemberChange, MemberInvitation, MemberList
from jixi.wire.admin._models import Deployment, DeploymentList, LogText, Model, ModelList, Reason
from jixi.wire.admin._money import Budget, BudgetChange, BudgetList, Price, PriceChange, PriceList
from jixi.wire.admin._session import (
    Invitation,
    InvitationAcceptance,
    Permission,
    Session,
    SessionChange,
    SetupRequest,
    SetupState,
    SignIn,
)
from jixi.wire.admin._tenants import NewTenant, Tenant, TenantChange, TenantList, TenantRequest
from jixi.wire.admin._usage import Charge, ChargeList, UsageGroup, UsageReport, UsageRow, UsageTotals

__all__ = [
    "About",
    "Budget",
    "BudgetChange",
    "BudgetList",
    "Charge",
    "ChargeList",
    "Currency",
    "Deployment",
    "DeploymentList",
    "Email",
    "Health",
    "Instant",
    "Invitation",
    "InvitationAcceptance",
    "InvitedMember",
    "Key",
    "KeyChange",
    "KeyList",
    "KeyRequest",
    "Listing",
    "Locale",
    "LogText",
    "Member",
    "MemberChange",
    "MemberInvitation",
    "MemberList",
    "Micros",
    "Model",
    "ModelList",
    "ModelName",
    "Models",
    "Name",
    "NewKey",
    "NewPassword",
    "NewTenant",
    "NextStep",
    "Notice",
    "Overview",
    "Password",
    "Permission",
    "Point",
    "Price",
    "PriceChange",
    "PriceList",
    "Reason",
    "RecentError",
    "Request",
    "Response",
    "Scopes",
    "Session",
    "SessionChange",
    "SetupRequest",
    "SetupState",
    "SignIn",
    "Tenant",
    "TenantChange",
    "TenantList",
    "TenantRequest",
    "UsageGroup",
    "UsageReport",
    "UsageRow",
    "UsageTotals",
]
