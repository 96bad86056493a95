"""The model API in the OpenAPI document: what Jixi reads and answers; other fields of OpenAI's pass to the engine."""

from collections import defaultdict
from typing import Any, Final

from jixi.core.errors import PROBLEMS
from jixi.core.principal import Scope
from jixi.models.gateway import PATHS, request_schemas

_NAMES: Final = "OpenAI"
_REF: Final = f"#/components/schemas/{_NAMES}{{name}}"
_ANYONE: Final = ("not_authenticated", "invalid_api_key", "api_key_expired", "api_key_revoked", "csrf_failed")
_CALLS: Final = (
    *_ANYONE,
    "scope_missing",
    "role_forbidden",
    "model_not_allowed",
    "model_not_found",
    "invalid_json",
    "invalid_value",
    "unsupported_parameter",
    "operation_not_supported",
    "context_length_exceeded",
    "client_too_slow",
    "duplicate_request",
    "body_too_large",
    "budget_exceeded",
    "internal_error",
    "engine_error",
    "engine_timeout",
    "price_unknown",
    "model_unavailable",
    "overloaded",
    "ledger_unavailable",
)
_SUMMARIES: Final = {
    Scope.CHAT: "Create chat completion",
    Scope.COMPLETIONS: "Create completion",
    Scope.EMBEDDINGS: "Create embeddings",
}
_COUNT: Final = {"type": "integer", "minimum": 0}
_TEXT: Final = {"type": "string"}
_EVENT: Final = {
    "type": "object",
    "description": "With `stream`: chunks in OpenAI's form, the last one `[DONE]`, or an error and no `[DONE]`.",
    "required": ["data"],
    "properties": {"data": _TEXT},
}
_OBJECTS: Final[dict[str, Any]] = {
    "Usage": {
        "type": "object",
        "required": ["prompt_tokens", "total_tokens"],
        "properties": {
            "prompt_tokens": _COUNT,
            "completion_tokens": _COUNT,
            "total_tokens": _COUNT,
            "prompt_tokens_details": {"type": "object", "properties": {"cached_tokens": _COUNT}},
        },
    },
    "Answer": {
        "type": "object",
        "description": "A chat completion, or a completion, in OpenAI's form.",
        "required": ["id", "object", "created", "model", "choices", "usage"],
        "properties": {
            "id": _TEXT,
            "object": {"enum": ["chat.completion", "text_completion"]},
            "created": _COUNT,
            "model": _TEXT,
            "choices": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["index"]}},
            "usage": {"$ref": f"#/components/schemas/{_NAMES}Usage"},
        },
    },
    "Embeddings": {
        "type": "object",
        "required": ["object", "data", "model", "usage"],
        "properties": {
            "object": {"const": "list"},
            "data": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["object", "index", "embedding"],
                    "properties": {
                        "object": {"const": "embedding"},
                        "index": _COUNT,
                        "embedding": {
                            "description": "Numbers, or their 32-bit floats in base64.",
                            "anyOf": [{"type": "array", "items": {"type": "number"}}, _TEXT],
                        },
                    },
                },
            },
            "model": _TEXT,
            "usage": {"$ref": f"#/components/schemas/{_NAMES}Usage"},
        },
    },
    "Model": {
        "type": "object",
        "required": ["id", "object", "created", "owned_by", "kinds", "context", "state"],
        "properties": {
            "id": _TEXT,
            "object": {"const": "model"},
            "created": _COUNT,
            "owned_by": _TEXT,
            "kinds": {"type": "array", "items": {"enum": [kind.value for kind in PATHS]}},
            "context": _COUNT | {"description": "Tokens for one call, prompt and answer together."},
            "state": _TEXT,
        },
    },
    "Models": {
        "type": "object",
        "required": ["object", "data"],
        "properties": {
            "object": {"const": "list"},
            "data": {"type": "array", "items": {"$ref": f"#/components/schemas/{_NAMES}Model"}},
        },
    },
    "Error": {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["message", "type", "param", "code"],
                "properties": {
                    "message": _TEXT,
                    "type": _TEXT,
                    "param": {"type": ["string", "null"]},
                    "code": _TEXT,
                },
            }
        },
    },
}


def add_model_api(document: dict[str, Any]) -> None:
    """Put the paths and schemas of /v1 into `document`."""
    bodies, schemas = request_schemas(_REF)
    objects = schemas | _OBJECTS
    document["components"]["schemas"].update({_NAMES + name: each for name, each in objects.items()})
    for kind, path in PATHS.items():
        document["paths"][path] = {"post": _call(kind, bodies[kind])}
    document["paths"]["/v1/models"] = {"get": _read("List models", "list_served_models", "Models", _ANYONE)}
    one = _read("Get model", "get_served_model", "Model", (*_ANYONE, "model_not_found"))
    name = {"name": "model", "in": "path", "required": True, "schema": _TEXT | {"minLength": 1}}
    document["paths"]["/v1/models/{model}"] = {"get": one | {"parameters": [name]}}
    document["tags"].insert(0, {"name": "inference", "description": "The model API, in OpenAI's form."})


def _call(kind: Scope, body: dict[str, Any]) -> dict[str, Any]:
    content = {"application/json": _schema("Embeddings" if kind is Scope.EMBEDDINGS else "Answer")}
    if kind is not Scope.EMBEDDINGS:
        content["text/event-stream"] = {"schema": _EVENT}
    return {
        "tags": ["inference"],
        "summary": _SUMMARIES[kind],
        "description": "Fields that are not named here pass to engines that take them.",
        "operationId": f"create_{kind.value}",
        "security": [{"api_key": []}, {"session": []}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {"200": {"description": "The answer.", "content": content}} | _errors(_CALLS),
    }


def _read(summary: str, name: str, answer: str, codes: tuple[str, ...]) -> dict[str, Any]:
    content = {"application/json": _schema(answer)}
    return {
        "tags": ["inference"],
        "summary": summary,
        "operationId": name,
        "security": [{"api_key": []}, {"session": []}],
        "responses": {"200": {"description": "What the caller may use.", "content": content}}
        | _errors(codes),
    }


def _schema(name: str) -> dict[str, Any]:
    return {"schema": {"$ref": f"#/components/schemas/{_NAMES}{name}"}}


def _errors(codes: tuple[str, ...]) -> dict[str, Any]:
    texts = defaultdict[str, list[str]](list)
    for code in codes:
        texts[str(PROBLEMS[code].status)].append(f"`{code}`: {PROBLEMS[code].en}")
    return {
        status: {"description": "\n\n".join(lines), "content": {"application/json": _schema("Error")}}
        for status, lines in texts.items()
    }
