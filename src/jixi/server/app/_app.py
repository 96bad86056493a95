"""The server as one ASGI app: the border, and behind it the model API, the admin API and the console."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Final

from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from jixi.assembly.house import Front, House
from jixi.assembly.settings import Settings
from jixi.core.errors import JixiError
from jixi.core.trace import CONTEXT
from jixi.server._admin import admin_app
from jixi.server._authenticate import Authenticator
from jixi.server._border import Border
from jixi.server._console import console_app, no_console
from jixi.server._ending import Ending
from jixi.server._idempotent import Idempotent
from jixi.server._listeners import Listeners
from jixi.server._model_api import MODEL_API, ModelApi, last_event, refusal
from jixi.server._once import Once
from jixi.server._problems import problem_response
from jixi.server._scope import header, request_id_of
from jixi.server._services import MetricsElsewhere, Services, nowhere
from jixi.server._throttle import Throttle
from jixi.server.anthropic import anthropic_routes
from jixi.server.openai import batch_routes, file_routes, openai_routes
from jixi.server.responses import responses_routes
from jixi.telemetry import Contexts

_FORM_BYTES: Final = 64 * 1024
_ADMIN_API: Final = ("/api/", "/docs")
_OF_THE_HOUSE: Final = ("/v1/files", "/v1/batches")


def create_app(
    house: House, ending: Ending | None = None, metrics_elsewhere: MetricsElsewhere = nowhere
) -> ASGIApp:
    """The app that serves `house`. It neither opens nor closes the house; raises where a route declares no policy.

    `ending` is begun by whoever ends the server; `metrics_elsewhere` are those of its other processes.
    """
    ending = ending or Ending()
    authenticate = Authenticator(house.identity, house.settings.allowed_hosts)
    services = Services(
        house=house,
        authenticate=authenticate,
        throttle=Throttle(),
        once=Once(house.database, house.clock),
        ending=ending,
        listeners=Listeners(),
        metrics_elsewhere=metrics_elsewhere,
        printing=asyncio.Lock(),
    )
    site = Site(
        model_api=_model_api(
            house,
            authenticate,
            [
                *_calls(house, authenticate),
                *file_routes(house.files, house.answers, authenticate),
                *batch_routes(house.batches, house.answers, authenticate),
            ],
        ),
        admin_api=admin_app(services),
        console=console_app() if house.settings.console else no_console,
    )
    return _behind_border(site, house.settings, ending)


def create_model_app(front: Front, ending: Ending, elsewhere: ASGIApp) -> ASGIApp:
    """The app of a gateway process: it answers calls of models, and `elsewhere` everything else."""
    authenticate = Authenticator(front.identity, front.settings.allowed_hosts)
    models = _model_api(front, authenticate, _calls(front, authenticate))
    return Fork(_behind_border(models, front.settings, ending), elsewhere)


def _calls(place: House | Front, authenticate: Authenticator) -> list[Route]:
    """What a gateway process answers itself."""
    return [
        *anthropic_routes(place.gateway, authenticate),
        *responses_routes(place.gateway, place.responses, authenticate),
        *openai_routes(place.gateway, authenticate),
    ]


def _model_api(place: House | Front, authenticate: Authenticator, routes: Sequence[Route]) -> ASGIApp:
    once = Idempotent(place.answers, authenticate, refusal)
    return Traced(ModelApi(routes, once), Contexts(traced=place.settings.otlp_endpoint is not None))


class Traced:
    """Puts each request into the trace that its caller names, or into one of its own."""

    def __init__(self, app: ASGIApp, contexts: Contexts) -> None:
        self._app = app
        self._contexts = contexts

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        CONTEXT.set(self._contexts.enter(header(scope, b"traceparent"), request_id_of(scope)))
        return self._app(scope, receive, send)


def _behind_border(app: ASGIApp, settings: Settings, ending: Ending) -> ASGIApp:
    return Border(
        app,
        allowed_hosts=settings.allowed_hosts,
        max_body_bytes=settings.max_body_bytes,
        max_upload_bytes={
            "/v1/files": settings.max_file_bytes + _FORM_BYTES,
            "/v1/audio/transcriptions": settings.max_audio_bytes + _FORM_BYTES,
        },
        https=settings.is_https,
        ending=ending,
        render=render_problem,
        render_event=last_event,
    )


class Fork:
    """Calls of models one way, everything else the other."""

    def __init__(self, models: ASGIApp, elsewhere: ASGIApp) -> None:
        self._models = models
        self._elsewhere = elsewhere

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        path: str = scope.get("path", "")
        here = path.startswith(MODEL_API) and not path.startswith(_OF_THE_HOUSE)
        return (self._models if here else self._elsewhere)(scope, receive, send)


class Site:
    """Hands a request to the app of its address. The model API comes first: it is the hot path."""

    def __init__(self, *, model_api: ASGIApp, admin_api: ASGIApp, console: ASGIApp) -> None:
        self._model_api = model_api
        self._admin_api = admin_api
        self._console = console

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        path: str = scope["path"]
        if path.startswith(MODEL_API):
            return self._model_api(scope, receive, send)
        if path.startswith(_ADMIN_API):
            return self._admin_api(scope, receive, send)
        return self._console(scope, receive, send)


def render_problem(scope: Scope, error: JixiError) -> ASGIApp:
    """The answer for a problem at the border, in the dialect of the address."""
    if scope["path"].startswith(MODEL_API):
        return refusal(scope, error)
    return problem_response(scope, error)
