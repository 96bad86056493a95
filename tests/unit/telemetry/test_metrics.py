"""What Prometheus is told: exactly what the ledger was."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from jixi.core.errors import JixiError, problem
from jixi.core.money import Price
from jixi.core.ports import Hold, Reservation, Settlement
from jixi.core.principal import Principal, Role, Scope
from jixi.core.usage import Usage
from jixi.telemetry import CountingMeter, Metrics, Running

CALLER = Principal(tenant_id="ten_a", member_id="mem_a", role=Role.DEVELOPER)
PRICE = Price(model="m", currency="CNY", input_micros=1, cached_input_micros=1, output_micros=1, version=1)


class Till:
    """A meter that takes 7 micro-units for everything, and nothing from the poor."""

    def __init__(self) -> None:
        self.noted: list[Usage] = []

    async def reserve(self, reservation: Reservation) -> Hold:
        if reservation.request_id == "poor":
            raise problem("budget_exceeded", scope="key", needed="1", left="0")
        return Hold(
            reservation=reservation,
            price=PRICE,
            amount_micros=9,
            month="2026-11",
            opened_at=datetime(2026, 11, 23, tzinfo=UTC),
        )

    async def settle(self, hold: Hold, settlement: Settlement) -> int:
        return 7

    def progress(self, hold: Hold, usage: Usage) -> None:
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


async def test_a_call_is_counted_with_its_tokens_money_and_times(metrics: Metrics) -> None:
    till = Till()
    meter = CountingMeter(till, metrics)
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


async def test_a_refusal_is_counted_by_its_code_and_runs_nowhere(metrics: Metrics) -> None:
    with pytest.raises(JixiError):
        await CountingMeter(Till(), metrics).reserve(_call("poor"))
    told = _told(metrics)
    assert told["jixi_calls_refused_total", _of("m", "chat", "budget_exceeded")] == 1
    assert ("jixi_calls_running", _of("m", "chat")) not in told


def test_deployments_are_asked_at_each_scrape(metrics: Metrics) -> None:
    told = _told(metrics)
    assert (told["jixi_deployment_ready", _of("m")], told["jixi_deployment_ready", _of("n")]) == (1, 0)
    assert told["jixi_deployment_restarts_total", _of("m")] == 3
    assert told["jixi_deployment_resident_bytes", _of("m")] == 4096
