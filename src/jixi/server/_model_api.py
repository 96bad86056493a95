"""The app of /v1, whatever the dialect. Routes are declared once; the hot ones are found without a search."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Final

from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from jixi.core.errors import JixiError, problem
from jixi.server._answer import Answer
from jixi.server._idempotent import Idempotent, has_key
from jixi.server.anthropic import anthropic_event, anthropic_response, speaks_anthropic
from jixi.server.openai import openai_event, openai_response

MODEL_API: Final = "/v1/"
# They know what they made under a key, and of a file only its content is compared.
_KEEPS_KEYS: Final = ("/v1/files", "/v1/batches")


def refusal(scope: Mapping[str, Any], error: JixiError, *extra: tuple[bytes, bytes]) -> Answer:
    """The answer for `error` in the dialect that the caller speaks."""
    respond = anthropic_response if speaks_anthropic(scope) else openai_response
    return respond(scope, error, *extra)


def last_event(scope: Mapping[str, Any], error: JixiError) -> bytes:
    """The last event of a stream that `error` cuts."""
    return (anthropic_event if speaks_anthropic(scope) else openai_event)(scope, error)


class ModelApi:
    """The app of /v1: its routes, and an answer in the caller's dialect where there is none."""

    def __init__(self, routes: Sequence[BaseRoute], once: Idempotent) -> None:
        self.routes = list(routes)
        self._once = once
        self._posts: dict[str, ASGIApp] = {
            route.path: route.app
            for route in routes
            if isinstance(route, Route) and "POST" in (route.methods or ()) and "{" not in route.path
        }

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["method"] == "POST" and (hot := self._posts.get(scope["path"])) is not None:
            if has_key(scope) and scope["path"] not in _KEEPS_KEYS:
                return self._once.run(hot, scope, receive, send)
            return hot(scope, receive, send)
        return self._search(scope, receive, send)

    async def _search(self, scope: Scope, receive: Receive, send: Send) -> None:
        allowed: set[str] = set()
        for route in self.routes:
            match, found = route.matches(scope)
            if match is Match.FULL:
                scope.update(found)
                await route.handle(scope, receive, send)
                return
            if match is Match.PARTIAL and isinstance(route, Route):
                allowed |= route.methods or set()
        if not allowed:
            answer = refusal(scope, problem("not_found", noun="address"))
        else:
            error = problem("method_not_allowed", method=scope["method"])
            answer = refusal(scope, error, (b"allow", ", ".join(sorted(allowed)).encode()))
        await answer(scope, receive, send)
