"""The model API of Anthropic's dialect in the OpenAPI document."""

from typing import Any, Final

from jixi.models.dialects import message_schemas
from jixi.server._model_document import CALLS, call_errors, schema_ref
from jixi.server.anthropic._answers import MESSAGES

_NAMES: Final = "Anthropic"
_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_SECURITY: Final[list[dict[str, list[str]]]] = [{"api_key": []}, {"anthropic_key": []}, {"session": []}]
_STATUSES: Final = {"overloaded": 529, "model_unavailable": 529}
_EVENT: Final = {
    "type": "object",
    "description": "With `stream`: Anthropic's events, `message_stop` the last one, or `error` and no `message_stop`.",
    "required": ["event", "data"],
    "properties": {"event": _TEXT, "data": _TEXT},
}
_OBJECTS: Final[dict[str, Any]] = {
    "Message": {
        "type": "object",
        "required": ["id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage"],
        "properties": {
            "id": _TEXT,
            "type": {"const": "message"},
            "role": {"const": "assistant"},
            "model": _TEXT,
            "content": {"type": "array", "items": {"type": "object", "required": ["type"]}},
            "stop_reason": {
                "enum": ["end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal"],
            },
            "stop_sequence": {"type": ["string", "null"]},
            "usage": {
                "type": "object",
                "required": ["input_tokens", "output_tokens"],
                "properties": {
                    "input_tokens": _COUNT | {"description": "Without those that a cache served."},
                    "cache_read_input_tokens": _COUNT,
                    "cache_creation_input_tokens": _COUNT,
                    "output_tokens": _COUNT,
                },
            },
        },
    },
    "Count": {
        "type": "object",
        "required": ["input_tokens"],
        "properties": {"input_tokens": _COUNT},
    },
    "Error": {
        "type": "object",
        "required": ["type", "error", "request_id"],
        "properties": {
            "type": {"const": "error"},
            "error": {
                "type": "object",
                "required": ["type", "message"],
                "properties": {
                    "type": _TEXT,
                    "message": _TEXT,
                    "details": {
                        "type": "object",
                        "properties": {"error_code": _TEXT, "param": {"type": ["string", "null"]}},
                    },
                },
            },
            "request_id": _TEXT,
        },
    },
}


def add_messages_api(document: dict[str, Any]) -> None:
    """Put the paths and schemas of /v1/messages into `document`."""
    body, counted, schemas = message_schemas(f"#/components/schemas/{_NAMES}{{name}}")
    components = document["components"]
    components["schemas"].update({_NAMES + name: each for name, each in (schemas | _OBJECTS).items()})
    components["securitySchemes"]["anthropic_key"] = {"type": "apiKey", "in": "header", "name": "x-api-key"}
    events = {"text/event-stream": {"schema": _EVENT}}
    document["paths"][MESSAGES] = {"post": _call("Create message", "create_message", body, "Message", events)}
    document["paths"][f"{MESSAGES}/count_tokens"] = {
        "post": _call("Count tokens", "count_message_tokens", counted, "Count", {})
    }


def _call(summary: str, name: str, body: Any, answer: str, more: dict[str, Any]) -> dict[str, Any]:
    content = {"application/json": schema_ref(_NAMES, answer), **more}
    return {
        "tags": ["inference"],
        "summary": summary,
        "description": "In Anthropic's form; what has no counterpart in OpenAI's chat form is refused by its name.",
        "operationId": name,
        "security": _SECURITY,
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {"200": {"description": "The answer.", "content": content}}
        | call_errors(CALLS, _NAMES, _STATUSES),
    }
