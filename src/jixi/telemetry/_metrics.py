"""Metrics for Prometheus: what was called, what it used and cost, how long it took, what is running."""

import asyncio
from collections import Counter as Counts
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from jixi.core.ports import Hold, Meter, Reservation, Settlement
from jixi.core.principal import Principal
from jixi.core.trace import CallTrace
from jixi.core.usage import Usage
from jixi.telemetry._calls import Calls, Series
from jixi.telemetry._trace_metrics import TraceMetrics
from jixi.telemetry._traffic import Traffic

METRICS_TYPE: Final = CONTENT_TYPE_LATEST


class RunningReplica(NamedTuple):
    """A replica, as a scrape finds it."""

    number: int
    state: str
    in_flight: int
    tokens_per_second: float
    resident_bytes: int


class Running(NamedTuple):
    """A deployment, as a scrape finds it."""

    name: str
    ready: bool
    restarts: int
    resident_bytes: int
    wanted: int = 1
    queued: int = 0
    replicas: tuple[RunningReplica, ...] = ()


class Target(NamedTuple):
    """What calls are sent to, as a scrape finds it; `breakers` counts its replicas by the state of their breaker."""

    name: str
    in_flight: int
    waiting: int
    breakers: Mapping[str, int]


class Metrics:
    """Every metric of one process. `deployments`, `targets` and `dropped` are asked at each scrape.

    `dropped` tells how many traces each of their takers had to let go, `names` every public name that is served.
    """

    def __init__(
        self,
        deployments: Callable[[], Iterable[Running]],
        targets: Callable[[], Iterable[Target]] = tuple[Target, ...],
        dropped: Callable[[], Mapping[str, int]] = dict[str, int],
        names: Callable[[], Collection[str]] = tuple[str, ...],
    ) -> None:
        self._registry = CollectorRegistry()
        self._traces = TraceMetrics(self._registry, names)
        self.calls = Calls()
        self._registry.register(self.calls)
        self.ledger_discrepancies = _Discrepancies()
        self._registry.register(self.ledger_discrepancies)
        self._registry.register(_Deployments(deployments))
        self._registry.register(_Targets(targets))
        self._registry.register(_Dropped(dropped))

    def render(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self._registry)

    def take(self, traces: Sequence[CallTrace]) -> None:
        """Count what only the whole way of a call shows."""
        self._traces.take(traces)


class CountingMeter:
    """A meter that counts what passes through it. A call counts once its charge is durable."""

    def __init__(self, meter: Meter, metrics: Metrics, traffic: Traffic) -> None:
        self._meter = meter
        self._series = metrics.calls.series
        self._traffic = traffic

    async def reserve(self, reservation: Reservation) -> Hold:
        hold = await self._meter.reserve(reservation)
        series = self._series(reservation.model, reservation.kind)
        series.running += 1
        series.streams += reservation.stream
        self._traffic.began(reservation.principal.tenant_id)
        return hold

    async def settle(self, hold: Hold, settlement: Settlement) -> int | None:
        series = self._series(hold.reservation.model, hold.reservation.kind)
        try:
            cost = await self._meter.settle(hold, settlement)
        except asyncio.CancelledError:
            # Whoever is cancelled here settles again, and the call runs until then.
            raise
        except BaseException:
            self._ended(series, hold)
            raise
        self._ended(series, hold)
        if cost is not None:
            series.count(settlement, cost, hold.price.currency)
        return cost

    def _ended(self, series: Series, hold: Hold) -> None:
        series.running -= 1
        series.streams -= hold.reservation.stream
        self._traffic.ended(hold.reservation.principal.tenant_id)

    async def tally(self, principal: Principal, model: str) -> None:
        await self._meter.tally(principal, model)

    def progress(self, hold: Hold, usage: Usage, target: str | None = None) -> None:
        self._meter.progress(hold, usage, target)


class _Discrepancies:
    """What the last audit of the ledger found; a process that has made none says nothing of it."""

    def __init__(self) -> None:
        self._found: float | None = None

    def set(self, value: float) -> None:
        self._found = value

    def collect(self) -> Iterator[Metric]:
        text = "Sums that are not those of their charges and holds; anything but 0 is an alarm."
        family = GaugeMetricFamily("jixi_ledger_discrepancies", text)
        if self._found is not None:
            family.add_metric([], self._found)
        yield family


class _Deployments:
    """What is served, asked when Prometheus asks."""

    def __init__(self, found: Callable[[], Iterable[Running]]) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        def gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
            return GaugeMetricFamily(name, text, labels=["model", *labels])

        ready = gauge("jixi_deployment_ready", "Whether it answers.")
        restarts = CounterMetricFamily("jixi_deployment_restarts", "Engines started again.", labels=["model"])
        memory = gauge("jixi_deployment_resident_bytes", "Memory of its engines.")
        wanted = gauge("jixi_deployment_wanted", "Replicas that there should be.")
        queue = gauge("jixi_deployment_queue", "Calls that wait for a place at it.")
        states = gauge("jixi_deployment_replicas", "Its replicas, by state.", "state")
        calls = gauge("jixi_replica_calls", "Calls at a replica.", "replica")
        pace = gauge("jixi_replica_tokens_per_second", "Tokens that a replica makes.", "replica")
        held = gauge("jixi_replica_resident_bytes", "Memory of a replica's engine.", "replica")
        for each in self._found():
            ready.add_metric([each.name], float(each.ready))
            restarts.add_metric([each.name], each.restarts)
            memory.add_metric([each.name], each.resident_bytes)
            wanted.add_metric([each.name], each.wanted)
            queue.add_metric([each.name], each.queued)
            for state, count in Counts(replica.state for replica in each.replicas).items():
                states.add_metric([each.name, state], count)
            for replica in each.replicas:
                labels = [each.name, str(replica.number)]
                calls.add_metric(labels, replica.in_flight)
                pace.add_metric(labels, replica.tokens_per_second)
                held.add_metric(labels, replica.resident_bytes)
        yield from (ready, restarts, memory, wanted, queue, states, calls, pace, held)


class _Targets:
    """Queues and breakers, asked when Prometheus asks."""

    def __init__(self, found: Callable[[], Iterable[Target]]) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        flying = GaugeMetricFamily("jixi_target_calls", "Calls at a target.", labels=["target"])
        waiting = GaugeMetricFamily("jixi_target_waiting", "Calls waiting for a target.", labels=["target"])
        breakers = GaugeMetricFamily(
            "jixi_target_breakers", "Replicas, by the state of their breaker.", labels=["target", "state"]
        )
        for each in self._found():
            flying.add_metric([each.name], each.in_flight)
            waiting.add_metric([each.name], each.waiting)
            for state, count in each.breakers.items():
                breakers.add_metric([each.name, state], count)
        yield from (flying, waiting, breakers)


class _Dropped:
    """Traces that were let go, asked when Prometheus asks."""

    def __init__(self, found: Callable[[], Mapping[str, int]]) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        dropped = CounterMetricFamily("jixi_traces_dropped", "Traces let go for want of room.", labels=["at"])
        for place, count in self._found().items():
            dropped.add_metric([place], count)
        yield dropped
