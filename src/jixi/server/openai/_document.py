"""The model API in the OpenAPI document: what Jixi reads and answers; other fields of OpenAI's pass to the engine."""

from typing import Any, Final

from jixi.core.principal import Scope
from jixi.models.gateway import PATHS, request_schemas
from jixi.server._model_document import ANYONE, CALLS, call_errors, schema_ref
from jixi.server.openai._document_batches import add_batch_api
from jixi.server.openai._document_media import SOUND_AND_IMAGES

_NAMES: Final = "OpenAI"
_REF: Final = f"#/components/schemas/{_NAMES}{{name}}"
_SUMMARIES: Final = {
    Scope.CHAT: "Create chat completion",
    Scope.COMPLETIONS: "Create completion",
    Scope.EMBEDDINGS: "Create embeddings",
    Scope.RERANK: "Rank documents",
    Scope.CLASSIFY: "Classify texts",
    Scope.TRANSCRIPTIONS: "Create transcription",
    Scope.SPEECH: "Create speech",
    Scope.IMAGES: "Create images",
}
_ANSWERS: Final = {
    Scope.EMBEDDINGS: "Embeddings",
    Scope.RERANK: "Ranking",
    Scope.CLASSIFY: "Classes",
    Scope.TRANSCRIPTIONS: "Transcript",
    Scope.IMAGES: "Images",
}
_COUNT: Final = {"type": "integer", "minimum": 0}
_TEXT: Final = {"type": "string"}
_EVENT: Final = {
    "type": "object",
    "description": "With `stream`: chunks in OpenAI's form, the last one `[DONE]`, or an error and no `[DONE]`.",
    "required": ["data"],
    "properties": {"data": _TEXT},
}
_OBJECTS: Final[dict[str, Any]] = SOUND_AND_IMAGES | {
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
    "Ranking": {
        "type": "object",
        "required": ["id", "object", "model", "results", "usage"],
        "properties": {
            "id": _TEXT,
            "object": {"const": "list"},
            "model": _TEXT,
            "results": {
                "type": "array",
                "description": "The best first.",
                "items": {
                    "type": "object",
                    "required": ["index", "relevance_score"],
                    "properties": {
                        "index": _COUNT | {"description": "Its place in the request."},
                        "relevance_score": {"type": "number"},
                        "document": {"type": "object", "properties": {"text": _TEXT}},
                    },
                },
            },
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
    document["paths"]["/v1/models"] = {"get": _read("List models", "list_served_models", "Models", ANYONE)}
    one = _read("Get model", "get_served_model", "Model", (*ANYONE, "model_not_found"))
    name = {"name": "model", "in": "path", "required": True, "schema": _TEXT | {"minLength": 1}}
    document["paths"]["/v1/models/{model}"] = {"get": one | {"parameters": [name]}}
    add_batch_api(document, _NAMES)
    document["tags"].insert(0, {"name": "batches", "description": "Files and batches, in OpenAI's form."})
    document["tags"].insert(0, {"name": "inference", "description": "The model API, in OpenAI's form."})


def _call(kind: Scope, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "tags": ["inference"],
        "summary": _SUMMARIES[kind],
        "description": "Fields that are not named here pass to engines that take them.",
        "operationId": f"create_{kind.value}",
        "security": [{"api_key": []}, {"session": []}],
        "requestBody": {"required": True, "content": _asked(kind, body)},
        "responses": {"200": {"description": "The answer.", "content": _answered(kind)}}
        | call_errors(CALLS, _NAMES),
    }


def _asked(kind: Scope, body: dict[str, Any]) -> dict[str, Any]:
    if kind is not Scope.TRANSCRIPTIONS:
        return {"application/json": {"schema": body}}
    file = {"type": "object", "required": ["file"], "properties": {"file": _TEXT | {"format": "binary"}}}
    return {"multipart/form-data": {"schema": {"allOf": [body, file]}}}


def _answered(kind: Scope) -> dict[str, Any]:
    if kind is Scope.SPEECH:
        return {"audio/*": {"schema": _TEXT | {"format": "binary"}}, "text/event-stream": {"schema": _EVENT}}
    content = {"application/json": schema_ref(_NAMES, _ANSWERS.get(kind, "Answer"))}
    if kind is Scope.TRANSCRIPTIONS:
        content |= {"text/plain": {"schema": _TEXT}, "text/vtt": {"schema": _TEXT}}
    if kind not in _ANSWERS:
        content["text/event-stream"] = {"schema": _EVENT}
    return content


def _read(summary: str, name: str, answer: str, codes: tuple[str, ...]) -> dict[str, Any]:
    content = {"application/json": schema_ref(_NAMES, answer)}
    return {
        "tags": ["inference"],
        "summary": summary,
        "operationId": name,
        "security": [{"api_key": []}, {"session": []}],
        "responses": {"200": {"description": "What the caller may use.", "content": content}}
        | call_errors(codes, _NAMES),
    }
