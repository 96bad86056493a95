"""What Prometheus is told: exactly what the ledger was."""

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from jixi.core.money import Price
from jixi.core.ports import Hold, Reservation, Settlement
from jixi.core.principal import Principal, Role, Scope
from jixi.core.trace import Attempt
from jixi.core.usage import Usage
from jixi.telemetry import CountingMeter, Metrics, Running, RunningReplica, Target, Traffic, merged_metrics
from tests.clocks import FrozenClock
from tests.traces import call, refused

CALLER = Principal(tenant_id="ten_a", member_id="mem_a", role=Role.DEVELOPER)
PRICE = Price(model="m", currency="CNY", input_micros=1, cached_input_micros=1, output_micros=1, version=1)


class Till:
    """A meter that takes `cost` micro-units for everything, once `closed` is over."""

    def __init__(self) -> None:
        self.noted: list[Usage] = []
        self.cost: int | None = 7
        self.open = asyncio.Event()
        self.open.set()

    async def reserve(self, reservation: Reservation) -> Hold:
        return Hold(
            reservation=reservation,
            price=PRICE,
            amount_micros=9,
            opened_at=datetime(2026, 11, 23, tzinfo=UTC),
        )

    async def settle(self, hold: Hold, settlement: Settlement) -> int | None:
        await self.open.wait()
        return self.cost

    async def tally(self, principal: Principal, model: str) -> None:
        pass

    def progress(self, hold: Hold, usage: Usage, target: str | None = None) -> None:
        self.noted.append(usage)


def _call(request_id: str = "req_1") -> Reservation:
    return Reservation(
        request_id=request_id,
        principal=CALLER,
        model="m",
        kind=Scope.CHAT,
        max_input_tokens=1,
        max_output_tokens=1,
        stream=True,
    )


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(lambda: [Running("m", True, 3, 4096), Running("n", False, 0, 0)])


Told = Mapping[tuple[str, frozenset[str]], float]


