"""The end of a server: what runs may finish for a while, what is cut is told so, and nothing is left behind."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import openai
import psutil
import pytest

from tests.behaviour.commands import STUB, Started, environment, serving
from tests.behaviour.servers import furnished

WAIT_S = 60


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as made:
        yield made


def _settings(home: Path, drain_s: float) -> None:
    (home / "jixi.toml").write_text(f"drain_s = {drain_s}\n{STUB}options = {{ request_scripts = true }}\n")


def _furnished(server: Started) -> str:
    """A key of a server whose engine is there: it starts sooner than that."""
    key = furnished(server.url, server.setup_link or "")
    headers, end = {"Authorization": f"Bearer {key}"}, time.monotonic() + WAIT_S
    with httpx2.Client(base_url=server.url, headers=headers) as client:
        while client.get("/api/deployments/stub").json()["state"] != "ready":
            assert time.monotonic() < end
            threading.Event().wait(0.05)
    return key


def _stream(address: str, key: str, seconds: float, begun: threading.Event) -> str:
    """The text of a stream that takes about so long."""
    body: dict[str, Any] = {
        "model": "stub",
        "messages": [{"role": "user", "content": "hi"}],
        "max_tokens": 20,
        "stream": True,
        "stub": {"drip_ms": seconds * 50},
    }
    headers = {"Authorization": f"Bearer {key}"}
    text = ""
    with httpx2.stream(
        "POST", f"{address}/v1/chat/completions", json=body, headers=headers, timeout=60
    ) as got:
        for part in got.iter_text():
            text += part
            begun.set()
    return text


def _end(server: Started) -> float:
    """Wait for the end; for how long that took."""
    before = time.monotonic()
    server.process.wait(WAIT_S)
    return time.monotonic() - before


def test_a_stream_shorter_than_the_drain_is_finished_and_new_work_is_refused_at_once(
    tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    _settings(tmp_path, 20)
    with (
        serving(tmp_path, "--data-dir", "data") as server,
        httpx2.Client(base_url=server.url, timeout=30) as kept,
    ):
        key = _furnished(server)
        begun = threading.Event()
        stream = pool.submit(_stream, server.url, key, 2, begun)
        assert begun.wait(WAIT_S)
        assert kept.get("/api/ready").status_code == 200
        server.process.terminate()
        answer = _first_refusal(kept)
        assert answer.json()["code"] == "server_ending"
        assert answer.headers["connection"] == "close"
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(f"{server.url}/api/ready")
        assert stream.result(WAIT_S).endswith("data: [DONE]\n\n")
        assert _end(server) < 5
        assert server.process.returncode == 0


def _first_refusal(kept: httpx2.Client) -> httpx2.Response:
    """The first answer after the signal has arrived, over a connection from before it."""
    while (answer := kept.get("/api/ready")).status_code == 200:
        assert "connection" not in answer.headers
    return answer


def test_a_stream_longer_than_the_drain_ends_in_an_error_that_clients_raise_and_is_charged(
    tmp_path: Path,
) -> None:
    _settings(tmp_path, 0.5)
    with serving(tmp_path, "--data-dir", "data") as server:
        key = _furnished(server)
        with openai.OpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0) as client:
            stream = client.chat.completions.create(
                model="stub",
                messages=[{"role": "user", "content": "hi"}],
                max_tokens=400,
                stream=True,
                extra_body={"stub": {"drip_ms": 50}},
            )
            next(iter(stream))
            server.process.terminate()
            with pytest.raises(openai.APIError, match="about to end"):
                list(stream)
        _end(server)
        assert server.process.returncode == 0
    with serving(tmp_path, "--data-dir", "data") as server:
        charges = httpx2.get(f"{server.url}/api/charges", headers={"Authorization": f"Bearer {key}"})
        (charge,) = charges.json()["items"]
        assert 5 <= charge["output_tokens"] < 100
        assert charge["outcome"] == "interrupted"


def test_a_call_that_has_not_begun_to_answer_is_refused_when_the_drain_is_over(
    tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    _settings(tmp_path, 0.3)
    with serving(tmp_path, "--data-dir", "data") as server:
        key = _furnished(server)
        calls = [pool.submit(_slow_call, server.url, key) for _ in range(3)]
        _wait_for_calls(server.url, key, len(calls))
        server.process.terminate()
        for call in calls:
            answer = call.result(WAIT_S)
            assert answer.status_code == 503
            assert answer.json()["error"]["code"] == "server_ending"
            assert 1 <= int(answer.headers["retry-after"]) <= 60


def _slow_call(address: str, key: str) -> httpx2.Response:
    body = {"model": "stub", "messages": [{"role": "user", "content": "hi"}], "stub": {"stall_headers_s": 30}}
    headers = {"Authorization": f"Bearer {key}"}
    return httpx2.post(f"{address}/v1/chat/completions", json=body, headers=headers, timeout=60)


def _wait_for_calls(address: str, key: str, count: int) -> None:
    """Return once so many calls are with the engine."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        page = httpx2.get(f"{address}/api/deployments", headers={"Authorization": f"Bearer {key}"})
        if page.json()["items"][0]["in_flight"] == count:
            return
    raise AssertionError("the calls did not reach the engine")


def test_a_second_signal_ends_the_server_within_two_seconds_and_still_tells_its_callers(
    tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    _settings(tmp_path, 600)
    with serving(tmp_path, "--data-dir", "data") as server:
        key = _furnished(server)
        begun = threading.Event()
        stream: Future[str] = pool.submit(_stream, server.url, key, 60, begun)
        assert begun.wait(WAIT_S)
        family = psutil.Process(server.process.pid).children(recursive=True)
        server.process.terminate()
        with pytest.raises(subprocess.TimeoutExpired):
            server.process.wait(0.5)
        server.process.terminate()
        assert _end(server) < 2
        last = stream.result(WAIT_S).rstrip().rpartition("data: ")[2]
        assert json.loads(last)["error"]["code"] == "server_ending"
        gone, alive = psutil.wait_procs(family, timeout=30)
        assert gone
        assert alive == []


def test_a_signal_while_it_starts_ends_it_without_a_word_of_complaint(tmp_path: Path) -> None:
    _settings(tmp_path, 30)
    process = subprocess.Popen(
        [sys.executable, "-m", "jixi", "serve", "--data-dir", "data"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=environment(tmp_path),
    )
    end = time.monotonic() + WAIT_S
    while not (tmp_path / "data" / "server.lock").exists():
        assert time.monotonic() < end
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0, err
    assert "Console" not in out
    assert "Traceback" not in err
