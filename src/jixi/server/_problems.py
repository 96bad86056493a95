"""The border where problems become answers: RFC 9457 under /api, once, for every kind of error."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from jixi.core.errors import JixiError, problem
from jixi.server._errors import PROBLEM_JSON
from jixi.server._policy import methods_at
from jixi.server._scope import header, language_of, request_id_of
from jixi.storage import DatabaseAwayError, DatabaseFullError
from jixi.wire import FieldProblem, ProblemDetails

_CHALLENGE: Final = 'Bearer realm="jixi"'
_MOST_FIELDS: Final = 50
_AWAY_S: Final = 2


def problem_response(
    scope: Mapping[str, Any], error: JixiError, fields: Sequence[FieldProblem] | None = None
) -> Response:
    """The answer for `error` in the reader's language; an input that it names stands among the fields."""
    language = language_of(scope)
    if not fields and error.param:
        fields = [FieldProblem(field=error.param, message=error.message(language))]
    details = ProblemDetails(
        type=f"urn:jixi:problem:{error.code}",
        title=error.code.replace("_", " ").capitalize(),
        status=error.problem.status,
        detail=error.message(language),
        code=error.code,
        remedy=error.remedy(language),
        instance=request_id_of(scope),
        errors=list(fields) if fields else None,
    )
    headers = {"Content-Language": language, "Cache-Control": "no-store"}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if error.problem.status == 401:
        headers["WWW-Authenticate"] = _CHALLENGE
    body = details.model_dump_json(exclude_none=True).encode()
    return Response(body, status_code=error.problem.status, headers=headers, media_type=PROBLEM_JSON)


def behind(error: JixiError | DatabaseAwayError) -> JixiError:
    """What a caller is told of it, whichever app it ended: a database that is away is a problem from here on."""
    if isinstance(error, JixiError):
        return error
    if isinstance(error, DatabaseFullError):
        return problem("database_full")
    return problem("database_unavailable", retry_after=_AWAY_S)


async def on_problem(request: Request, error: Exception) -> Response:
    if not isinstance(error, JixiError | DatabaseAwayError):
        raise error
    return problem_response(request.scope, behind(error))


async def on_validation(request: Request, error: Exception) -> Response:
    """A request that does not fit its type. The values sent are not repeated: one of them may be a password."""
    if not isinstance(error, RequestValidationError):
        raise error
    entries: Sequence[Any] = error.errors()
    first = entries[0]
    if first["type"] == "json_invalid":
        reason = f"{first['ctx']['error']} at character {first['loc'][-1]}"
        return problem_response(request.scope, problem("invalid_json", reason=reason))
    if not _is_json(request) and any(entry["loc"] == ("body",) for entry in entries):
        reason = "'Content-Type: application/json' is missing, or the body is empty"
        return problem_response(request.scope, problem("invalid_json", reason=reason))
    fields = [FieldProblem(field=_path(entry["loc"]), message=_sentence(entry["msg"])) for entry in entries]
    reason = f"{fields[0].field}: {fields[0].message}".rstrip(".")
    wrong = problem("invalid_value", param=fields[0].field, reason=reason)
    return problem_response(request.scope, wrong, fields[:_MOST_FIELDS])


def _is_json(request: Request) -> bool:
    return "json" in (header(request.scope, b"content-type") or "")


def _path(location: Sequence[str | int]) -> str:
    parts = [str(part) for part in location]
    if len(parts) > 1 and parts[0] in ("body", "query", "path", "header", "cookie"):
        parts = parts[1:]
    return ".".join(parts)[:200]


def _sentence(message: str) -> str:
    text = message.removeprefix("Value error, ")
    return f"{text[:1].upper()}{text[1:]}"[:300]


async def on_http_error(request: Request, error: Exception) -> Response:
    """What FastAPI and Starlette raise themselves: unknown addresses, wrong methods, bodies that cannot be read."""
    if not isinstance(error, HTTPException):
        raise error
    response = problem_response(request.scope, _meaning(request, error))
    if error.status_code == 405:
        response.headers["Allow"] = ", ".join(methods_at(request.app, request.scope["path"]))
    return response


def _meaning(request: Request, error: HTTPException) -> JixiError:
    if isinstance(error.__cause__, JixiError):
        return error.__cause__
    match error.status_code:
        case 404:
            return problem("not_found", noun="address")
        case 405:
            return problem("method_not_allowed", method=request.method)
        case _ if isinstance(error.__cause__, RecursionError):
            return problem("invalid_json", reason="it is nested too deeply")
        case 400:
            return problem("invalid_json", reason="it cannot be read")
        case _:
            return problem("invalid_value", reason=error.detail)


async def on_defect(request: Request, _error: Exception) -> Response:
    """Our own mistake: the border logs it with its traceback, the caller gets the id to quote."""
    return problem_response(request.scope, problem("internal_error", request_id=request_id_of(request.scope)))
