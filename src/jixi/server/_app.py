"""The server as one ASGI app: the border, and behind it the model API, the admin API and the console."""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from jixi.assembly import House
from jixi.core.errors import JixiError
from jixi.server._admin import admin_app
from jixi.server._authenticate import Authenticator
from jixi.server._border import Border
from jixi.server._console import console_app, no_console
from jixi.server._once import Once
from jixi.server._problems import problem_response
from jixi.server._services import Services
from jixi.server._throttle import Throttle
from jixi.server.openai import OpenAIApi, openai_response, openai_routes

_MODEL_API: Final = "/v1/"
_ADMIN_API: Final = ("/api/", "/docs")


def create_app(house: House) -> ASGIApp:
    """The app that serves `house`. It neither opens nor closes the house; raises where a route declares no policy."""
    authenticate = Authenticator(house.identity, house.settings.allowed_hosts)
    services = Services(
        house=house,
        authenticate=authenticate,
        throttle=Throttle(),
        once=Once(house.database, house.clock),
    )
    site = Site(
        model_api=OpenAIApi(openai_routes(house.gateway, authenticate)),
        admin_api=admin_app(services),
        console=console_app() if house.settings.console else no_console,
    )
    return Border(
        site,
        allowed_hosts=house.settings.allowed_hosts,
        max_body_bytes=house.settings.max_body_bytes,
        https=house.settings.is_https,
        render=_render,
    )


class Site:
    """Hands a request to the app of its address. The model API comes first: it is the hot path."""

    def __init__(self, *, model_api: ASGIApp, admin_api: ASGIApp, console: ASGIApp) -> None:
        self._model_api = model_api
        self._admin_api = admin_api
        self._console = console

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path.startswith(_MODEL_API):
            await self._model_api(scope, receive, send)
        elif path.startswith(_ADMIN_API):
            await self._admin_api(scope, receive, send)
        else:
            await self._console(scope, receive, send)


def _render(scope: Scope, error: JixiError) -> ASGIApp:
    """The answer for a problem at the border, in the dialect of the address."""
    if scope["path"].startswith(_MODEL_API):
        return openai_response(scope, error)
    return problem_response(scope, error)
