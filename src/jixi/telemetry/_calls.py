"""What calls came to, by model and kind, as plain sums: Prometheus asks now and then, and calls end all the time."""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from msgspec import Struct, field
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from jixi.core.ports import Outcome, Settlement
from jixi.core.principal import Scope

_FIRST_TOKEN_S: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_CALL_S: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
_OUTCOMES: Final[tuple[Outcome, ...]] = ("ok", "failed", "cancelled", "interrupted")


class Spread(Struct):
    """How values spread over buckets: each counts in the first whose bound, included, is not below it."""

    bounds: tuple[float, ...]
    counts: list[int] = field(default_factory=list[int])
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def buckets(self) -> list[tuple[str, float]]:
        """As Prometheus has them: each with all that lies below it."""
        below, found = 0, list[tuple[str, float]]()
        for bound, count in zip((*map(float, self.bounds), "+Inf"), self.counts, strict=True):
            below += count
            found.append((str(bound), below))
        return found


class Spreads:
    """A spread for each model, as a collector of prometheus_client."""

    def __init__(self, name: str, text: str, bounds: tuple[float, ...]) -> None:
        self._name = name
        self._text = text
        self._bounds = bounds
        self._known: dict[str, Spread] = {}

    def of(self, model: str) -> Spread:
        found = self._known.get(model)
        if found is None:
            found = self._known[model] = Spread(self._bounds)
        return found

    def collect(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(self._name, self._text, labels=["model"])
        for model, found in self._known.items():
            family.add_metric([model], found.buckets(), found.total)
        yield family


class Series(Struct):
    """The sums of one model and kind of call, its money by currency, and how many calls are on their way."""

    outcomes: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(_OUTCOMES, 0))
    fresh_input: int = 0
    cached_input: int = 0
    output: int = 0
    micros: dict[str, int] = field(default_factory=dict[str, int])
    seconds: Spread = field(default_factory=lambda: Spread(_CALL_S))
    first_token: Spread = field(default_factory=lambda: Spread(_FIRST_TOKEN_S))
    running: int = 0
    streams: int = 0

    def count(self, settlement: Settlement, cost: int, currency: str) -> None:
        """A call has been charged."""
        usage = settlement.usage
        self.outcomes[settlement.outcome] += 1
        self.fresh_input += usage.input_tokens - usage.cached_input_tokens
        self.cached_input += usage.cached_input_tokens
        self.output += usage.output_tokens
        self.micros[currency] = self.micros.get(currency, 0) + cost
        self.seconds.observe(settlement.duration_ms / 1000)
        if settlement.first_token_ms is not None:
            self.first_token.observe(settlement.first_token_ms / 1000)


class Calls:
    """Every series, as a collector of prometheus_client."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, Scope], Series] = {}

    def series(self, model: str, kind: Scope) -> Series:
        found = self._known.get((model, kind))
        if found is None:
            found = self._known[model, kind] = Series()
        return found

    def collect(self) -> Iterator[Metric]:
        of = ["model", "kind"]
        calls = CounterMetricFamily("jixi_calls", "Calls that ended, by outcome.", labels=[*of, "outcome"])
        tokens = CounterMetricFamily("jixi_tokens", "Tokens charged, by class.", labels=[*of, "class"])
        micros = CounterMetricFamily(
            "jixi_cost_micros", "Charged money in millionths.", labels=[*of, "currency"]
        )
        seconds = HistogramMetricFamily("jixi_call_seconds", "Whole calls.", labels=of)
        first = HistogramMetricFamily(
            "jixi_first_token_seconds", "Streams, until their first token.", labels=of
        )
        running = GaugeMetricFamily("jixi_calls_running", "Calls on their way.", labels=of)
        streams = GaugeMetricFamily("jixi_streams_open", "Streams on their way.", labels=of)
        for (model, kind), found in self._known.items():
            labels = [model, kind.value]
            for currency, cost in found.micros.items():
                micros.add_metric([*labels, currency], cost)
            for outcome, count in found.outcomes.items():
                calls.add_metric([*labels, outcome], count)
            tokens.add_metric([*labels, "input"], found.fresh_input)
            tokens.add_metric([*labels, "cached_input"], found.cached_input)
            tokens.add_metric([*labels, "output"], found.output)
            seconds.add_metric(labels, found.seconds.buckets(), found.seconds.total)
            first.add_metric(labels, found.first_token.buckets(), found.first_token.total)
            running.add_metric(labels, found.running)
            streams.add_metric(labels, found.streams)
        yield from (calls, tokens, micros, seconds, first, running, streams)
