"""Metrics that need the whole way of a call: attempts, retries, waiting, pace, replays, refusals."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Final, NamedTuple

import prometheus_client as prometheus

from jixi.core.trace import Attempt, CallTrace
from jixi.telemetry._calls import Spread, Spreads

_QUEUE_S: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60)
_PACE: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_NAMES: Final = 1000
OTHER: Final = "other"
"""The model of calls for names that nothing is served under: callers may make up as many as they like."""


_Answered = Counter[tuple[str, int | None, bool]]
"""Attempts by their target, the status of its answer, and whether that was good."""


class _Way(NamedTuple):
    """The series of one model, looked up once."""

    retries: prometheus.Counter
    fallbacks: prometheus.Counter
    replays: prometheus.Counter
    queue: Spread
    pace: Spread


class TraceMetrics:
    """Counts traces. Model names become labels where there is such a name, or a call by it got as far as the ledger."""

    def __init__(self, registry: prometheus.CollectorRegistry, names: Callable[[], Collection[str]]) -> None:
        def counter(name: str, text: str, *labels: str) -> prometheus.Counter:
            return prometheus.Counter(name, text, labels, registry=registry)

        def spreads(name: str, text: str, bounds: tuple[float, ...]) -> Spreads:
            made = Spreads(name, text, bounds)
            registry.register(made)
            return made

        self._attempts = counter(
            "jixi_attempts", "Requests to targets, by their answer.", "target", "outcome", "status"
        )
        self._retries = counter("jixi_retries", "Attempts after a failed one at the same target.", "model")
        self._fallbacks = counter("jixi_fallbacks", "Attempts after a failed one at another target.", "model")
        self._replays = counter("jixi_cache_hits", "Answers from the response cache.", "model")
        self._refused = counter(
            "jixi_calls_refused", "Calls refused before any model.", "model", "kind", "code"
        )
        self._queue = spreads("jixi_queue_seconds", "Calls, waiting for a place.", _QUEUE_S)
        self._pace = spreads("jixi_output_tokens_per_second", "Streams, after their first token.", _PACE)
        self._names = names
        self._ways: dict[str, _Way] = {}

    def take(self, traces: Sequence[CallTrace]) -> None:
        answered = _Answered()
        for trace in traces:
            marks = trace.marks
            if "reserved" in marks:
                self._count(trace, self._way(trace.model), answered)
            elif trace.outcome != "ok":
                self._refused.labels(
                    self._name(trace.model), trace.kind.value, trace.error_code or OTHER
                ).inc()
        for (target, status, good), count in answered.items():
            self._attempts.labels(target, "ok" if good else "failed", _status(status)).inc(count)

    def _count(self, trace: CallTrace, way: _Way, answered: _Answered) -> None:
        marks = trace.marks
        if trace.replayed:
            way.replays.inc()
        if (dispatched := marks.get("dispatched")) is not None:
            way.queue.observe((dispatched - marks.get("queued", dispatched)) / 1000)
        self._count_attempts(trace.attempts, way, answered)
        first, last = marks.get("first_token"), marks.get("last_token")
        if trace.stream and first is not None and last is not None and last > first:
            way.pace.observe(max(0, trace.usage.output_tokens - 1) * 1000 / (last - first))

    def _count_attempts(self, attempts: Sequence[Attempt], way: _Way, answered: _Answered) -> None:
        before: Attempt | None = None
        for each in attempts:
            answered[each.target, each.status, each.error_code is None] += 1
            if before is not None and before.error_code is not None:
                (way.retries if each.target == before.target else way.fallbacks).inc()
            before = each

    def _name(self, model: str) -> str:
        """The label of a model that may not exist."""
        if model not in self._ways and model in self._names():
            self._way(model)
        return model if model in self._ways else OTHER

    def _way(self, model: str) -> _Way:
        found = self._ways.get(model)
        if found is None:
            name = model if len(self._ways) < _NAMES else OTHER
            found = self._ways[name] = self._ways.get(name) or self._make(name)
        return found

    def _make(self, name: str) -> _Way:
        return _Way(
            retries=self._retries.labels(name),
            fallbacks=self._fallbacks.labels(name),
            replays=self._replays.labels(name),
            queue=self._queue.of(name),
            pace=self._pace.of(name),
        )


def _status(status: int | None) -> str:
    if status is None:
        return "none"
    return str(status) if 100 <= status <= 599 else OTHER
