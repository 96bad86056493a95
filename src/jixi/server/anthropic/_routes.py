"""Which address of /v1 leads where, in Anthropic's dialect."""

from collections.abc import MutableMapping
from typing import Any

from starlette.routing import Match, Route

from jixi.models.gateway import Gateway
from jixi.server.anthropic._answers import MESSAGES, speaks_anthropic
from jixi.server.anthropic._endpoints import (
    Authenticate,
    CountEndpoint,
    MessagesEndpoint,
    ModelEndpoint,
    ModelsEndpoint,
)


class _Theirs(Route):
    """A route for those alone who speak this dialect; others at the same address are served in OpenAI's."""

    def matches(self, scope: MutableMapping[str, Any]) -> tuple[Match, MutableMapping[str, Any]]:
        return super().matches(scope) if speaks_anthropic(scope) else (Match.NONE, {})


def anthropic_routes(gateway: Gateway, authenticate: Authenticate) -> list[Route]:
    """`authenticate` turns a request's scope into a principal, or raises."""
    return [
        Route(MESSAGES, MessagesEndpoint(gateway, authenticate), methods=["POST"]),
        Route(f"{MESSAGES}/count_tokens", CountEndpoint(gateway, authenticate), methods=["POST"]),
        _Theirs("/v1/models", ModelsEndpoint(gateway, authenticate), methods=["GET"]),
        _Theirs("/v1/models/{model:path}", ModelEndpoint(gateway, authenticate), methods=["GET"]),
    ]
