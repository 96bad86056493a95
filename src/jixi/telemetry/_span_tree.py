"""From a trace to spans: the call, its wait in the queue, each attempt, the first token as an event."""

from collections.abc import Iterator, Mapping
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from jixi.core.trace import Attempt, CallTrace
from jixi.telemetry import _genai as names
from jixi.telemetry._context import Place, part_id, place_of

_OURS = "jixi"


class SpanTree:
    """Builds spans after the fact: it knows when each began and ended."""

    def __init__(self, version: str) -> None:
        self._resource = Resource({"service.name": _OURS, "service.version": version})
        self._scope = InstrumentationScope(_OURS, version)

    def spans(self, trace: CallTrace, sources: Mapping[str, str]) -> Iterator[ReadableSpan]:
        """The spans of one call, its own first; none where its caller does not want it sampled.

        `sources` names who runs each target.
        """
        place = place_of(trace.request_id, trace.context)
        if not place.sampled:
            return
        began = round(trace.began_at.timestamp() * 1e9)
        yield self._call(trace, place, began, sources.get(trace.target or "", _OURS))
        marks = trace.marks
        queued, dispatched = marks.get("queued"), marks.get("dispatched")
        if queued is not None and dispatched is not None:
            yield self._span(
                "queue",
                _context(place, part_id(trace.request_id, "queue")),
                _context(place, place.span_id),
                (_at(began, queued), _at(began, dispatched)),
            )
        for number, attempt in enumerate(trace.attempts):
            span_id = part_id(trace.request_id, f"attempt {number}")
            contexts = _context(place, span_id), _context(place, place.span_id)
            yield self._attempt(trace, attempt, began, contexts, sources.get(attempt.target, _OURS))

    def _call(self, trace: CallTrace, place: Place, began: int, provider: str) -> ReadableSpan:
        caller, marks, usage = trace.principal, trace.marks, trace.usage
        operation = _operation(trace)
        first = marks.get("first_token")
        told: dict[str, Any] = {
            names.OPERATION: operation,
            names.PROVIDER: provider,
            names.REQUEST_MODEL: trace.model,
            names.REQUEST_STREAM: trace.stream,
            names.RESPONSE_MODEL: trace.target,
            names.INPUT_TOKENS: usage.input_tokens,
            names.CACHED_INPUT_TOKENS: usage.cached_input_tokens,
            names.OUTPUT_TOKENS: usage.output_tokens,
            names.FIRST_CHUNK_S: None if first is None else first / 1000,
            names.ERROR_TYPE: trace.error_code,
            names.REQUEST_ID: trace.request_id,
            names.TENANT_ID: caller.tenant_id,
            names.KEY_ID: caller.key_id,
            names.MEMBER_ID: caller.member_id,
            names.DIALECT: trace.dialect,
            names.OUTCOME: trace.outcome,
            names.REPLAYED: trace.replayed,
            names.COST_MICROS: trace.cost_micros,
            names.CURRENCY: trace.currency or None,
        }
        parent = None if place.parent_id is None else _context(place, place.parent_id, remote=True)
        return self._span(
            f"{operation} {trace.model}".strip(),
            _context(place, place.span_id),
            parent,
            (began, _at(began, max(marks.values(), default=0))),
            kind=SpanKind.SERVER,
            told=told,
            first_token=None if first is None else _at(began, first),
        )

    def _attempt(
        self,
        trace: CallTrace,
        attempt: Attempt,
        began: int,
        contexts: tuple[SpanContext, SpanContext],
        provider: str,
    ) -> ReadableSpan:
        first, ended, operation = attempt.first_token_ms, attempt.ended_ms, _operation(trace)
        told = {
            names.OPERATION: operation,
            names.PROVIDER: provider,
            names.REQUEST_MODEL: attempt.target,
            names.HTTP_STATUS: attempt.status,
            names.ERROR_TYPE: attempt.error_code,
        }
        return self._span(
            f"{operation} {attempt.target}",
            *contexts,
            (
                _at(began, attempt.started_ms),
                _at(began, max(trace.marks.values(), default=attempt.started_ms) if ended is None else ended),
            ),
            kind=SpanKind.CLIENT,
            told=told,
            first_token=None if first is None else _at(began, first),
        )

    def _span(
        self,
        name: str,
        context: SpanContext,
        parent: SpanContext | None,
        times: tuple[int, int],
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        told: Mapping[str, Any] | None = None,
        first_token: int | None = None,
    ) -> ReadableSpan:
        known = {key: value for key, value in (told or {}).items() if value is not None}
        failed = known.get(names.ERROR_TYPE)
        return ReadableSpan(
            name=name,
            context=context,
            parent=parent,
            resource=self._resource,
            attributes=known,
            events=() if first_token is None else (Event("first_token", timestamp=first_token),),
            kind=kind,
            status=Status(StatusCode.ERROR, failed) if failed else Status(),
            start_time=times[0],
            end_time=max(times),
            instrumentation_scope=self._scope,
        )


def _operation(trace: CallTrace) -> str:
    return names.OPERATIONS.get(trace.kind.value, trace.kind.value)


def _context(place: Place, span_id: int, *, remote: bool = False) -> SpanContext:
    return SpanContext(place.trace_id, span_id, is_remote=remote, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _at(began: int, ms: float) -> int:
    return began + round(ms * 1e6)
