"""What the admin API says of itself, without a house."""

from typing import Any

from jixi.server._admin import admin_app
from jixi.server._policy import Declared, declarations


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document, as the server serves it."""
    return admin_app().openapi()


def admin_declarations() -> list[Declared]:
    """Every route of the admin API with the action that it declares."""
    return declarations(admin_app())
