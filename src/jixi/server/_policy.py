"""Who may call a route: each declares exactly one action of the policy, or that it is public.

The check is a dependency of the route, never of its address; an undeclared route keeps the server from starting.
"""

from typing import Any, NamedTuple

from fastapi import Depends, FastAPI, Request
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path

from jixi.core.principal import Principal
from jixi.governance.identity import Action, require
from jixi.server._scope import SAFE_METHODS
from jixi.server._services import services_of


class Requires:
    """The dependency that authenticates the caller and holds them to one action."""

    def __init__(self, action: Action) -> None:
        self.action: Action = action

    async def __call__(self, request: Request) -> Principal:
        principal = await services_of(request).authenticate(request.scope)
        require(principal, self.action)
        return principal


class Public:
    """The dependency that says: anyone may call this, and it was meant. Other sites' pages still may not."""

    action = None

    async def __call__(self, request: Request) -> None:
        if request.method not in SAFE_METHODS:
            services_of(request).authenticate.check_origin(request.scope)


class Declared(NamedTuple):
    """A route, and what it says of its callers; `actions` holds None for a public one."""

    method: str
    path: str
    actions: list[Action | None]


def requires(action: Action) -> Any:
    """Declare that a route needs `action`; the parameter that it annotates is the caller."""
    return Depends(Requires(action))


def public() -> Any:
    """Declare that a route is open to anyone."""
    return Depends(Public())


def declarations(app: FastAPI) -> list[Declared]:
    """Every route of the admin API."""
    return [
        Declared(method, context.path or "", _actions(context.dependant))
        for context in iter_route_contexts(app.routes)
        for method in sorted(context.methods or ())
    ]


def methods_at(app: FastAPI, path: str) -> list[str]:
    """Every method that the address takes; the framework names those of the first route alone."""
    return sorted({each.method for each in declarations(app) if compile_path(each.path)[0].match(path)})


def _actions(dependant: Any) -> list[Action | None]:
    """A route that is no operation of FastAPI's has no dependant, and so declares nothing."""
    calls = [each.call for each in dependant.dependencies] if dependant else []
    return [call.action for call in calls if isinstance(call, Requires | Public)]


def check_policy(app: FastAPI) -> None:
    """Raise where a route declares nothing, or more than one thing."""
    wrong = [f"{each.method} {each.path}" for each in declarations(app) if len(each.actions) != 1]
    if wrong:
        raise RuntimeError(f"these routes do not declare exactly one action: {', '.join(wrong)}")
