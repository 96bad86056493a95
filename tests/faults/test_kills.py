"""F9 and F20: kill -9 of the server, of the ledger's process and of the engine, while calls are metered.

The checker joins three journals: what callers were promised, what the engine produced, what the ledger charged.
"""

import itertools
import json
import socket
import sqlite3
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack, closing
from pathlib import Path

import httpx2
import psutil
import pytest

from jixi.core.clock import SystemClock
from jixi.governance.ledger import Statement
from jixi.storage import Database
from tests.behaviour.commands import Started, serving
from tests.behaviour.people import PASSWORD, token_of
from tests.faults.swarm import Journal, swarm

CALLS_BETWEEN_KILLS = 100
SETTINGS = """
starter = "none"
port = {port}

[[deployments]]
name = "stub"
engine = "stub"
parallel = 16
options = {{ journal = "{journal}", tokens = 6 }}
"""
VICTIMS = {
    "server": "",
    "ledger": "jixi.governance.ledger._worker",
    "engine": "jixi.models.engines._stub_worker",
}
HOLDS_SETTLE_WITHIN_S = 90


class Nemesis:
    """Keeps a server running on one address, and kills it and what belongs to it."""

    def __init__(self, home: Path, stack: ExitStack) -> None:
        self._home = home
        self._stack = stack
        self.killed: Counter[str] = Counter()
        self.server = self._start()

    def strike(self, victim: str) -> None:
        family = [self.server.process, *psutil.Process(self.server.process.pid).children(recursive=True)]
        prey = next(
            each
            for each in family
            if victim == "server" or (isinstance(each, psutil.Process) and _is(each, VICTIMS[victim]))
        )
        prey.kill()
        self.killed[victim] += 1
        if victim == "server":
            self.server.process.wait(30)
            self.server = self._start()

    def _start(self) -> Started:
        return self._stack.enter_context(serving(self._home, "--data-dir", "data"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _is(process: psutil.Process, module: str) -> bool:
    try:
        return module in process.cmdline()
    except psutil.NoSuchProcess:
        return False


def _administrators_key(server: Started) -> str:
    person = {"organisation": "Works", "name": "Lin", "email": "lin@example.com", "password": PASSWORD}
    with httpx2.Client(base_url=server.url) as client:
        session = client.post(
            "/api/setup", json={"token": token_of(server.setup_link or ""), **person}
        ).json()
        headers = {"X-CSRF-Token": session["csrf_token"]}
        made = client.post("/api/keys", json={"name": "Key", "scopes": ["chat", "admin"]}, headers=headers)
        secret: str = made.json()["secret"]
        return secret


def _wait_until_nothing_is_held(url: str, key: str) -> None:
    """What a dead process held is settled when its lease has run out."""
    end = time.monotonic() + HOLDS_SETTLE_WITHIN_S
    with httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}) as client:
        while time.monotonic() < end:
            held = [each["held_micros"] for each in client.get("/api/budgets").json()["items"]]
            if sum(held) == 0:
                return
            threading.Event().wait(0.5)
    raise AssertionError(f"money is still held: {held}")


def _charges(home: Path) -> dict[str, tuple[str, int]]:
    with closing(sqlite3.connect(home / "data/jixi.db")) as database:
        rows = database.execute("SELECT request_id, outcome, output_tokens FROM charges").fetchall()
        assert database.execute("SELECT count(*) FROM holds").fetchone() == (0,)
    charges = {request_id: (outcome, tokens) for request_id, outcome, tokens in rows}
    assert len(charges) == len(rows)
    return charges


def _produced(path: Path) -> set[str]:
    """The requests for which the engine has made tokens."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return {line["id"] for line in lines if line["tokens"] > 0 and line["id"].startswith("req_")}


@pytest.mark.timeout(3600)
async def test_kills_lose_no_charge_and_charge_nothing_twice(
    tmp_path: Path, kills: int, capsys: pytest.CaptureFixture[str]
) -> None:
    engine_journal = tmp_path / "engine.jsonl"
    (tmp_path / "jixi.toml").write_text(SETTINGS.format(port=_free_port(), journal=engine_journal))
    victims = itertools.cycle(VICTIMS)
    with ExitStack() as stack:
        nemesis = Nemesis(tmp_path, stack)
        key = _administrators_key(nemesis.server)
        with swarm(nemesis.server.url, key) as callers:
            for strike in range(kills):
                assert callers.wait_for(CALLS_BETWEEN_KILLS * (strike + 1), 60), _progress(callers, nemesis)
                nemesis.strike(next(victims))
            assert callers.wait_for(CALLS_BETWEEN_KILLS * (kills + 1), 60), _progress(callers, nemesis)
        _wait_until_nothing_is_held(nemesis.server.url, key)
    charges = _charges(tmp_path)
    with capsys.disabled():
        outcomes = Counter(outcome for outcome, _ in charges.values())
        sys.stdout.write(f"\n{_progress(callers, nemesis)}, charges {dict(outcomes)}\n")
    lost = {each for each, tokens in callers.acknowledged.items() if charges.get(each) != ("ok", tokens)}
    assert lost == set()
    assert _produced(engine_journal) - set(charges) == set()
    assert sum(nemesis.killed.values()) == kills
    assert callers.broken + sum(callers.refused.values()) > 0, "no call ever noticed a kill"
    database = Database(f"sqlite:///{tmp_path / 'data/jixi.db'}")
    assert await Statement(database, SystemClock()).discrepancies() == []
    await database.close()


def _progress(callers: Journal, nemesis: Nemesis) -> str:
    return (
        f"{len(callers.acknowledged)} calls acknowledged, {callers.broken} broken, "
        f"refused {callers.refused}, kills {dict(nemesis.killed)}"
    )
