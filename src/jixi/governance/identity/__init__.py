"""Identity: tenants, members, roles, API keys, console sessions, one-time links. It implements the port Gate.

Owns: the policy table and every table with a person or a secret's digest in it. Must not: know HTTP or money.
Tests: tests/unit/governance, on SQLite and on PostgreSQL.
"""

from jixi.governance.identity._identity import Identity
from jixi.governance.identity._keys import Keys
from jixi.governance.identity._members import Members
from jixi.governance.identity._policy import (
    ACTIONS,
    POLICY,
    AccessGate,
    Action,
    allowed,
    permissions,
    require,
)
from jixi.governance.identity._secrets import KEY_PREFIX, load_or_create_pepper
from jixi.governance.identity._sessions import Sessions
from jixi.governance.identity._values import KEEP, ApiKey, Link, Member, NewSession, SignedIn, Tenant

__all__ = [
    "ACTIONS",
    "KEEP",
    "KEY_PREFIX",
    "POLICY",
    "AccessGate",
    "Action",
    "ApiKey",
    "Identity",
    "Keys",
    "Link",
    "Member",
    "Members",
    "NewSession",
    "Sessions",
    "SignedIn",
    "Tenant",
    "allowed",
    "load_or_create_pepper",
    "permissions",
    "require",
]
