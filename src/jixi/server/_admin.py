"""The admin API as one ASGI app."""

from importlib.metadata import version

from fastapi import FastAPI

from jixi.server._openapi import document, operation_id
from jixi.server._policy import check_policy
from jixi.server.admin import ROUTERS


def admin_app() -> FastAPI:
    """The FastAPI app under /api; raises where a route does not declare its callers."""
    app = FastAPI(
        version=version("jixi"),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
    )
    for router in ROUTERS:
        app.include_router(router, prefix="/api")
    check_policy(app)
    app.openapi = lambda: document(app)
    return app
