"""The lines of the output file and of the error file, in OpenAI's form."""

from typing import Any

import msgspec
from msgspec import Raw

from jixi.core.errors import JixiError, problem
from jixi.models.batches._values import Batch, Ending, Fault, Line, Written
from jixi.models.gateway import openai_error

_encode = msgspec.json.Encoder().encode


def answered(line: Line, request_id: str, body: bytes) -> Written:
    """The answer as the gateway gave it."""
    response = {"status_code": 200, "request_id": request_id, "body": Raw(body)}
    return Written(number=line.number, ok=True, body=_entry(line.custom_id, request_id, response, None))


def refused(line: Line, request_id: str, error: JixiError) -> Written:
    """The answer that the caller would have got from /v1."""
    response = {
        "status_code": error.problem.status,
        "request_id": request_id,
        "body": openai_error(error),
    }
    return Written(number=line.number, ok=False, body=_entry(line.custom_id, request_id, response, None))


def never_run(batch: Batch, line: Line) -> bytes:
    """The line of a request that the end of its batch came before."""
    error = rest_of(batch.ending or "failed", batch.rest)
    told = {"code": error.code, "message": f"{error.message()} {error.remedy()}"}
    return _entry(line.custom_id, f"{batch.id}.{line.number}", None, told)


def rest_of(ending: Ending, rest: Fault | None) -> JixiError:
    """Why the lines that were never run were not."""
    if rest is not None:
        return rest.error()
    return problem("batch_expired" if ending == "expired" else "batch_cancelled")


def _entry(custom_id: str, request_id: str, response: dict[str, Any] | None, error: Any) -> bytes:
    entry = {
        "id": f"batch_req_{request_id.removeprefix('batch_')}",
        "custom_id": custom_id,
        "response": response,
        "error": error,
    }
    return _encode(entry) + b"\n"
