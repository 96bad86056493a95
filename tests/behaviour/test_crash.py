"""What a `kill -9` of the whole server leaves: every answered call is charged once, and the sums are exact."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2

from jixi.core.clock import SystemClock
from jixi.governance.ledger import Statement
from jixi.storage import Database
from tests.behaviour.commands import STUB, serving
from tests.behaviour.servers import furnished

CLIENTS = 8
ANSWERED_BEFORE = 150


def _call_until_dead(address: str, key: str, answered: list[str], enough: threading.Event) -> None:
    body = {"model": "stub", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 4}
    with httpx2.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        while True:
            try:
                answer = client.post("/v1/chat/completions", json=body)
            except httpx2.TransportError:
                return
            if answer.status_code == 200:
                answered.append(answer.headers["x-request-id"])
            if len(answered) >= ANSWERED_BEFORE:
                enough.set()


def _charged(client: httpx2.Client) -> list[str]:
    """The request ids of every charge."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = client.get(
            "/api/charges", params={"limit": 200} | ({"cursor": cursor} if cursor else {})
        ).json()
        found += [charge["request_id"] for charge in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            return found


async def test_calls_that_were_answered_before_a_kill_are_charged_exactly_once(tmp_path: Path) -> None:
    answered: list[str] = []
    enough = threading.Event()
    (tmp_path / "jixi.toml").write_text(STUB)
    with serving(tmp_path, "--data-dir", "data") as server, ThreadPoolExecutor(CLIENTS) as pool:
        assert server.setup_link is not None
        key = furnished(server.url, server.setup_link)
        for _ in range(CLIENTS):
            pool.submit(_call_until_dead, server.url, key, answered, enough)
        assert enough.wait(30)
        server.process.kill()
        server.process.wait(30)
    with serving(tmp_path, "--data-dir", "data") as server:
        assert server.setup_link is None
        with httpx2.Client(
            base_url=server.url, headers={"Authorization": f"Bearer {key}"}, timeout=30
        ) as client:
            charged = _charged(client)
        assert len(answered) >= ANSWERED_BEFORE
        assert set(answered) <= set(charged)
        assert len(charged) == len(set(charged))
        database = Database(f"sqlite:///{tmp_path / 'data' / 'jixi.db'}")
        assert await Statement(database, SystemClock()).discrepancies() == []
        await database.close()
