"""Which address of /v1 leads where. Routes are declared once; the hot ones are found without a search."""

from collections.abc import Sequence
from typing import Final

from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from jixi.core.errors import problem
from jixi.core.principal import Scope
from jixi.models.gateway import Gateway
from jixi.server.openai._answers import openai_response
from jixi.server.openai._endpoints import (
    Authenticate,
    InferenceEndpoint,
    ModelEndpoint,
    ModelsEndpoint,
)

_INFERENCE: Final = {
    "/v1/chat/completions": Scope.CHAT,
    "/v1/completions": Scope.COMPLETIONS,
    "/v1/embeddings": Scope.EMBEDDINGS,
}


def openai_routes(gateway: Gateway, authenticate: Authenticate) -> list[Route]:
    """The routes of /v1. `authenticate` turns a request's scope into a principal, or raises."""
    inference = [
        Route(path, InferenceEndpoint(gateway, authenticate, kind), methods=["POST"])
        for path, kind in _INFERENCE.items()
    ]
    return [
        *inference,
        Route("/v1/models", ModelsEndpoint(gateway, authenticate), methods=["GET"]),
        Route("/v1/models/{model:path}", ModelEndpoint(gateway, authenticate), methods=["GET"]),
    ]


class OpenAIApi:
    """The app of /v1: its routes, and answers in OpenAI's form where there is none."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self.routes = list(routes)
        self._posts: dict[str, ASGIApp] = {
            route.path: route.app
            for route in routes
            if isinstance(route, Route) and "POST" in (route.methods or ()) and "{" not in route.path
        }

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST" and (hot := self._posts.get(scope["path"])) is not None:
            await hot(scope, receive, send)
            return
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
            answer = openai_response(scope, problem("not_found", noun="address"))
        else:
            error = problem("method_not_allowed", method=scope["method"])
            answer = openai_response(scope, error, (b"allow", ", ".join(sorted(allowed)).encode()))
        await answer(scope, receive, send)
