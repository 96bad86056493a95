"""Prometheus scrapes a real server."""

import threading
import time

import openai
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.behaviour.servers import READY_WITHIN_S, Served, poor_key


def _samples(models: Served) -> dict[str, float]:
    answer = models.admin.get("/api/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        f"{sample.name}{sorted(sample.labels.values())}": sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_a_call_moves_the_metrics_by_what_it_used(models: Served) -> None:
    with openai.OpenAI(base_url=f"{models.running.url}/v1", api_key=models.key) as client:
        ask = {"role": "user", "content": "Count me."}
        client.completions.create(model="stub", prompt="first", max_tokens=1)
        before = _samples(models)
        client.completions.create(model="stub", prompt=str(ask), max_tokens=5)
        after = _samples(models)

    def moved(name: str) -> float:
        return after[name] - before[name]

    assert moved("jixi_calls_total['completions', 'ok', 'stub']") == 1
    assert moved("jixi_tokens_total['completions', 'output', 'stub']") == 5
    assert after["jixi_deployment_ready['smollm2']"] == 1


def test_what_is_refused_of_a_new_alias_is_counted_under_its_name(models: Served) -> None:
    alias = {"name": "fresh", "targets": [{"model": "stub"}]}
    made = models.admin.post("/api/aliases", json=alias)
    assert made.status_code == 201
    with (
        openai.OpenAI(base_url=f"{models.running.url}/v1", api_key=poor_key(models.admin, "fresh")) as client,
        pytest.raises(openai.RateLimitError),
    ):
        client.completions.create(model="fresh", prompt="No money.", max_tokens=5)
    end = time.monotonic() + READY_WITHIN_S
    name = "jixi_calls_refused_total['budget_exceeded', 'completions', 'fresh']"
    while name not in (told := _samples(models)) and time.monotonic() < end:
        threading.Event().wait(0.05)
    assert told[name] == 1
    # Other tests of this server list its models.
    headers = {"If-Match": made.headers["etag"]} if "etag" in made.headers else {}
    gone = models.admin.delete(f"/api/aliases/{made.json()['id']}", headers=headers)
    assert gone.status_code == 204, gone.text
