"""Prometheus scrapes a real server."""

import openai
from prometheus_client.parser import text_string_to_metric_families

from tests.behaviour.servers import Served


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
