"""`kill -9` of the server amid changes of deployments: no engine is left alone, and what was said goes on."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from tests.behaviour.commands import STUB, serving
from tests.behaviour.servers import furnished

NAMES = ("a", "b", "c")
WITHIN_S = 60


def _change_until_dead(address: str, key: str, seed: int, done: list[str]) -> None:
    """Make, revise, stop, start and delete deployments at random; what is refused is refused."""
    choice = random.Random(seed)
    with httpx2.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        while True:
            name, where = choice.choice(NAMES), "/api/deployments"
            body = {"options": {"tokens": choice.randint(1, 9)}}
            try:
                match choice.randrange(6):
                    case 0 | 1:
                        answer = client.post(where, json=body | {"name": name, "engine": "stub"})
                    case 2 | 3:
                        answer = client.patch(f"{where}/{name}", json=body)
                    case 4:
                        answer = client.post(f"{where}/{name}/{choice.choice(('stop', 'start'))}")
                    case _:
                        answer = client.delete(f"{where}/{name}")
            except httpx2.TransportError:
                return
            done.append(f"{answer.status_code}")


def _ended(family: list[psutil.Process]) -> list[psutil.Process]:
    return psutil.wait_procs(family, timeout=20)[1]


def _come_about(client: httpx2.Client) -> list[dict[str, Any]]:
    """The deployments, once each is as the register wants it."""
    end, found = time.monotonic() + WITHIN_S, list[dict[str, Any]]()
    while time.monotonic() < end:
        found = client.get("/api/deployments").json()["items"]
        if all(each["state"] == {"running": "ready"}.get(each["wanted"], "stopped") for each in found):
            return found
        threading.Event().wait(0.1)
    raise AssertionError(
        f"not as wanted: {[(each['name'], each['wanted'], each['state']) for each in found]}"
    )


def _check_what_runs(client: httpx2.Client, found: list[dict[str, Any]]) -> None:
    """What answers is what the current revision says."""
    for each in found:
        if each["origin"] == "settings" or each["wanted"] == "stopped":
            continue
        seen = client.get(f"/api/deployments/{each['id']}").json()
        (current,) = [one for one in seen["revisions"] if one["number"] == seen["revision"]]
        assert current["plan"] == seen["plan"]
        body = {"model": each["name"], "messages": [{"role": "user", "content": "hi"}]}
        answer = client.post("/v1/chat/completions", json=body)
        assert answer.json()["usage"]["completion_tokens"] == seen["plan"]["options"]["tokens"]


@pytest.mark.timeout(3600)
def test_a_server_that_is_killed_amid_changes_leaves_no_engine_and_a_state_that_goes_on(
    tmp_path: Path, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    (tmp_path / "jixi.toml").write_text(STUB)
    key, done, kills = "", list[str](), sized(2, 50)
    for kill in range(kills + 1):
        with serving(tmp_path, "--data-dir", "data") as server:
            key = key or furnished(server.url, server.setup_link or "")
            _check(server.url, key)
            if kill == kills:
                break
            changing = threading.Thread(target=_change_until_dead, args=(server.url, key, kill, done))
            changing.start()
            before, end = len(done), time.monotonic() + WITHIN_S
            while len(done) < before + 5 + kill % 9 and time.monotonic() < end:
                threading.Event().wait(0.01)
            family = psutil.Process(server.process.pid).children(recursive=True)
            server.process.kill()
            server.process.wait(30)
            changing.join(40)
            assert not changing.is_alive()
            assert _ended(family) == []
    report(f"{kills} kills amid {len(done)} changes: {dict(Counter(done))}")
    assert {"201", "200"} <= set(done)


def _check(url: str, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    with httpx2.Client(base_url=url, headers=headers, timeout=60) as client:
        found = _come_about(client)
        _check_what_runs(client, found)
        names = [each["name"] for each in found]
        assert len(set(names)) == len(names)
