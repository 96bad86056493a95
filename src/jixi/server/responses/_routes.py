"""Which address of /v1/responses leads where."""

from starlette.routing import Route

from jixi.models.gateway import Gateway
from jixi.models.responses import ResponseStore
from jixi.server.responses._create import Authenticate, CreateEndpoint
from jixi.server.responses._kept import CancelEndpoint, InputItemsEndpoint, KeptEndpoint

RESPONSES = "/v1/responses"


def responses_routes(gateway: Gateway, store: ResponseStore, authenticate: Authenticate) -> list[Route]:
    """`authenticate` turns a request's scope into a principal, or raises."""
    one = f"{RESPONSES}/{{response_id}}"
    return [
        Route(RESPONSES, CreateEndpoint(gateway, store, authenticate), methods=["POST"]),
        Route(one, KeptEndpoint(store, authenticate), methods=["GET", "DELETE"]),
        Route(f"{one}/input_items", InputItemsEndpoint(store, authenticate), methods=["GET"]),
        Route(f"{one}/cancel", CancelEndpoint(store, authenticate), methods=["POST"]),
    ]
