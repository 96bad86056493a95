"""Who may call a route: each declares exactly one action of the policy, or that it is public.

The check is a dependency of the route, never of its address; an undeclared route keeps the server from starting.
"""

from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from jixi.core.principal import Principal
from jixi.wire.admin import Permission


class Requires:
    """The dependency that authenticates the caller and holds them to one action."""

    def __init__(self, action: Permission) -> None:
        self.action = action

    async def __call__(self, request: Request) -> Principal:
        raise NotImplementedError


class Public:
    """The dependency that says: anyone may call this, and it was meant."""

    async def __call__(self) -> None:
        return None


def requires(action: Permission) -> Any:
    """Declare that a route needs `action`; the parameter that it annotates is the caller."""
    return Depends(Requires(action))


def public() -> Any:
    """Declare that a route is open to anyone."""
    return Depends(Public())


def declared(dependant: Dependant) -> list[Requires | Public]:
    """What a route says of its callers."""
    return [each.call for each in dependant.dependencies if isinstance(each.call, Requires | Public)]


def routes_of(app: FastAPI) -> list[tuple[str, str, list[Requires | Public]]]:
    """(method, path, what it declares) of every route of the admin API."""
    return [
        (method, context.path or "", declared(context.dependant))
        for context in iter_route_contexts(app.routes)
        for method in sorted(context.methods or ())
    ]


def check_policy(app: FastAPI) -> None:
    """Raise where a route declares nothing, or more than one thing."""
    undeclared = [f"{method} {path}" for method, path, said in routes_of(app) if len(said) != 1]
    if undeclared:
        raise RuntimeError(f"these routes do not declare exactly one action: {', '.join(undeclared)}")