def _told(metrics: Metrics) -> Told:
    """The value of every sample by its name and its labels' values."""
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        (sample.name, frozenset(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def _of(*labels: str) -> frozenset[str]:
    return frozenset(labels)


async def test_a_call_is_counted_with_its_tokens_money_and_times(
    metrics: Metrics, clock: FrozenClock
) -> None:
    till = Till()
    meter = CountingMeter(till, metrics, Traffic(clock))
    hold = await meter.reserve(_call())
    assert _told(metrics)["jixi_calls_running", _of("m", "chat")] == 1
    used = Usage(input_tokens=10, cached_input_tokens=4, output_tokens=20)
    meter.progress(hold, used)
    assert till.noted == [used]
    assert (
        await meter.settle(hold, Settlement(outcome="ok", usage=used, first_token_ms=200, duration_ms=900))
        == 7
    )
    told = _told(metrics)
    assert told["jixi_calls_running", _of("m", "chat")] == 0
    assert told["jixi_calls_total", _of("m", "chat", "ok")] == 1
    assert told["jixi_calls_total", _of("m", "chat", "failed")] == 0
    tokens = {
        name: told["jixi_tokens_total", _of("m", "chat", name)]
        for name in ("input", "cached_input", "output")
    }
    assert tokens == {"input": 6, "cached_input": 4, "output": 20}
    assert told["jixi_cost_micros_total", _of("m", "chat", "CNY")] == 7
    assert told["jixi_call_seconds_sum", _of("m", "chat")] == pytest.approx(0.9)
    assert told["jixi_first_token_seconds_bucket", _of("m", "chat", "0.25")] == 1
    assert told["jixi_first_token_seconds_bucket", _of("m", "chat", "0.1")] == 0


async def test_a_stream_is_open_until_it_is_settled(metrics: Metrics, clock: FrozenClock) -> None:
    meter = CountingMeter(Till(), metrics, Traffic(clock))
    hold = await meter.reserve(_call())
    assert _told(metrics)["jixi_streams_open", _of("m", "chat")] == 1
    await meter.settle(hold, Settlement(outcome="ok", usage=Usage()))
    assert _told(metrics)["jixi_streams_open", _of("m", "chat")] == 0


async def test_who_leaves_while_the_charge_is_written_and_settles_again_counts_once(
    metrics: Metrics, clock: FrozenClock
) -> None:
    till, traffic = Till(), Traffic(clock)
    meter = CountingMeter(till, metrics, traffic)
    hold = await meter.reserve(_call())
    till.open.clear()
    leaving = asyncio.create_task(meter.settle(hold, Settlement(outcome="ok", usage=Usage(output_tokens=3))))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    assert _told(metrics)["jixi_calls_running", _of("m", "chat")] == 1
    till.open.set()
    await meter.settle(hold, Settlement(outcome="ok", usage=Usage(output_tokens=3)))
    told = _told(metrics)
    assert told["jixi_calls_running", _of("m", "chat")] == 0
    assert told["jixi_calls_total", _of("m", "chat", "ok")] == 1


async def test_a_call_whose_charge_another_settlement_made_counts_for_nothing(
    metrics: Metrics, clock: FrozenClock
) -> None:
    till = Till()
    meter = CountingMeter(till, metrics, Traffic(clock))
    hold, till.cost = await meter.reserve(_call()), None
    assert await meter.settle(hold, Settlement(outcome="ok", usage=Usage(output_tokens=3))) is None
    told = _told(metrics)
    assert told["jixi_calls_running", _of("m", "chat")] == 0
    assert told["jixi_calls_total", _of("m", "chat", "ok")] == 0
    assert told["jixi_tokens_total", _of("m", "chat", "output")] == 0


def test_only_a_process_that_audits_the_ledger_tells_of_it(metrics: Metrics) -> None:
    house = Metrics(tuple[Running, ...])
    assert ("jixi_ledger_discrepancies", _of()) not in _told(house)
    for found in (0, 2):
        house.ledger_discrepancies.set(found)
        told = merged_metrics({"house": house.render(), "gateway-1": metrics.render()}).decode()
        samples = [line for line in told.splitlines() if line.startswith("jixi_ledger_discrepancies")]
        assert samples == [f'jixi_ledger_discrepancies{{process="house"}} {found:.1f}']


def test_a_refusal_is_counted_by_its_code(metrics: Metrics) -> None:
    metrics.take([call(), refused("budget_exceeded"), refused("overloaded")])
    told = _told(metrics)
    assert told["jixi_calls_refused_total", _of("m", "chat", "budget_exceeded")] == 1
    assert told["jixi_calls_refused_total", _of("m", "chat", "overloaded")] == 1


def test_a_refusal_is_counted_under_its_model_before_the_first_call_of_that_model_went_well() -> None:
    metrics = Metrics(tuple[Running, ...], names=lambda: {"fresh"})
    metrics.take([refused("budget_exceeded", model="fresh"), refused("model_not_found", model="made-up")])
    told = _told(metrics)
    assert told["jixi_calls_refused_total", _of("fresh", "chat", "budget_exceeded")] == 1
    assert told["jixi_calls_refused_total", _of("other", "chat", "model_not_found")] == 1


def test_names_that_callers_make_up_become_no_labels(metrics: Metrics) -> None:
    metrics.take([refused("model_not_found", model=f"made-up-{number}") for number in range(50)])
    told = _told(metrics)
    assert told["jixi_calls_refused_total", _of("other", "chat", "model_not_found")] == 50
    assert [labels for _, labels in told if any("made-up" in label for label in labels)] == []


def test_of_many_models_the_first_thousand_have_series_of_their_own(metrics: Metrics) -> None:
    metrics.take([call(model=f"m{number}", replayed=True) for number in range(1100)])
    told = _told(metrics)
    assert told["jixi_cache_hits_total", _of("m999")] == 1
    assert told["jixi_cache_hits_total", _of("other")] == 100


def test_attempts_are_counted_by_target_and_answer_and_tell_retries_from_fallbacks(metrics: Metrics) -> None:
    attempts = [
        Attempt(target="a", started_ms=1, ended_ms=2, status=503, error_code="engine_error"),
        Attempt(target="a", started_ms=3, ended_ms=4, error_code="engine_timeout"),
        Attempt(target="b", started_ms=5, ended_ms=6, status=200),
    ]
    metrics.take([call(attempts=attempts), call(attempts=attempts[2:])])
    told = _told(metrics)
    assert told["jixi_attempts_total", _of("a", "failed", "503")] == 1
    assert told["jixi_attempts_total", _of("a", "failed", "none")] == 1
    assert told["jixi_attempts_total", _of("b", "ok", "200")] == 2
    assert told["jixi_retries_total", _of("m")] == 1
    assert told["jixi_fallbacks_total", _of("m")] == 1


def test_waiting_pace_and_replays_are_told(metrics: Metrics) -> None:
    metrics.take([call(), call(replayed=True, marks={"reserved": 1.0}, attempts=[], stream=False)])
    told = _told(metrics)
    assert told["jixi_queue_seconds_sum", _of("m")] == pytest.approx(0.01)
    assert told["jixi_queue_seconds_count", _of("m")] == 1
    assert told["jixi_output_tokens_per_second_sum", _of("m")] == pytest.approx(20 / 0.36)
    assert told["jixi_output_tokens_per_second_count", _of("m")] == 1
    assert told["jixi_cache_hits_total", _of("m")] == 1


def test_queues_breakers_dropped_traces_and_the_ledgers_soundness_are_asked_at_each_scrape() -> None:
    targets = [Target("m", 4, 2, {"closed": 1, "open": 2})]
    metrics = Metrics(list[Running], lambda: targets, lambda: {"queue": 5})
    metrics.ledger_discrepancies.set(0)
    told = _told(metrics)
    assert told["jixi_target_calls", _of("m")] == 4
    assert told["jixi_target_waiting", _of("m")] == 2
    assert told["jixi_target_breakers", _of("m", "open")] == 2
    assert told["jixi_traces_dropped_total", _of("queue")] == 5
    assert told["jixi_ledger_discrepancies", _of()] == 0


def test_deployments_are_asked_at_each_scrape(metrics: Metrics) -> None:
    told = _told(metrics)
    assert (told["jixi_deployment_ready", _of("m")], told["jixi_deployment_ready", _of("n")]) == (1, 0)
    assert told["jixi_deployment_restarts_total", _of("m")] == 3
    assert told["jixi_deployment_resident_bytes", _of("m")] == 4096


def test_each_replica_is_told_by_its_number_and_the_deployment_by_the_states_of_them() -> None:
    replicas = (RunningReplica(1, "ready", 2, 31.5, 100), RunningReplica(2, "starting", 0, 0, 50))
    told = _told(Metrics(lambda: [Running("m", True, 0, 150, wanted=2, queued=7, replicas=replicas)]))
    assert told["jixi_deployment_wanted", _of("m")] == 2
    assert told["jixi_deployment_queue", _of("m")] == 7
    assert told["jixi_deployment_replicas", _of("m", "ready")] == 1
    assert told["jixi_deployment_replicas", _of("m", "starting")] == 1
    assert told["jixi_replica_calls", _of("m", "1")] == 2
    assert told["jixi_replica_tokens_per_second", _of("m", "1")] == 31.5
    assert told["jixi_replica_resident_bytes", _of("m", "2")] == 50


@pytest.mark.parametrize("page", ["observability.md", "observability.zh.md"])
def test_the_guide_names_every_metric_and_no_other(page: str) -> None:
    guide = Path(__file__).parents[3] / "docs/guides" / page
    named = set(re.findall(r"`(jixi_\w+)`", guide.read_text(encoding="utf-8")))
    told = set(re.findall(r"^# TYPE (jixi_\w+)", Metrics(list[Running]).render().decode(), re.MULTILINE))
    assert named == {name for name in told if not name.endswith("_created")}
