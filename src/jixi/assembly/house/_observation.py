"""Observation: who is told of each call, joined from the settings."""

from collections import Counter
from collections.abc import Callable, Iterator

from jixi.assembly.house._outside import open_vault
from jixi.assembly.settings import Settings
from jixi.core.clock import Clock
from jixi.governance.audit import Keeping, Traces
from jixi.models.deployments import DeploymentStatus, Fleet
from jixi.models.gateway import Gateway
from jixi.storage import Database
from jixi.telemetry import (
    CallLog,
    CallObserver,
    Metrics,
    Running,
    RunningReplica,
    Sink,
    SpanExport,
    Target,
    Traffic,
)


class Observation:
    """The observer of calls and those behind it; nothing runs before `start`, and the gateway comes last of all.

    Without a fleet the metrics say nothing of deployments; `also` is who else is told of calls.
    """

    def __init__(
        self, settings: Settings, database: Database, clock: Clock, fleet: Fleet | None, *also: Sink
    ) -> None:
        self._fleet = fleet
        self._gateway: Gateway | None = None
        self.traces = Traces(database, clock, open_vault(settings), _keeping(settings))
        self.traffic = Traffic(clock, self._waiting)
        self.metrics = Metrics(self._running, self._targets, self._dropped, self._sources)
        self._spans = _spans(settings, self._sources)
        sinks: list[Sink] = [self.metrics, self.traffic, self.traces, *also]
        if settings.log_calls:
            sinks.append(CallLog())
        if self._spans is not None:
            sinks.append(self._spans)
        self.observer = CallObserver(sinks, keeps_content=settings.log_content != "off")

    def start(self) -> None:
        self.traces.start()
        if self._spans is not None:
            self._spans.start()
        self.observer.start()

    def watch(self, gateway: Gateway) -> None:
        """From now on there are queues and breakers to look at."""
        self._gateway = gateway

    async def close(self) -> None:
        """Keep what has been seen, then stop. Every call must have ended."""
        await self.observer.close()
        await self.traces.close()
        if self._spans is not None:
            await self._spans.close()

    def _dropped(self) -> dict[str, int]:
        spans = {} if self._spans is None else {"spans": self._spans.dropped}
        store = {"store": self.traces.dropped, "sampled": self.traces.sampled_out}
        return {"queue": self.observer.dropped} | store | spans

    def _running(self) -> Iterator[Running]:
        for each in () if self._fleet is None else self._fleet.models():
            yield _running(each)

    def _targets(self) -> Iterator[Target]:
        for route in () if self._gateway is None else self._gateway.routes():
            if route.kind != "alias":
                yield Target(
                    route.name,
                    sum(each.in_flight for each in route.replicas),
                    sum(each.waiting for each in route.replicas),
                    Counter(each.breaker for each in route.replicas),
                )

    def _waiting(self, tenant_id: str) -> int:
        return 0 if self._gateway is None else self._gateway.waiting(tenant_id)

    def _sources(self) -> dict[str, str]:
        """Who runs what is served under each public name: the engine of a deployment, the name of a provider."""
        routes = () if self._gateway is None else self._gateway.routes()
        return {route.name: route.source for route in routes}


def _running(status: DeploymentStatus) -> Running:
    replicas = tuple(
        RunningReplica(each.number, each.state, each.in_flight, each.tokens_per_second, each.resident_bytes)
        for each in status.replicas
    )
    return Running(
        name=status.name,
        ready=status.state == "ready",
        restarts=status.restarts,
        resident_bytes=sum(each.resident_bytes for each in replicas),
        wanted=status.wanted,
        queued=status.queued,
        replicas=replicas,
    )


def _spans(settings: Settings, sources: Callable[[], dict[str, str]]) -> SpanExport | None:
    if settings.otlp_endpoint is None:
        return None
    headers = {name: value.get_secret_value() for name, value in settings.otlp_headers.items()}
    return SpanExport(settings.otlp_endpoint, headers, sources)


def _keeping(settings: Settings) -> Keeping:
    return Keeping(
        traces=settings.traces_kept,
        days=settings.trace_days,
        per_second=settings.traces_per_second,
        content=settings.log_content,
        content_days=settings.content_days,
    )
