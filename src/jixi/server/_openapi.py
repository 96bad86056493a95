"""The OpenAPI document: the admin API, completed with problems, security and stable names, and the model API."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema

from jixi.governance.identity import Action
from jixi.server._errors import errors
from jixi.server._policy import declarations
from jixi.server.anthropic import add_messages_api
from jixi.server.openai import add_model_api
from jixi.server.responses import add_responses_api
from jixi.wire import ProblemDetails

_ABOUT: Final = """\
The model API (`/v1`, in OpenAI's and Anthropic's form) and the admin API (`/api`: what the console and the CLI \
speak) of Jixi.

Ids carry a prefix that names the noun. Times are RFC 3339 in UTC. Money is integer micro-units (millionths) of the \
currency. Lists come in pages: pass `next_cursor` as `cursor`. Errors are problem details (RFC 9457) with a stable \
`code` and a `remedy` in the language of Accept-Language (`en`, `zh`). An object's `version` in quotes is its ETag; \
send it as If-Match with a change. Programs authenticate with an API key of scope `admin`, the console with its \
session cookie and the header X-CSRF-Token."""
_TAGS: Final = {
    "session": "Signing in, the first administrator, invitations.",
    "house": "The server itself.",
    "tenants": "Organisations.",
    "members": "People.",
    "keys": "API keys.",
    "models": "The store.",
    "deployments": "What is served.",
    "engines": "What runs models, and environments for what cannot yet.",
    "nodes": "The machines that run models, and their accelerators.",
    "plans": "What training or serving a model takes, lasts and costs, and the chips that plans are made with.",
    "jobs": "What goes on behind the requests.",
    "providers": "Outside models under public names: vendors, addresses, sealed credentials, checks.",
    "usage": "Usage and charges.",
    "prices": "The price book.",
    "limits": "Requests and tokens a minute, calls at once, money a day and a month.",
    "routing": "Aliases, and where calls go.",
}
_SECURITY: Final = {
    "api_key": {"type": "http", "scheme": "bearer", "description": "An API key with the scope `admin`."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "jixi_session",
        "description": "The console's session; changes also need X-CSRF-Token.",
    },
}


def operation_id(route: APIRoute) -> str:
    """The handler's name: one word for the console's types and the CLI."""
    return route.name


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of `app`, whose routes have passed the policy check."""
    made = get_openapi(
        title="Jixi",
        version=app.version,
        description=_ABOUT,
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in _TAGS.items()],
    )
    actions: dict[tuple[str, str], Action | None] = {
        (each.path, each.method.lower()): each.actions[0] for each in declarations(app)
    }
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            _complete(operation, method, action=actions[path, method])
    _add_schemas(made["components"])
    add_model_api(made)
    add_messages_api(made)
    add_responses_api(made)
    return made


def _complete(operation: dict[str, Any], method: str, *, action: Action | None) -> None:
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _without_null(parameter["schema"])
    responses = operation["responses"]
    if "application/json" in responses.get("422", {}).get("content", {}):
        del responses["422"]
    codes = ["not_authenticated", "invalid_api_key", "role_forbidden", "scope_missing"] if action else []
    codes += ["csrf_failed"] if method != "get" else []
    codes += ["invalid_value"] if "parameters" in operation or "requestBody" in operation else []
    codes += ["invalid_json", "body_too_large"] if "requestBody" in operation else []
    for status, response in errors(*codes).items():
        known = responses.get(str(status))
        text = (
            response["description"]
            if known is None
            else f"{known['description']}\n\n{response['description']}"
        )
        responses[str(status)] = response | {"description": text}
    if action:
        operation["x-jixi-action"] = action
        operation["security"] = [{"api_key": []}, {"session": []}]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter may be left out, but it is text: nobody can send a null in an address or a header."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) != 1:
        return schema
    return {name: value for name, value in schema.items() if name != "anyOf"} | choices[0]


def _add_schemas(components: dict[str, Any]) -> None:
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    _, problem = models_json_schema(
        [(ProblemDetails, "serialization")], ref_template="#/components/schemas/{model}"
    )
    components["schemas"].update(problem["$defs"])
    components["securitySchemes"] = _SECURITY
