"""One real call on a real server, as everybody who watches calls sees it."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from jixi.assembly.settings import DeploymentSetting, Settings
from tests.behaviour.servers import Served, administrator, new_key, running, wait_until_ready
from tests.collector import Collector, attributes, collecting

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CANARY = "canary-7919"
WITHIN_S = 60


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as made:
        yield made


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[Served]:
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("observed") / "data",
        port=0,
        starter="none",
        ledger_writer="thread",
        deployments=(DeploymentSetting(name="stub", engine="stub"),),
        otlp_endpoint=collector.url,
        log_content="redacted",
        log_calls=True,
    )
    with running(settings) as server, administrator(server) as admin:
        wait_until_ready(admin, 1)
        yield Served(server, admin, new_key(admin))


def _ask(served: Served, **fields: Any) -> httpx2.Response:
    content = f"{CANARY}: write to lin@example.com"
    body = {"model": "stub", "messages": [{"role": "user", "content": content}], "max_tokens": 4}
    headers = {"Authorization": f"Bearer {served.key}", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    url = f"{served.running.url}/v1/chat/completions"
    return httpx2.post(url, json=body | fields, headers=headers, timeout=30)


def _trace(served: Served, request_id: str) -> dict[str, Any]:
    """The trace, once it is written."""
    end = time.monotonic() + WITHIN_S
    while time.monotonic() < end:
        answer = served.admin.get(f"/api/traces/{request_id}")
        if answer.status_code == 200:
            return answer.json()
    raise AssertionError(f"no trace of {request_id}: {answer.text}")


def _calls_in_traffic(admin: httpx2.Client, at_least: int) -> int:
    """How many there were, once the house has heard of so many: processes tell it when they find the time."""
    end, found = time.monotonic() + WITHIN_S, 0
    while found < at_least and time.monotonic() < end:
        items = admin.get("/api/traffic", params={"seconds": 60}).json()["items"]
        found = sum(each["calls"] for each in items)
    return found


def test_a_call_is_seen_by_the_store_the_traffic_prometheus_and_the_collector(
    served: Served, collector: Collector
) -> None:
    answer = _ask(served, stream=True)
    assert answer.status_code == 200
    request_id = answer.headers["x-request-id"]
    trace = _trace(served, request_id)
    assert (trace["model"], trace["target"], trace["outcome"], trace["stream"]) == (
        "stub",
        "stub",
        "ok",
        True,
    )
    marks = trace["marks"]
    places = ("authorised", "reserved", "dispatched", "first_token", "last_token", "settled")
    assert set(marks) == set(places)
    assert [each["target"] for each in trace["attempts"]] == ["stub"]
    (charge,) = [
        each for each in served.admin.get("/api/charges").json()["items"] if each["request_id"] == request_id
    ]
    for name in ("cost_micros", "output_tokens", "input_tokens", "key_id", "member_id", "currency"):
        assert trace[name] == charge[name]
    traffic = served.admin.get("/api/traffic", params={"seconds": 60}).json()["items"]
    assert sum(each["calls"] for each in traffic) >= 1
    told = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(served.admin.get("/api/metrics").text)
        for sample in family.samples
    }
    assert told["jixi_attempts_total", "200", "ok", "stub"] >= 1
    assert told["jixi_target_breakers", "closed", "stub"] == 1
    assert told["jixi_queue_seconds_count", "stub"] >= 1
    assert collector.some.wait(WITHIN_S)
    spans = [span for span in collector.spans if span.trace_id.hex() == TRACE]
    assert [span.name for span in spans] == ["chat stub", "chat stub"]
    assert attributes(spans[0])["jixi.request_id"] == request_id
    assert attributes(spans[0])["gen_ai.provider.name"] == "stub"


def test_a_refused_call_leaves_a_trace_with_its_reason(served: Served) -> None:
    answer = _ask(served, model="unknown")
    assert answer.status_code == 404
    trace = _trace(served, answer.headers["x-request-id"])
    assert (trace["outcome"], trace["error_code"], trace["attempts"]) == ("failed", "model_not_found", [])


def test_words_are_kept_without_personal_data_and_never_logged(
    served: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    request_id = _ask(served).headers["x-request-id"]
    trace = _trace(served, request_id)
    assert trace["request"]["messages"][0]["content"] == f"{CANARY}: write to [e-mail]"
    said = trace["answer"]["choices"][0]["message"]["content"]
    streamed = _trace(served, _ask(served, stream=True).headers["x-request-id"])["answer"]["choices"][0]
    assert (streamed["message"]["content"], streamed["finish_reason"]) == (said, "length")
    logged = capfd.readouterr()
    lines = [line for line in (logged.out + logged.err).splitlines() if "call_finished" in line]
    assert any(request_id in line for line in lines)
    assert CANARY not in logged.out + logged.err
    assert CANARY not in json.dumps(lines)


def test_calls_that_several_processes_answer_are_all_seen(tmp_path: Path, collector: Collector) -> None:
    settings = Settings(
        data_dir=tmp_path / "data",
        port=0,
        starter="none",
        processes=2,
        deployments=(DeploymentSetting(name="stub", engine="stub", parallel=8),),
        otlp_endpoint=collector.url,
    )
    with running(settings) as server, administrator(server) as admin:
        wait_until_ready(admin, 1)
        served = Served(server, admin, new_key(admin))
        asked = {_ask(served).headers["x-request-id"] for _ in range(12)}
        for request_id in asked:
            _trace(served, request_id)
        seen = _calls_in_traffic(admin, at_least=12)
        told = [
            sample.value
            for family in text_string_to_metric_families(admin.get("/api/metrics").text)
            for sample in family.samples
            if sample.name == "jixi_attempts_total" and sample.labels["process"].startswith("gateway")
        ]
    assert seen == sum(told) == 12
    exported = {attributes(span).get("jixi.request_id") for span in collector.spans}
    assert asked <= exported
