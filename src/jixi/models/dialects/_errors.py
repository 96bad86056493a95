"""Errors: our problems in Anthropic's form, and the vendors' own errors from one form to the other."""

import re
from typing import Any, Final, cast

import msgspec

from jixi.core.errors import PROBLEMS, JixiError, Language

OVERLOADED: Final = 529
_KINDS: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    OVERLOADED: "overloaded_error",
}
_OVERLOADS: Final = frozenset({"overloaded", "model_unavailable"})
_TOO_LONG: Final = re.compile(r"prompt is too long|exceed.{0,20}context|maximum context", re.IGNORECASE)


def anthropic_status(error: JixiError) -> int:
    """The status in Anthropic's form: what is worth another try in a moment is 529."""
    return OVERLOADED if error.code in _OVERLOADS else error.problem.status


def anthropic_error(
    error: JixiError, language: Language = "en", request_id: str | None = None
) -> dict[str, Any]:
    """A problem in the form that Anthropic's clients read."""
    message, remedy = error.message(language), error.remedy(language)
    return _error(
        _kind(anthropic_status(error)),
        f"{message} {remedy}" if language == "en" else message + remedy,
        code=error.code,
        param=error.param,
        request_id=request_id,
    )


def error_to_anthropic(error: dict[str, Any] | str, *, request_id: str | None = None) -> bytes:
    """The `error` of a body or a chunk in OpenAI's form as Anthropic's event or body."""
    fields = {"message": error} if isinstance(error, str) else error
    code = fields.get("code")
    known = PROBLEMS.get(code) if isinstance(code, str) else None
    status = 500 if known is None else OVERLOADED if known.code in _OVERLOADS else known.status
    param = fields.get("param")
    return msgspec.json.encode(
        _error(
            _kind(status),
            str(fields.get("message") or "The answer failed."),
            code=code if isinstance(code, str) else None,
            param=param if isinstance(param, str) else None,
            request_id=request_id,
        )
    )


def error_to_openai(error: dict[str, Any]) -> bytes:
    """The `error` of Anthropic's body or event as a body, or the payload of a chunk, in OpenAI's form."""
    kind, message = str(error.get("type") or "api_error"), str(error.get("message") or "")
    code = "context_length_exceeded" if _TOO_LONG.search(message) else None
    return msgspec.json.encode(
        {"error": {"message": message or kind, "type": kind, "param": None, "code": code or kind}}
    )


def error_body_to_openai(status: int, body: bytes) -> tuple[int, bytes]:
    """A refusal of Anthropic's, status and body, in OpenAI's form; a body that is none of theirs is kept as a text."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        found = None
    fields = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    error = fields.get("error")
    if not isinstance(error, dict):
        error = {"type": _kind(status), "message": body[:300].decode(errors="replace")}
    return (503 if status == OVERLOADED else status), error_to_openai(cast("dict[str, Any]", error))


def _kind(status: int) -> str:
    return _KINDS.get(status) or ("invalid_request_error" if status < 500 else "api_error")


def _error(
    kind: str, message: str, *, code: str | None, param: str | None, request_id: str | None
) -> dict[str, Any]:
    error: dict[str, Any] = {"type": kind, "message": message}
    if code is not None:
        error["details"] = {"error_code": code, "param": param}
    return {"type": "error", "error": error, "request_id": request_id}
