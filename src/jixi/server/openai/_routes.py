"""Which address of /v1 leads where, in OpenAI's dialect."""

from starlette.routing import Route

from jixi.core.principal import Scope
from jixi.models.gateway import PATHS, Gateway
from jixi.server.openai._endpoints import (
    Authenticate,
    InferenceEndpoint,
    ModelEndpoint,
    ModelsEndpoint,
)
from jixi.server.openai._transcriptions import TranscriptionEndpoint


def openai_routes(gateway: Gateway, authenticate: Authenticate) -> list[Route]:
    """The routes of /v1. `authenticate` turns a request's scope into a principal, or raises."""
    inference = [
        Route(path, InferenceEndpoint(gateway, authenticate, kind), methods=["POST"])
        for kind, path in PATHS.items()
        if kind is not Scope.TRANSCRIPTIONS
    ]
    transcriptions = TranscriptionEndpoint(gateway, authenticate)
    return [
        *inference,
        Route(PATHS[Scope.TRANSCRIPTIONS], transcriptions, methods=["POST"]),
        Route("/v1/models", ModelsEndpoint(gateway, authenticate), methods=["GET"]),
        Route("/v1/models/{model:path}", ModelEndpoint(gateway, authenticate), methods=["GET"]),
    ]
