"""Aliases over HTTP, before two real deployments: who answers, what fails over, what it costs, what is shown."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from jixi.assembly.settings import DeploymentSetting, Settings
from tests.behaviour.servers import administrator, new_key, running, wait_until_ready


class Front:
    """A server with the deployments `a` and `b`, an administrator, and a key."""

    def __init__(self, url: str, admin: httpx2.Client, key: str) -> None:
        self.admin = admin
        self.models = httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30)

    def alias(self, name: str, **fields: Any) -> dict[str, Any]:
        answer = self.admin.post("/api/aliases", json={"name": name, "retries": 0} | fields)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def ask(self, model: str, text: str = "Hello", **fields: Any) -> httpx2.Response:
        body = {"model": model, "messages": [{"role": "user", "content": text}], "max_tokens": 4}
        return self.models.post("/v1/chat/completions", json=body | fields)

    def route(self, name: str) -> dict[str, Any]:
        (found,) = [each for each in self.admin.get("/api/routes").json()["items"] if each["name"] == name]
        return found


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    scripts: dict[str, dict[str, Any]] = {
        "a": {},
        "b": {},
        "broken": {"script": [{"status": 500}], "repeat": True},
        "ailing": {"script": [{"status": 500}] * 7},
    }
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("routed") / "data",
        port=0,
        starter="none",
        ledger_writer="thread",
        retries=0,
        deployments=tuple(
            DeploymentSetting(name=name, engine="stub", parallel=8, options=options)
            for name, options in scripts.items()
        ),
    )
    with running(settings) as server, administrator(server) as admin:
        wait_until_ready(admin, len(scripts))
        front = Front(server.url, admin, new_key(admin))
        with front.models:
            yield front


def test_an_alias_answers_is_listed_and_leads_to_its_targets_by_weight(front: Front) -> None:
    targets = [{"model": "a", "weight": 1}, {"model": "b", "weight": 1}]
    made = front.alias("shared", targets=targets)
    went = Counter[str]()
    for _ in range(60):
        answer = front.ask("shared")
        assert (answer.status_code, answer.json()["model"]) == (200, "shared")
        went[answer.headers["x-jixi-target"]] += 1
    assert set(went) == {"a", "b"}
    assert went["a"] == pytest.approx(30, abs=24)
    assert "shared" in [model["id"] for model in front.models.get("/v1/models").json()["data"]]
    route = front.route("shared")
    assert (route["kind"], route["state"]) == ("alias", "ready")
    assert route["targets"] == [each | {"role": "target"} for each in targets]
    assert [replica["breaker"] for replica in front.route("a")["replicas"]] == ["closed"]
    changed = front.admin.patch(
        f"/api/aliases/{made['id']}", json={"targets": [{"model": "b"}]}, headers={"If-Match": '"1"'}
    )
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert {front.ask("shared").headers["x-jixi-target"] for _ in range(5)} == {"b"}
    stale = front.admin.patch(f"/api/aliases/{made['id']}", json={"retries": 1}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert front.admin.delete(f"/api/aliases/{made['id']}").status_code == 204
    assert front.ask("shared").status_code == 404


def test_a_name_is_taken_once_whoever_has_it(front: Front) -> None:
    answer = front.admin.post("/api/aliases", json={"name": "a", "targets": [{"model": "b"}]})
    assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")


def test_an_alias_is_limited_by_the_name_that_callers_use(front: Front) -> None:
    front.alias("narrow", targets=[{"model": "a"}])
    none = dict.fromkeys(("tokens_per_minute", "concurrency", "daily_micros", "monthly_micros"))
    limit = {"requests_per_minute": 1} | none
    assert front.admin.put("/api/limits/model:narrow", json=limit).status_code == 200
    assert [front.ask("narrow").status_code for _ in range(2)] == [200, 429]
    assert front.ask("a").status_code == 200
    assert front.admin.put("/api/limits/model:nowhere", json=limit).status_code == 404


def test_a_broken_target_is_answered_for_by_its_fallback_and_charged_once(front: Front) -> None:
    front.alias("safe", targets=[{"model": "broken"}], fallbacks=[{"model": "b", "on": ["error"]}])
    for _ in range(8):
        answer = front.ask("safe")
        assert (answer.status_code, answer.headers["x-jixi-target"]) == (200, "b")
    alone = front.ask("broken")
    assert (alone.status_code, alone.json()["error"]["code"]) == (503, "model_unavailable")
    assert alone.headers["retry-after"] == "1"
    assert front.route("broken")["replicas"][0]["breaker"] in ("open", "half_open")


def test_the_same_question_is_answered_from_the_cache(front: Front) -> None:
    front.alias("kept", targets=[{"model": "b"}], cache_ttl_s=60)
    first, second = front.ask("kept", "What?"), front.ask("kept", "What?")
    assert (first.headers["x-jixi-cache"], second.headers["x-jixi-cache"]) == ("miss", "hit")
    assert first.content == second.content
    assert front.ask("kept", "Who?").headers["x-jixi-cache"] == "miss"


@pytest.mark.parametrize(
    ("path", "question"),
    [
        ("/v1/responses", {"input": "What?", "max_output_tokens": 4}),
        ("/v1/messages", {"messages": [{"role": "user", "content": "What?"}], "max_tokens": 4}),
    ],
)
def test_a_stream_in_another_dialect_is_given_again_with_every_event_in_its_place(
    front: Front, path: str, question: dict[str, Any]
) -> None:
    name = f"kept{path.replace('/', '-')}"
    front.alias(name, targets=[{"model": "b"}], cache_ttl_s=60)
    told: list[list[dict[str, Any]]] = []
    for outcome in ("miss", "hit"):
        answer = front.models.post(path, json={"model": name, "stream": True} | question)
        assert (answer.status_code, answer.headers["x-jixi-cache"]) == (200, outcome)
        events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]
        told.append([_without_ids(event) for event in events])
    assert told[0] == told[1]


def _without_ids(event: dict[str, Any]) -> dict[str, Any]:
    """What two tellings of one answer have in common."""
    return {
        name: _without_ids(value) if isinstance(value, dict) else value
        for name, value in event.items()
        if name not in ("id", "item_id", "created_at", "output")
    }


def test_a_deployment_that_keeps_failing_is_left_alone_and_comes_back(front: Front) -> None:
    codes = [front.ask("ailing").json()["error"]["code"] for _ in range(7)]
    assert codes[:5] == ["engine_error"] * 5
    assert codes[5:] == ["model_unavailable"] * 2
    end = time.monotonic() + 20
    while front.ask("ailing").status_code != 200:
        assert time.monotonic() < end, "the breaker stays open"
    assert front.route("ailing")["replicas"][0]["breaker"] == "closed"
