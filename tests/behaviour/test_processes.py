"""Several gateway processes behind one address: exact money, one word on who may call, and no call lost on a change."""

import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psutil
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.behaviour.commands import Started, serving
from tests.behaviour.servers import furnished, limit_key
from tests.processes import descendants

WAIT_S = 60
SETTINGS = """
starter = "none"
port = 0
processes = 2
drain_s = 20
{more}

[[deployments]]
name = "stub"
engine = "stub"
parallel = {parallel}
options = {{ request_scripts = true{options} }}
{scale}
"""
TOKENS = 5
CALL: dict[str, Any] = {
    "model": "stub",
    "messages": [{"role": "user", "content": "hi"}],
    "max_tokens": TOKENS,
}


class Crew:
    """A server with two gateway processes and a key for it."""

    def __init__(self, server: Started, key: str) -> None:
        self.url = server.url
        self.process = server.process
        self.headers = {"Authorization": f"Bearer {key}"}

    def client(self) -> httpx2.Client:
        return httpx2.Client(base_url=self.url, headers=self.headers, timeout=60)

    def gateways(self) -> list[psutil.Process]:
        """Its gateway processes."""
        return descendants(self.process.pid, "jixi.server.processes")

    def calls_by_process(self) -> dict[str, float]:
        """How many calls each process says to have answered well."""
        text = httpx2.get(f"{self.url}/api/metrics", headers=self.headers).text
        return {
            sample.labels["process"]: sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == "jixi_calls_total" and sample.labels["outcome"] == "ok"
        }


@contextmanager
def crew(
    home: Path, more: str = "", parallel: int = 64, options: str = "", scale: str = ""
) -> Iterator[Crew]:
    settings = SETTINGS.format(more=more, parallel=parallel, options=options, scale=scale)
    (home / "jixi.toml").write_text(settings)
    with serving(home, "--data-dir", "data") as server:
        found = Crew(server, furnished(server.url, server.setup_link or ""))
        _wait_for_model(found)
        yield found


def _wait_for_model(found: Crew) -> None:
    """Return once both processes route to the engine."""
    end = time.monotonic() + WAIT_S
    while not all(_calls_well(found) for _ in range(8)):
        assert time.monotonic() < end, "the model did not become ready"


def _calls_well(found: Crew) -> bool:
    return (
        httpx2.post(f"{found.url}/v1/chat/completions", json=CALL, headers=found.headers).status_code == 200
    )


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as made:
        yield made


@pytest.fixture
def both(database_url: str) -> str:
    """The setting for a database of each kind."""
    return "" if database_url.startswith("sqlite") else f'database_url = "{database_url}"'


def test_a_revoked_key_is_refused_by_every_process_within_five_seconds(tmp_path: Path, both: str) -> None:
    with crew(tmp_path, both) as found, found.client() as admin:
        made = admin.post("/api/keys", json={"name": "Doomed", "scopes": ["chat"]}).json()
        doomed = {"Authorization": f"Bearer {made['secret']}"}
        clients = [httpx2.Client(base_url=found.url, headers=doomed) for _ in range(12)]
        for client in clients:
            assert client.post("/v1/chat/completions", json=CALL).status_code == 200
        counted = found.calls_by_process()
        assert {name for name, calls in counted.items() if calls} == {"gateway-1", "gateway-2"}
        assert admin.delete(f"/api/keys/{made['key']['id']}").status_code == 204
        end = time.monotonic() + 5
        while any(client.post("/v1/chat/completions", json=CALL).status_code != 401 for client in clients):
            assert time.monotonic() < end
        for client in clients:
            client.close()


def test_of_two_hundred_calls_at_once_with_money_for_fifty_exactly_fifty_are_served(
    tmp_path: Path, both: str
) -> None:
    price = {"input_micros": 0, "cached_input_micros": 0, "output_micros": 1_000_000}
    with crew(tmp_path, both, parallel=200) as found, found.client() as admin:
        assert admin.put("/api/prices/stub", json=price).status_code < 300
        made = admin.post("/api/keys", json={"name": "Fifty", "scopes": ["chat"]}).json()
        limit_key(admin, made["key"]["id"], monthly_micros=50 * TOKENS)
        _wait_for_price(found, admin)
        headers = {"Authorization": f"Bearer {made['secret']}"}
        with (
            ThreadPoolExecutor(40) as pool,
            httpx2.Client(base_url=found.url, headers=headers, timeout=30) as client,
        ):
            answers = [
                pool.submit(client.post, "/v1/chat/completions", json=CALL, timeout=60) for _ in range(200)
            ]
            statuses = [answer.result(WAIT_S).status_code for answer in answers]
        assert statuses.count(200) == 50
        assert set(statuses) == {200, 429}
        counted = found.calls_by_process()
        assert min(counted["gateway-1"], counted["gateway-2"]) > 0


