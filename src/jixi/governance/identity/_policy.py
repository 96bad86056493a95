"""The one table of who may do what. What is not in it is denied."""

from collections.abc import Mapping
from typing import Final, Literal, get_args

from jixi.core.errors import problem
from jixi.core.principal import Principal, Role, Scope

Action = Literal[
    "session.own",
    "overview.read",
    "models.read",
    "models.manage",
    "models.register",
    "deployments.read",
    "deployments.restart",
    "deployments.manage",
    "engines.manage",
    "providers.read",
    "providers.manage",
    "inference.use",
    "keys.own",
    "keys.manage",
    "members.read",
    "members.manage",
    "tenants.manage",
    "usage.read",
    "usage.own",
    "prices.read",
    "prices.manage",
    "limits.read",
    "limits.manage",
    "routes.read",
    "routes.manage",
    "plans.read",
    "about.read",
    "metrics.read",
    "traces.read",
    "traces.tenant",
    "traces.content",
    "traffic.read",
    "jobs.own",
    "jobs.manage",
]
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)

_ALL: Final = frozenset(Role)
_PLATFORM: Final = frozenset({Role.PLATFORM_ADMIN})
_ADMINS: Final = _PLATFORM | {Role.TENANT_ADMIN}

POLICY: Final[Mapping[Action, frozenset[Role]]] = {
    "session.own": _ALL,
    "overview.read": _ALL,
    "models.read": _ALL,
    "models.manage": _PLATFORM,
    "models.register": _ADMINS | {Role.DEVELOPER},
    "deployments.read": _ALL,
    "deployments.restart": _PLATFORM,
    "deployments.manage": _PLATFORM,
    "engines.manage": _PLATFORM,
    "providers.read": _ALL,
    "providers.manage": _PLATFORM,
    "inference.use": _ADMINS | {Role.DEVELOPER, Role.ANALYST},
    "keys.own": _ADMINS | {Role.DEVELOPER},
    "keys.manage": _ADMINS,
    "members.read": _ADMINS | {Role.AUDITOR},
    "members.manage": _ADMINS,
    "tenants.manage": _PLATFORM,
    "usage.read": _ADMINS | {Role.ANALYST, Role.AUDITOR},
    "usage.own": _ALL,
    "prices.read": _ALL,
    "prices.manage": _PLATFORM,
    "limits.read": _ALL,
    "limits.manage": _ADMINS,
    "routes.read": _ALL,
    "routes.manage": _PLATFORM,
    "plans.read": _ALL,
    "about.read": _ALL,
    "metrics.read": _PLATFORM,
    "traces.read": _ALL,
    "traces.tenant": _ADMINS | {Role.AUDITOR},
    "traces.content": _ADMINS,
    "traffic.read": _ADMINS | {Role.ANALYST, Role.AUDITOR},
    "jobs.own": _ALL,
    "jobs.manage": _ADMINS,
}


def allowed(role: Role, action: Action) -> bool:
    return role in POLICY.get(action, frozenset())


def permissions(role: Role) -> list[Action]:
    """Everything that `role` may do."""
    return [action for action in ACTIONS if allowed(role, action)]


def require(principal: Principal, action: Action) -> None:
    """Raise `role_forbidden`, or `scope_missing` for a key that is not meant for the admin API."""
    if Scope.ADMIN not in principal.scopes:
        raise problem("scope_missing", scope=Scope.ADMIN.value)
    if not allowed(principal.role, action):
        raise problem("role_forbidden", role=principal.role.value)


class AccessGate:
    """The port Gate: a model call needs the role, the key's scope and the key's model."""

    def authorise(self, principal: Principal, scope: Scope, model: str) -> None:
        if not allowed(principal.role, "inference.use"):
            raise problem("role_forbidden", role=principal.role.value)
        if scope not in principal.scopes:
            raise problem("scope_missing", scope=scope.value)
        if principal.models is not None and model not in principal.models:
            raise problem("model_not_allowed", model=model)
