"""Files and batches in the OpenAPI document."""

from typing import Any, Final

from jixi.models.batches import ENDPOINTS
from jixi.server._model_document import ANYONE, call_errors

_ANYONE: Final = (*ANYONE, "scope_missing", "role_forbidden")
_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_TIME: Final = {"type": ["integer", "null"], "description": "Seconds since 1970 in UTC."}
_MAYBE: Final = {"type": ["string", "null"]}
_SCHEMAS: Final[dict[str, Any]] = {
    "File": {
        "type": "object",
        "required": ["id", "object", "bytes", "created_at", "expires_at", "filename", "purpose", "status"],
        "properties": {
            "id": _TEXT,
            "object": {"const": "file"},
            "bytes": _COUNT,
            "created_at": _TIME,
            "expires_at": _TIME,
            "filename": _TEXT,
            "purpose": {"enum": ["batch", "batch_output"]},
            "status": {"const": "processed"},
        },
    },
    "DeletedFile": {
        "type": "object",
        "required": ["id", "object", "deleted"],
        "properties": {"id": _TEXT, "object": {"const": "file"}, "deleted": {"const": True}},
    },
    "NewFile": {
        "type": "object",
        "required": ["file", "purpose"],
        "properties": {
            "file": {"type": "string", "format": "binary", "description": "One JSON request to a line."},
            "purpose": {"enum": ["batch"]},
        },
    },
    "NewBatch": {
        "type": "object",
        "required": ["input_file_id", "endpoint", "completion_window"],
        "properties": {
            "input_file_id": _TEXT | {"pattern": "^[A-Za-z0-9_]{1,64}$"},
            "endpoint": {"enum": list(ENDPOINTS)},
            "completion_window": {"const": "24h"},
            "metadata": {
                "type": ["object", "null"],
                "maxProperties": 16,
                "propertyNames": {"maxLength": 64},
                "additionalProperties": _TEXT | {"maxLength": 512},
            },
        },
    },
    "Batch": {
        "type": "object",
        "required": ["id", "object", "endpoint", "input_file_id", "status", "created_at", "request_counts"],
        "properties": {
            "id": _TEXT,
            "object": {"const": "batch"},
            "endpoint": {"enum": list(ENDPOINTS)},
            "errors": {"type": ["object", "null"], "description": "What is wrong, each with its line."},
            "input_file_id": _TEXT,
            "completion_window": {"const": "24h"},
            "status": {
                "enum": [
                    "validating",
                    "failed",
                    "in_progress",
                    "finalizing",
                    "completed",
                    "expired",
                    "cancelling",
                    "cancelled",
                ]
            },
            "output_file_id": _MAYBE,
            "error_file_id": _MAYBE,
            "created_at": _TIME,
            "in_progress_at": _TIME,
            "expires_at": _TIME,
            "finalizing_at": _TIME,
            "completed_at": _TIME,
            "failed_at": _TIME,
            "expired_at": _TIME,
            "cancelling_at": _TIME,
            "cancelled_at": _TIME,
            "request_counts": {
                "type": "object",
                "required": ["total", "completed", "failed"],
                "properties": {"total": _COUNT, "completed": _COUNT, "failed": _COUNT},
            },
            "metadata": {"type": ["object", "null"]},
        },
    },
}


def add_batch_api(document: dict[str, Any], prefix: str) -> None:
    """Put the paths of /v1/files and /v1/batches into `document`; the schemas' names begin with `prefix`."""
    made = {**_SCHEMAS, "Files": _list_of(prefix, "File"), "Batches": _list_of(prefix, "Batch")}
    document["components"]["schemas"].update({prefix + name: each for name, each in made.items()})
    say = _Sayer(prefix)
    form = {"multipart/form-data": {"schema": say.ref("NewFile")}}
    body = {"application/json": {"schema": say.ref("NewBatch")}}
    page, purpose = _page(10_000, 10_000), _query("purpose", {"enum": ["batch", "batch_output"]})
    full = ("invalid_value", "body_too_large", "blob_too_large", "quota_full", "disk_full")
    asked = ("invalid_json", "invalid_value", "body_too_large", "not_found", "quota_full")
    raw = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    document["paths"] |= {
        "/v1/files": {
            "post": say.operation("Upload a file", "create_file", "File", full, body=form),
            "get": say.operation(
                "List files", "list_files", "Files", ("invalid_value",), parameters=[*page, purpose]
            ),
        },
        "/v1/files/{id}": {
            "get": say.operation("Get file", "get_file", "File", ("not_found",), parameters=[_ID]),
            "delete": say.operation(
                "Delete file", "delete_file", "DeletedFile", ("not_found", "file_in_use"), parameters=[_ID]
            ),
        },
        "/v1/files/{id}/content": {
            "get": say.operation(
                "Get file content", "get_file_content", raw, ("not_found",), parameters=[_ID]
            )
        },
        "/v1/batches": {
            "post": say.operation("Create batch", "create_batch", "Batch", asked, body=body),
            "get": say.operation(
                "List batches", "list_batches", "Batches", ("invalid_value",), parameters=_page(20, 100)
            ),
        },
        "/v1/batches/{id}": {
            "get": say.operation("Get batch", "get_batch", "Batch", ("not_found",), parameters=[_ID])
        },
        "/v1/batches/{id}/cancel": {
            "post": say.operation("Cancel batch", "cancel_batch", "Batch", ("not_found",), parameters=[_ID])
        },
    }


class _Sayer:
    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def ref(self, name: str) -> dict[str, str]:
        return {"$ref": f"#/components/schemas/{self._prefix}{name}"}

    def operation(
        self,
        summary: str,
        name: str,
        answer: str | dict[str, Any],
        codes: tuple[str, ...],
        *,
        body: dict[str, Any] | None = None,
        parameters: list[dict[str, Any]] | None = None,
    ) -> dict[str, Any]:
        content = answer if isinstance(answer, dict) else {"application/json": {"schema": self.ref(answer)}}
        said: dict[str, Any] = {
            "tags": ["batches"],
            "summary": summary,
            "operationId": name,
            "security": [{"api_key": []}, {"session": []}],
            "responses": {"200": {"description": "As OpenAI answers.", "content": content}}
            | call_errors((*_ANYONE, *codes), self._prefix),
        }
        if body is not None:
            said["requestBody"] = {"required": True, "content": body}
        if parameters is not None:
            said["parameters"] = parameters
        return said


_ID: Final = {"name": "id", "in": "path", "required": True, "schema": _TEXT | {"minLength": 1}}


def _query(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema}


def _page(default: int, most: int) -> list[dict[str, Any]]:
    return [
        _query("limit", {"type": "integer", "minimum": 1, "maximum": most, "default": default}),
        _query("after", _TEXT | {"pattern": "^[A-Za-z0-9_]{0,64}$"}),
        _query("order", {"enum": ["asc", "desc"], "default": "desc"}),
    ]


def _list_of(prefix: str, name: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["object", "data", "first_id", "last_id", "has_more"],
        "properties": {
            "object": {"const": "list"},
            "data": {"type": "array", "items": {"$ref": f"#/components/schemas/{prefix}{name}"}},
            "first_id": _MAYBE,
            "last_id": _MAYBE,
            "has_more": {"type": "boolean"},
        },
    }