def _wait_for_price(found: Crew, admin: httpx2.Client) -> None:
    """Return once both processes charge what a call costs now."""
    end = time.monotonic() + 10
    while True:
        assert all(_calls_well(found) for _ in range(8))
        charges = admin.get("/api/charges", params={"limit": 8}).json()["items"]
        if {charge["cost_micros"] for charge in charges} == {TOKENS}:
            return
        assert time.monotonic() < end, "the price is not known everywhere"


def test_an_engine_works_on_as_many_calls_as_it_may_over_all_processes(
    tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    journal = tmp_path / "journal.jsonl"
    with crew(tmp_path, parallel=2, options=f', journal = "{journal}"') as found:
        body = CALL | {"stub": {"stall_headers_s": 0.2}}
        calls = [
            pool.submit(httpx2.post, f"{found.url}/v1/chat/completions", json=body, headers=found.headers)
            for _ in range(16)
        ]
        assert {call.result(WAIT_S).status_code for call in calls} == {200}
        counted = found.calls_by_process()
        assert min(counted["gateway-1"], counted["gateway-2"]) > 0
        at_once = most = 0
        for line in journal.read_text().splitlines():
            at_once += 1 if json.loads(line)["event"] == "started" else -1
            most = max(most, at_once)
        assert most == 2


def test_what_is_not_for_a_gateway_process_reaches_the_house_as_if_it_came_by_itself(tmp_path: Path) -> None:
    with crew(tmp_path) as found, httpx2.Client(base_url=found.url, timeout=30) as browser:
        refused = browser.get("/api/keys", headers={"Host": "evil.example"})
        assert refused.json()["code"] == "host_not_allowed"
        page = browser.get("/keys")
        assert page.status_code in (200, 503)
        assert len(page.headers.get_list("x-request-id")) == 1
        assert len(page.headers.get_list("date")) == 1
        wrong = {"email": "lin@example.com", "password": "wrong"}
        for attempt in range(11):
            spoofed = {"X-Jixi-Client": f"192.0.2.{attempt} 1"}
            answer = browser.post("/api/session", json=wrong, headers=spoofed)
        assert answer.status_code == 429
        assert browser.post("/api/session", content=b"x" * 100).json()["code"] == "invalid_json"
        large = browser.post("/api/session", content=(b"x" * 65536 for _ in range(400)))
        assert large.json()["code"] == "body_too_large"


def test_a_gateway_process_that_is_killed_is_replaced_and_the_others_go_on(tmp_path: Path) -> None:
    with crew(tmp_path) as found:
        first, second = found.gateways()
        writers = first.children()
        first.kill()
        _until(lambda: _calls_well(found), "nobody answers")
        _until(lambda: len(found.gateways()) == 2 and first not in found.gateways(), "it is not replaced")
        assert second in found.gateways()
        _, alive = psutil.wait_procs(writers, timeout=WAIT_S)
        assert alive == []
        assert all(_calls_well(found) for _ in range(20))


def test_processes_hear_of_a_new_engine_though_prices_could_not_be_read_for_a_moment(tmp_path: Path) -> None:
    with (
        crew(tmp_path) as found,
        contextlib.closing(sqlite3.connect(tmp_path / "data" / "jixi.db")) as database,
    ):
        database.execute("ALTER TABLE prices RENAME TO prices_away")
        (engine,) = _engines(found)
        engine.kill()
        end = time.monotonic() + WAIT_S
        while any(_calls_well(found) for _ in range(8)):
            assert time.monotonic() < end
        database.execute("ALTER TABLE prices_away RENAME TO prices")
        _wait_for_model(found)


def _deployment(found: Crew) -> dict[str, Any]:
    item: dict[str, Any] = httpx2.get(f"{found.url}/api/deployments/stub", headers=found.headers).json()
    return item


def test_a_model_that_sleeps_is_woken_by_calls_to_any_process_and_all_of_them_are_answered(
    tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    with crew(tmp_path, scale="scale = { least = 0, idle_s = 1 }") as found:
        for _ in range(2):
            _until(lambda: _deployment(found)["state"] == "stopped", "it does not fall asleep")
            assert _deployment(found)["reason"]["code"] == "idle"
            before = found.calls_by_process()
            assert all(pool.map(lambda _: _calls_well(found), range(16)))
            counted = found.calls_by_process()
            assert all(counted[name] > before.get(name, 0) for name in ("gateway-1", "gateway-2"))


def test_every_process_sends_calls_to_every_replica_and_the_death_of_one_fails_no_call(
    tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    journal = tmp_path / "journal.jsonl"
    with crew(tmp_path, parallel=2, options=f', journal = "{journal}"', scale="replicas = 2") as found:
        _until(
            lambda: len(_engines(found)) == 2 and _deployment(found)["state"] == "ready", "they are not ready"
        )
        dying = _engines(found)[0]
        calls = [pool.submit(_slowly, found) for _ in range(32)]
        _until(lambda: sum(call.done() for call in calls) >= 4, "nothing is answered")
        dying.kill()
        assert {call.result(WAIT_S) for call in calls} == {200}
        _until(lambda: dying not in _engines(found) and len(_engines(found)) == 2, "it does not come back")


def _engines(found: Crew) -> list[psutil.Process]:
    return descendants(found.process.pid, "jixi.models.engines")


def _slowly(found: Crew) -> int:
    body = CALL | {"stub": {"stall_headers_s": 0.1}}
    address = f"{found.url}/v1/chat/completions"
    return httpx2.post(address, json=body, headers=found.headers, timeout=60).status_code


def test_a_server_that_is_killed_leaves_no_gateway_process_behind(tmp_path: Path) -> None:
    with crew(tmp_path) as found:
        family = psutil.Process(found.process.pid).children(recursive=True)
        assert len(family) == 4
        found.process.kill()
        _, alive = psutil.wait_procs(family, timeout=WAIT_S)
        assert alive == []


def test_told_to_end_it_finishes_streams_in_every_process_and_a_second_word_ends_it_at_once(
    tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    with crew(tmp_path) as found:
        short = [pool.submit(_stream, found, 1.0) for _ in range(6)]
        long = [pool.submit(_stream, found, 60.0) for _ in range(6)]
        _until(lambda: _in_flight(found) == 12, "the streams have not begun")
        family = psutil.Process(found.process.pid).children(recursive=True)
        found.process.terminate()
        assert {_last_event(each) for each in short} == {"[DONE]"}
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(f"{found.url}/api/ready")
        assert not any(each.done() for each in long)
        found.process.terminate()
        told = time.monotonic()
        found.process.wait(WAIT_S)
        assert time.monotonic() - told < 2.5
        assert {json.loads(_last_event(each))["error"]["code"] for each in long} == {"server_ending"}
        _, alive = psutil.wait_procs(family, timeout=WAIT_S)
        assert alive == []


def _stream(found: Crew, seconds: float) -> str:
    body = CALL | {"max_tokens": 20, "stream": True, "stub": {"drip_ms": seconds * 50}}
    return httpx2.post(f"{found.url}/v1/chat/completions", json=body, headers=found.headers, timeout=90).text


def _last_event(stream: Future[str]) -> str:
    return stream.result(WAIT_S).rstrip().rpartition("data: ")[2]


def _in_flight(found: Crew) -> int:
    items = httpx2.get(f"{found.url}/api/deployments", headers=found.headers).json()["items"]
    count: int = items[0]["in_flight"]
    return count


def _until(fits: Callable[[], bool], complaint: str) -> None:
    end = time.monotonic() + WAIT_S
    while True:
        with contextlib.suppress(httpx2.TransportError, psutil.NoSuchProcess):
            if fits():
                return
        assert time.monotonic() < end, complaint


def test_two_servers_on_one_database_know_the_same_keys_and_revoke_them_for_each_other(
    tmp_path: Path, postgres_url: str
) -> None:
    (tmp_path / "pepper").write_bytes(b"pepper of both servers, 32 bytes")
    settings = f"""
starter = "none"
port = 0
database_url = "{postgres_url}"
pepper_file = "{tmp_path / "pepper"}"
[[deployments]]
name = "stub"
engine = "stub"
"""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "jixi.toml").write_text(settings)
    with serving(tmp_path / "one", "--data-dir", "data") as one:
        key = furnished(one.url, one.setup_link or "")
        with serving(tmp_path / "two", "--data-dir", "data") as two:
            assert two.setup_link is None
            servers = [Crew(one, key), Crew(two, key)]
            for server in servers:
                _wait_for_model(server)
            with servers[0].client() as admin:
                made = admin.post("/api/keys", json={"name": "Doomed", "scopes": ["chat"]}).json()
                doomed = {"Authorization": f"Bearer {made['secret']}"}
                assert httpx2.post(f"{two.url}/v1/chat/completions", json=CALL, headers=doomed).is_success
                assert admin.delete(f"/api/keys/{made['key']['id']}").status_code == 204
            end = time.monotonic() + 5
            while httpx2.post(f"{two.url}/v1/chat/completions", json=CALL, headers=doomed).is_success:
                assert time.monotonic() < end


@pytest.fixture
def postgres_url(postgres: str) -> str:
    """An empty database of PostgreSQL."""
    name = f"two{time.monotonic_ns()}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    head, _, query = postgres.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")
