"""The request log: one line for each call, without a word of what was said."""

from collections.abc import Sequence

import structlog

from jixi.core.trace import CallTrace


class CallLog:
    """Writes `call_finished` for each trace, as a warning where the call failed by no wish of its caller."""

    def __init__(self) -> None:
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger()

    def take(self, traces: Sequence[CallTrace]) -> None:
        for trace in traces:
            write = self._log.info if trace.outcome in ("ok", "cancelled") else self._log.warning
            write(
                "call_finished",
                request_id=trace.request_id,
                tenant_id=trace.principal.tenant_id,
                key_id=trace.principal.key_id,
                member_id=trace.principal.member_id,
                model=trace.model[:200],
                target=trace.target,
                kind=trace.kind.value,
                dialect=trace.dialect,
                stream=trace.stream,
                outcome=trace.outcome,
                error_code=trace.error_code,
                attempts=len(trace.attempts),
                replayed=trace.replayed,
                input_tokens=trace.usage.input_tokens,
                output_tokens=trace.usage.output_tokens,
                cost_micros=trace.cost_micros,
                first_token_ms=trace.marks.get("first_token"),
                ms=max(trace.marks.values(), default=None),
            )
