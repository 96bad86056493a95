"""The admin API as one ASGI app, with its documents."""

from importlib.metadata import version
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from jixi.core.errors import JixiError
from jixi.server._openapi import document, operation_id
from jixi.server._policy import check_policy, public
from jixi.server._problems import on_defect, on_http_error, on_problem, on_validation
from jixi.server._reference import reference_page
from jixi.server._services import Services
from jixi.server.admin import ROUTERS
from jixi.storage import DatabaseAwayError

_HANDLERS: Final[tuple[tuple[type[Exception], Any], ...]] = (
    (JixiError, on_problem),
    (DatabaseAwayError, on_problem),
    (RequestValidationError, on_validation),
    (HTTPException, on_http_error),
    (Exception, on_defect),
)


def admin_app(services: Services | None = None) -> FastAPI:
    """The FastAPI app of /api and /docs; without services it can describe itself and nothing else.

    Raises where a route does not declare its callers.
    """
    app = FastAPI(
        version=version("jixi"),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
        exception_handlers=dict(_HANDLERS),
    )
    app.state.services = services
    for router in (*ROUTERS, _openapi):
        app.include_router(router, prefix="/api")
    app.include_router(_reference)
    check_policy(app)
    app.openapi = lambda: document(app)
    return app


_openapi = APIRouter(dependencies=[public()], include_in_schema=False)
_reference = APIRouter(dependencies=[public()], include_in_schema=False)


@_openapi.get("/openapi.json")
async def get_openapi(request: Request) -> dict[str, Any]:
    return request.app.openapi()


@_reference.get("/docs")
async def get_docs(request: Request) -> HTMLResponse:
    return HTMLResponse(reference_page(request.app.openapi()))
