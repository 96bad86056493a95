"""Metrics for Prometheus: what was called, what it used and cost, how long it took, what is running."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from jixi.core.errors import JixiError
from jixi.core.ports import Hold, Meter, Outcome, Reservation, Settlement
from jixi.core.principal import Scope
from jixi.core.usage import Usage

METRICS_TYPE: Final = CONTENT_TYPE_LATEST
_FIRST_TOKEN_S: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_CALL_S: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class Running(NamedTuple):
    """A deployment, as a scrape finds it."""

    name: str
    ready: bool
    restarts: int
    resident_bytes: int


class _Series(NamedTuple):
    """The time series of one model and one kind of call, looked up once."""

    outcomes: dict[Outcome, Counter]
    fresh_input: Counter
    cached_input: Counter
    output: Counter
    micros: Counter
    seconds: Histogram
    first_token: Histogram
    running: Gauge


class Metrics:
    """Every metric of one process. `deployments` is asked at each scrape."""

    def __init__(self, deployments: Callable[[], Iterable[Running]]) -> None:
        self._registry = CollectorRegistry()
        model = ("model", "kind")

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, labels, registry=self._registry)

        self._calls = counter("jixi_calls", "Calls that ended, by outcome.", *model, "outcome")
        self._refused = counter("jixi_calls_refused", "Calls that the ledger refused.", *model, "code")
        self._tokens = counter("jixi_tokens", "Tokens charged, by class.", *model, "class")
        self._micros = counter("jixi_cost_micros", "Charged money in millionths.", *model, "currency")
        self._seconds = Histogram(
            "jixi_call_seconds", "Whole calls.", model, buckets=_CALL_S, registry=self._registry
        )
        self._first_token = Histogram(
            "jixi_first_token_seconds",
            "Streams, until their first token.",
            model,
            buckets=_FIRST_TOKEN_S,
            registry=self._registry,
        )
        self._running = Gauge("jixi_calls_running", "Calls on their way.", model, registry=self._registry)
        self._known: dict[tuple[str, Scope, str], _Series] = {}
        self._registry.register(_Deployments(deployments))

    def render(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self._registry)

    def refused(self, reservation: Reservation, code: str) -> None:
        self._refused.labels(reservation.model, reservation.kind.value, code).inc()

    def series(self, hold: Hold) -> _Series:
        """The series of a call's model."""
        key = (hold.reservation.model, hold.reservation.kind, hold.price.currency)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._make(*key)
        return found

    def _make(self, model: str, kind: Scope, currency: str) -> _Series:
        labels = (model, kind.value)
        outcomes: tuple[Outcome, ...] = ("ok", "failed", "cancelled", "interrupted")
        return _Series(
            outcomes={outcome: self._calls.labels(*labels, outcome) for outcome in outcomes},
            fresh_input=self._tokens.labels(*labels, "input"),
            cached_input=self._tokens.labels(*labels, "cached_input"),
            output=self._tokens.labels(*labels, "output"),
            micros=self._micros.labels(*labels, currency),
            seconds=self._seconds.labels(*labels),
            first_token=self._first_token.labels(*labels),
            running=self._running.labels(*labels),
        )


class CountingMeter:
    """A meter that counts what passes through it. A call counts once its charge is durable."""

    def __init__(self, meter: Meter, metrics: Metrics) -> None:
        self._meter = meter
        self._metrics = metrics

    async def reserve(self, reservation: Reservation) -> Hold:
        try:
            hold = await self._meter.reserve(reservation)
        except JixiError as error:
            self._metrics.refused(reservation, error.code)
            raise
        self._metrics.series(hold).running.inc()
        return hold

    async def settle(self, hold: Hold, settlement: Settlement) -> int:
        series = self._metrics.series(hold)
        try:
            cost = await self._meter.settle(hold, settlement)
        finally:
            series.running.dec()
        _count(series, settlement, cost)
        return cost

    def progress(self, hold: Hold, usage: Usage) -> None:
        self._meter.progress(hold, usage)


def _count(series: _Series, settlement: Settlement, cost: int) -> None:
    usage = settlement.usage
    series.outcomes[settlement.outcome].inc()
    series.fresh_input.inc(usage.input_tokens - usage.cached_input_tokens)
    series.cached_input.inc(usage.cached_input_tokens)
    series.output.inc(usage.output_tokens)
    series.micros.inc(cost)
    series.seconds.observe(settlement.duration_ms / 1000)
    if settlement.first_token_ms is not None:
        series.first_token.observe(settlement.first_token_ms / 1000)


class _Deployments:
    """What is served, asked when Prometheus asks."""

    def __init__(self, found: Callable[[], Iterable[Running]]) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        ready = GaugeMetricFamily("jixi_deployment_ready", "Whether it answers.", labels=["model"])
        restarts = CounterMetricFamily("jixi_deployment_restarts", "Engines started again.", labels=["model"])
        memory = GaugeMetricFamily(
            "jixi_deployment_resident_bytes", "Memory of its engine.", labels=["model"]
        )
        for each in self._found():
            ready.add_metric([each.name], float(each.ready))
            restarts.add_metric([each.name], each.restarts)
            memory.add_metric([each.name], each.resident_bytes)
        yield from (ready, restarts, memory)
