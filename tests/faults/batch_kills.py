"""A batch whose server is killed again and again, and what must be true of it afterwards."""

import json
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import httpx2

from jixi.core.clock import SystemClock
from jixi.governance.ledger import Statement
from jixi.storage import Database
from tests.behaviour.commands import Started, serving
from tests.behaviour.people import PASSWORD, token_of

SETTINGS = """
starter = "none"
port = 0
job_lease_s = 1

[[deployments]]
name = "stub"
engine = "stub"
parallel = 8
options = { tokens = 4, drip_ms = 20 }
"""
WITHIN_S = 60
LINES_BETWEEN_KILLS = 60


class Charged(NamedTuple):
    line: int
    outcome: str
    cost: int
    tokens: int


def request(number: int) -> dict[str, Any]:
    body = {"model": "stub", "messages": [{"role": "user", "content": f"Number {number}"}], "max_tokens": 4}
    return {"custom_id": f"r{number}", "method": "POST", "url": "/v1/chat/completions", "body": body}


def administrators_key(server: Started) -> str:
    """The key of a new platform, where the model has a price."""
    person = {"organisation": "Works", "name": "Lin", "email": "lin@example.com", "password": PASSWORD}
    with httpx2.Client(base_url=server.url, timeout=30) as client:
        token = token_of(server.setup_link or "")
        session = client.post("/api/setup", json={"token": token, **person}).json()
        headers = {"X-CSRF-Token": session["csrf_token"]}
        price = {"input_micros": 1_000_000, "cached_input_micros": 1_000_000, "output_micros": 2_000_000}
        assert client.put("/api/prices/stub", json=price, headers=headers).status_code == 200
        scopes = ["chat", "batches", "admin"]
        made = client.post("/api/keys", json={"name": "Key", "scopes": scopes}, headers=headers)
        secret: str = made.json()["secret"]
        return secret


def connected(server: Started, key: str) -> httpx2.Client:
    return httpx2.Client(base_url=server.url, headers={"Authorization": f"Bearer {key}"}, timeout=30)


def begin(server: Started, key: str, count: int) -> str:
    text = "".join(json.dumps(request(number)) + "\n" for number in range(1, count + 1))
    with connected(server, key) as client:
        upload = {"file": ("in.jsonl", text.encode())}
        file = client.post("/v1/files", files=upload, data={"purpose": "batch"}).json()
        body = {
            "input_file_id": file["id"],
            "endpoint": "/v1/chat/completions",
            "completion_window": "24h",
        }
        batch: dict[str, Any] = client.post("/v1/batches", json=body).json()
        return batch["id"]


def wait_for(server: Started, key: str, batch_id: str, count: int) -> dict[str, Any]:
    """The batch once so many lines are done."""
    batch: dict[str, Any] = {}
    end = time.monotonic() + WITHIN_S
    with connected(server, key) as client:
        while time.monotonic() < end:
            batch = client.get(f"/v1/batches/{batch_id}").json()
            if batch["request_counts"]["completed"] >= count and (
                count < batch["request_counts"]["total"] or batch["status"] == "completed"
            ):
                return batch
            assert batch["status"] in ("validating", "in_progress", "finalizing"), batch
            threading.Event().wait(0.02)
    raise AssertionError(f"too slow: {batch}")


def survive(home: Path, kills: int) -> Counter[str]:
    """Kill the server so many times amid a batch, let it end, and check it; returns the outcomes of all attempts."""
    (home / "jixi.toml").write_text(SETTINGS)
    count = LINES_BETWEEN_KILLS * (kills + 1)
    key = batch_id = ""
    for kill in range(1, kills + 1):
        with serving(home, "--data-dir", "data") as server:
            if not batch_id:
                key = administrators_key(server)
                batch_id = begin(server, key, count)
            wait_for(server, key, batch_id, kill * LINES_BETWEEN_KILLS)
            server.process.kill()
            server.process.wait(30)
    with serving(home, "--data-dir", "data") as server:
        batch = wait_for(server, key, batch_id, count)
        with connected(server, key) as client:
            output = client.get(f"/v1/files/{batch['output_file_id']}/content").text
    assert batch["request_counts"] == {"total": count, "completed": count, "failed": 0}
    assert batch["error_file_id"] is None
    check_output(output, count)
    return check_charges(home, batch_id, count)


def check_output(output: str, count: int) -> None:
    """Every line is there, once, in order, with the answer to its own question."""
    entries = [json.loads(line) for line in output.splitlines()]
    assert [entry["custom_id"] for entry in entries] == [f"r{number}" for number in range(1, count + 1)]
    for entry in entries:
        assert entry["response"]["status_code"] == 200
        assert entry["response"]["body"]["usage"]["completion_tokens"] == 4


def check_charges(home: Path, batch_id: str, count: int) -> Counter[str]:
    """Every line has been paid for exactly once, whatever became of its other attempts; nothing is held any more."""
    with closing(sqlite3.connect(home / "data/jixi.db")) as database:
        query = "SELECT request_id, outcome, cost_micros, output_tokens FROM charges WHERE request_id LIKE ?"
        rows = database.execute(query, (f"{batch_id}.%",)).fetchall()
        assert database.execute("SELECT count(*) FROM holds").fetchone() == (0,)
        assert database.execute("SELECT count(*) FROM batch_lines").fetchone() == (0,)
        assert database.execute("SELECT state FROM jobs").fetchall() == [("succeeded",)]
    charged = [Charged(int(row[0].split(".")[1]), *row[1:]) for row in rows]
    paid = Counter(each.line for each in charged if each.cost > 0)
    assert paid == Counter(range(1, count + 1))
    assert {each.tokens for each in charged if each.cost > 0} == {4}
    return Counter(each.outcome for each in charged)


async def discrepancies(home: Path) -> list[Any]:
    database = Database(f"sqlite:///{home / 'data/jixi.db'}")
    found = await Statement(database, SystemClock()).discrepancies()
    await database.close()
    return list(found)
