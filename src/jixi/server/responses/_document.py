"""The Responses API in the OpenAPI document."""

from typing import Any, Final

from jixi.models.dialects import response_schemas
from jixi.server._model_document import ANYONE, CALLS, call_errors, schema_ref

_NAMES: Final = "Responses"
_ERRORS: Final = "OpenAI"
_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_OBJECT: Final = {"type": "object"}
_SECURITY: Final[list[dict[str, list[str]]]] = [{"api_key": []}, {"session": []}]
_NAME: Final = {"name": "response_id", "in": "path", "required": True, "schema": _TEXT | {"minLength": 1}}
_ITEM: Final = {"type": "object", "required": ["id", "type"], "properties": {"id": _TEXT, "type": _TEXT}}
_EVENT: Final = {
    "type": "object",
    "description": "With `stream`: OpenAI's events; the last one is `response.completed`, `response.incomplete` or "
    "`error`.",
    "required": ["event", "data"],
    "properties": {"event": _TEXT, "data": _TEXT},
}
_OBJECTS: Final[dict[str, Any]] = {
    "Response": {
        "type": "object",
        "required": ["id", "object", "created_at", "status", "model", "output", "usage"],
        "properties": {
            "id": _TEXT,
            "object": {"const": "response"},
            "created_at": _COUNT,
            "status": {"enum": ["completed", "incomplete"]},
            "incomplete_details": {"type": ["object", "null"]},
            "model": _TEXT,
            "output": {"type": "array", "items": _ITEM},
            "previous_response_id": {"type": ["string", "null"]},
            "usage": {
                "type": "object",
                "required": ["input_tokens", "output_tokens", "total_tokens"],
                "properties": {
                    "input_tokens": _COUNT,
                    "input_tokens_details": _OBJECT,
                    "output_tokens": _COUNT,
                    "output_tokens_details": _OBJECT,
                    "total_tokens": _COUNT,
                },
            },
        },
    },
    "Items": {
        "type": "object",
        "required": ["object", "data", "has_more", "first_id", "last_id"],
        "properties": {
            "object": {"const": "list"},
            "data": {"type": "array", "items": _ITEM},
            "has_more": {"type": "boolean"},
            "first_id": {"type": ["string", "null"]},
            "last_id": {"type": ["string", "null"]},
        },
    },
    "Deleted": {
        "type": "object",
        "required": ["id", "object", "deleted"],
        "properties": {"id": _TEXT, "object": {"const": "response"}, "deleted": {"const": True}},
    },
}
_PAGE: Final[list[dict[str, Any]]] = [
    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100}},
    {"name": "order", "in": "query", "schema": {"enum": ["asc", "desc"]}},
    {"name": "after", "in": "query", "schema": _TEXT | {"minLength": 1}},
]
_KEPT: Final = (*ANYONE, "not_found", "secret_unreadable")


def add_responses_api(document: dict[str, Any]) -> None:
    """Put the paths and schemas of /v1/responses into `document`."""
    body, schemas = response_schemas(f"#/components/schemas/{_NAMES}{{name}}")
    objects = schemas | _OBJECTS
    document["components"]["schemas"].update({_NAMES + name: each for name, each in objects.items()})
    one = "/v1/responses/{response_id}"
    create = _operation("Create response", "create_response", "Response", (*CALLS, *_KEPT, "responses_full"))
    create["description"] = "In OpenAI's form. What is stored can be read and gone on from for a while."
    create["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    create["responses"]["200"]["content"]["text/event-stream"] = {"schema": _EVENT}
    document["paths"]["/v1/responses"] = {"post": create}
    document["paths"][one] = {
        "get": _operation(
            "Get response", "get_response", "Response", (*_KEPT, "unsupported_parameter"), _NAME
        ),
        "delete": _operation("Delete response", "delete_response", "Deleted", _KEPT, _NAME),
    }
    items = _operation(
        "List input items", "list_input_items", "Items", (*_KEPT, "invalid_value"), _NAME, *_PAGE
    )
    document["paths"][f"{one}/input_items"] = {"get": items}
    cancel = _operation("Cancel response", "cancel_response", "Response", (*_KEPT, "invalid_value"), _NAME)
    document["paths"][f"{one}/cancel"] = {"post": cancel}


def _operation(
    summary: str, name: str, answer: str, codes: tuple[str, ...], *parameters: dict[str, Any]
) -> dict[str, Any]:
    content = {"application/json": schema_ref(_NAMES, answer)}
    made: dict[str, Any] = {
        "tags": ["inference"],
        "summary": summary,
        "operationId": name,
        "security": _SECURITY,
        "responses": {"200": {"description": "The answer.", "content": content}}
        | call_errors(tuple(dict.fromkeys(codes)), _ERRORS),
    }
    return made | ({"parameters": list(parameters)} if parameters else {})
