"""/v1/batches: many requests in one file, answered within a day for less money."""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct
from starlette.routing import Route
from starlette.types import ASGIApp

from jixi.core.errors import Language, problem
from jixi.models.answers import Claim, FirstAnswers
from jixi.models.batches import Batch, Batches, Fault
from jixi.server._answer import json_answer
from jixi.server.openai._asked import Asked, AskedEndpoint, listing, seconds
from jixi.server.openai._endpoints import Authenticate
from jixi.server.openai._keyed import Keyed

_DEFAULT_PAGE, _MOST_PAGE = 20, 100
_MOST_METADATA: Final = 16
_LONGEST_KEY, _LONGEST_VALUE = 64, 512


class BatchRequest(Struct):
    """The body of POST /v1/batches; fields of OpenAI's that are not here are ignored."""

    input_file_id: Annotated[str, Meta(pattern="^[A-Za-z0-9_]{1,64}$")]
    endpoint: str
    completion_window: Literal["24h"]
    metadata: dict[str, str] | None = None


def batch_routes(batches: Batches, answers: FirstAnswers, authenticate: Authenticate) -> list[Route]:
    api = BatchesApi(batches, Keyed(answers))
    return [
        Route("/v1/batches", AskedEndpoint(authenticate, api.create), methods=["POST"]),
        Route("/v1/batches", AskedEndpoint(authenticate, api.list), methods=["GET"]),
        Route("/v1/batches/{id}", AskedEndpoint(authenticate, api.get), methods=["GET"]),
        Route("/v1/batches/{id}/cancel", AskedEndpoint(authenticate, api.cancel), methods=["POST"]),
    ]


class BatchesApi:
    def __init__(self, batches: Batches, keyed: Keyed) -> None:
        self._batches = batches
        self._keyed = keyed

    async def create(self, asked: Asked) -> ASGIApp:
        body: BatchRequest = await asked.body(BatchRequest)
        _check_metadata(body.metadata)

        async def make(claim: Claim | None) -> dict[str, Any]:
            batch = await self._batches.create(
                asked.caller,
                body.input_file_id,
                body.endpoint,
                owner=asked.owner,
                metadata=body.metadata,
                batch_id=claim and claim.id("batch"),
            )
            return _object(batch, asked.language)

        return await self._keyed.answer(asked, msgspec.json.encode(body), make)

    async def list(self, asked: Asked) -> ASGIApp:
        limit, page = asked.page(_DEFAULT_PAGE, _MOST_PAGE)
        found = await self._batches.page(asked.caller.tenant_id, page, owner=asked.owner)
        return json_answer(listing([_object(batch, asked.language) for batch in found], limit))

    async def get(self, asked: Asked) -> ASGIApp:
        batch = await self._batches.get(asked.caller.tenant_id, asked.id, owner=asked.owner)
        return json_answer(_object(batch, asked.language))

    async def cancel(self, asked: Asked) -> ASGIApp:
        batch = await self._batches.cancel(asked.caller.tenant_id, asked.id, owner=asked.owner)
        return json_answer(_object(batch, asked.language))


def _check_metadata(metadata: dict[str, str] | None) -> None:
    pairs = (metadata or {}).items()
    if len(pairs) > _MOST_METADATA:
        raise problem(
            "invalid_value", param="metadata", reason=f"metadata: it has {_MOST_METADATA} entries at most"
        )
    if any(len(key) > _LONGEST_KEY or len(value) > _LONGEST_VALUE for key, value in pairs):
        reason = f"metadata: a key has {_LONGEST_KEY} characters at most, a value {_LONGEST_VALUE}"
        raise problem("invalid_value", param="metadata", reason=reason)


def _object(batch: Batch, language: Language) -> dict[str, Any]:
    ended = {f"{ending}_at": None for ending in ("completed", "failed", "expired", "cancelled")}
    if batch.ended:
        ended[f"{batch.status}_at"] = seconds(batch.ended_at)  # pyright: ignore[reportArgumentType]
    faults = [_fault(fault, language) for fault in batch.faults]
    return {
        "id": batch.id,
        "object": "batch",
        "endpoint": batch.endpoint,
        "errors": {"object": "list", "data": faults} if faults else None,
        "input_file_id": batch.input_file_id,
        "completion_window": "24h",
        "status": batch.status,
        "output_file_id": batch.output_file_id if batch.ended else None,
        "error_file_id": batch.error_file_id if batch.ended else None,
        "created_at": seconds(batch.created_at),
        "in_progress_at": seconds(batch.in_progress_at),
        "expires_at": seconds(batch.expires_at),
        "finalizing_at": seconds(batch.finalizing_at),
        "cancelling_at": seconds(batch.cancelling_at),
        **ended,
        "request_counts": {"total": batch.total, "completed": batch.completed, "failed": batch.failed},
        "metadata": batch.metadata,
    }


def _fault(fault: Fault, language: Language) -> dict[str, Any]:
    error = fault.error()
    return {"code": error.code, "message": error.message(language), "param": error.param, "line": fault.line}
