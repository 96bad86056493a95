"""The server under test: a program of its own, which a nemesis may kill and which comes back on the same address."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import psutil

from jixi.core.clock import SystemClock
from jixi.governance.ledger import Statement
from jixi.storage import Database
from tests.behaviour.commands import Started, serving
from tests.behaviour.people import PASSWORD, token_of
from tests.processes import words_of

VICTIMS = {
    "server": "",
    "ledger": "jixi.governance.ledger._worker",
    "engine": "jixi.models.engines._stub_worker",
}
LEASES_END_WITHIN_S = 60
EACH_CALL_ONCE = "retries = 0\nbreaker_failures = 0\n"
"""Settings of a server that tries nothing again and goes on asking engines that fail."""
OUTSIDE = 'allowed_hosts_outside = ["127.0.0.1"]\n'
"""Settings of a server that may have `add_provider`."""
PRICE = 1_000_000
"""Micro-units for a million tokens of any kind: one for each token, so that money counts tokens."""


class Charge(NamedTuple):
    outcome: str
    input_tokens: int
    output_tokens: int
    estimated: bool
    micros: int
    cached_input_tokens: int


class Made(NamedTuple):
    """What the engine's journal says of one request: its last event and the tokens that it had made by then."""

    event: str
    tokens: int
    at: float


class Ground:
    """A server with an administrator, one key and stub deployments that keep journals."""

    def __init__(
        self,
        home: Path,
        stack: ExitStack,
        settings: str,
        module: str = "jixi",
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.home = home
        self.killed: Counter[str] = Counter()
        self.slowest_start_s = 0.0
        self._stack = stack
        self._module = module
        self._variables = dict(variables or {})
        self._port = free_port()
        (home / "jixi.toml").write_text(f'starter = "none"\nport = {self._port}\n{settings}')
        self.server = self._start()
        self.admin = self._stack.enter_context(httpx2.Client(base_url=self.url, timeout=30))
        self.tenant_id, self.key_id, self.key = self._settle_in()
        self.admin.headers["Authorization"] = f"Bearer {self.key}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def database(self) -> Path:
        return self.home / "data/jixi.db"

    def ready(self, *models: str) -> None:
        """Return once these deployments answer."""
        self.until(lambda: set(models) <= self._states("ready"), 120, "deployments are not ready")

    def new_tenant(self, name: str) -> str:
        """The secret of a key of another tenant."""
        body = {
            "name": name,
            "administrator_email": f"{name.lower()}@example.com",
            "administrator_name": name,
        }
        link = self.admin.post("/api/tenants", json=body).json()["invitation_url"]
        with httpx2.Client(base_url=self.url, timeout=30) as client:
            person = {"name": name, "password": PASSWORD}
            session = client.post(f"/api/invitations/{token_of(link)}", json=person).json()
            client.headers["X-CSRF-Token"] = session["csrf_token"]
            made = client.post("/api/keys", json={"name": "Key", "scopes": ["chat"]})
            secret: str = made.json()["secret"]
        return secret

    def until_state(self, model: str, state: str, seconds: float) -> None:
        self.until(lambda: model in self._states(state), seconds, f"{model} did not become {state}")

    def new_key(self, **fields: Any) -> tuple[str, str]:
        """Id and secret of one more key."""
        scopes = ["chat", "completions", "embeddings"]
        made = self.admin.post("/api/keys", json={"name": "Key", "scopes": scopes} | fields)
        assert made.status_code == 201, made.text
        return made.json()["key"]["id"], made.json()["secret"]

    def add_provider(self, port: int, *names: str, **fields: Any) -> None:
        """Serve `stub`, which listens on this port, as outside models as well. They have no prices."""
        models = [{"name": each, "upstream": "stub", "kinds": ["chat"], "context": 4096} for each in names]
        provider = {"name": "Vendor", "vendor": "compatible", "max_parallel": 64, "models": models}
        where = {"base_url": f"http://127.0.0.1:{port}/v1"}
        answer = self.admin.post("/api/providers", json=provider | where | fields)
        assert answer.status_code == 201, answer.text

    def set_price(self, model: str, **fields: int) -> None:
        prices = dict.fromkeys(("input_micros", "cached_input_micros", "output_micros"), PRICE) | fields
        answer = self.admin.put(f"/api/prices/{model}", json=prices)
        assert answer.status_code < 300, answer.text

    def strike(self, victim: str) -> None:
        """kill -9 the server, its ledger's process or an engine; a dead server is started again."""
        if victim == "server":
            self.server.process.kill()
            self.killed[victim] += 1
            self.restart()
            return
        self.processes(victim)[0].kill()
        self.killed[victim] += 1

    def alive(self) -> bool:
        """Whether the server outlived the last call: the sockets of one that dies close before it has ended."""
        try:
            self.server.process.wait(1)
        except subprocess.TimeoutExpired:
            return True
        return False

    def restart(self) -> None:
        """Start the server again after it died."""
        self.server.process.wait(30)
        (self.home / "crash-at").unlink(missing_ok=True)
        began = time.monotonic()
        self.server = self._start()
        self.slowest_start_s = max(self.slowest_start_s, time.monotonic() - began)

    def processes(self, victim: str) -> list[psutil.Process]:
        family = psutil.Process(self.server.process.pid).children(recursive=True)
        found = [each for each in family if _runs(each, VICTIMS[victim])]
        assert found, f"no {victim} runs"
        return found

    @contextmanager
    def frozen(self, process: psutil.Process) -> Iterator[None]:
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            if process.is_running():
                process.send_signal(signal.SIGCONT)

    def until_nothing_is_held(self, seconds: float = LEASES_END_WITHIN_S) -> None:
        """What a dead process held is settled when its lease has run out."""
        self.until(lambda: self._holds() == 0, seconds, "money is still held")

    def charges(self) -> dict[str, Charge]:
        """By request id; a second charge for one id fails here."""
        query = (
            "SELECT request_id, outcome, input_tokens, output_tokens, estimated, cost_micros, cached_input_tokens "
            "FROM charges"
        )
        with closing(sqlite3.connect(self.database, timeout=30)) as database:
            rows = database.execute(query).fetchall()
        charges = {row[0]: Charge(*row[1:]) for row in rows}
        assert len(charges) == len(rows)
        return charges

    def made(self, journal: str = "stub") -> dict[str, Made]:
        """What the engine did for each request of ours, be it a line of a batch; its canaries are left out."""
        found: dict[str, Made] = {}
        for line in (self.home / f"{journal}.jsonl").read_text().splitlines():
            entry = json.loads(line)
            if entry["id"].startswith(("req_", "batch_")):
                found[entry["id"]] = Made(entry["event"], entry["tokens"], entry["at"])
        return found

    def nameless(self, journal: str = "stub") -> list[Made]:
        """What the engine did for requests that came as an outside provider gets them: without an id of ours."""
        lines = (self.home / f"{journal}.jsonl").read_text().splitlines()
        entries = [each for each in map(json.loads, lines) if not each["id"] and each["event"] != "started"]
        return [Made(each["event"], each["tokens"], each["at"]) for each in entries]

    def attempts(self, journal: str = "stub") -> list[float]:
        """When the engine was asked, oldest first; one request may be asked for several times."""
        lines = (self.home / f"{journal}.jsonl").read_text().splitlines()
        entries = [json.loads(line) for line in lines]
        return [
            each["at"] for each in entries if each["event"] == "started" and each["id"].startswith("req_")
        ]

    def running(self, journal: str = "stub") -> int:
        """Requests on which the engine still works."""
        return sum(made.event == "started" for made in self.made(journal).values())

    def until_working(self, count: int, seconds: float = 10, journal: str = "stub") -> None:
        self.until(lambda: self.running(journal) >= count, seconds, "the engine got no work")

    def until_idle(self, seconds: float, journal: str = "stub") -> None:
        self.until(lambda: self.running(journal) == 0, seconds, "the engine still works")

    async def discrepancies(self) -> list[str]:
        database = Database(f"sqlite:///{self.database}")
        try:
            return await Statement(database, SystemClock()).discrepancies()
        finally:
            await database.close()

    def _holds(self) -> int:
        with closing(sqlite3.connect(self.database, timeout=30)) as database:
            found: int = database.execute("SELECT count(*) FROM holds").fetchone()[0]
        return found

    def _states(self, state: str) -> set[str]:
        items = self.admin.get("/api/deployments").json()["items"]
        return {each["name"] for each in items if each["state"] == state}

    def until(self, fits: Any, seconds: float, complaint: str) -> None:
        """Return once `fits()`; look ten times a second."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if fits():
                return
            threading.Event().wait(0.1)
        raise AssertionError(complaint)

    def _start(self) -> Started:
        variables = {"PYTHONPATH": os.pathsep.join(sys.path)} if self._module != "jixi" else {}
        return self._stack.enter_context(
            serving(self.home, "--data-dir", "data", module=self._module, **self._variables, **variables)
        )

    def _settle_in(self) -> tuple[str, str, str]:
        person = {"organisation": "Works", "name": "Lin", "email": "lin@example.com", "password": PASSWORD}
        token = token_of(self.server.setup_link or "")
        with httpx2.Client(base_url=self.url, timeout=30) as client:
            session = client.post("/api/setup", json={"token": token, **person}).json()
            client.headers["X-CSRF-Token"] = session["csrf_token"]
            scopes = ["chat", "completions", "embeddings", "rerank", "batches", "admin"]
            made = client.post("/api/keys", json={"name": "Key", "scopes": scopes}).json()
        return session["tenant"]["id"], made["key"]["id"], made["secret"]


@contextmanager
def ground(
    home: Path,
    *deployments: str,
    settings: str = "",
    module: str = "jixi",
    parallel: int = 32,
    variables: Mapping[str, str] | None = None,
    replicas: int = 1,
    **options: Any,
) -> Iterator[Ground]:
    """A server with these stub deployments, `stub` unless others are named; `options` are the stub's."""
    names = deployments or ("stub",)
    tables = [stub(name, home, options, parallel, replicas) for name in names]
    with ExitStack() as stack:
        made = Ground(home, stack, settings + "".join(tables), module, variables)
        made.ready(*names)
        for name in names:
            made.set_price(name)
        yield made


def stub(name: str, home: Path, options: Mapping[str, Any], parallel: int, replicas: int = 1) -> str:
    """The settings of one stub deployment that keeps a journal and obeys scripts in requests."""
    chosen = {"journal": str(home / f"{name}.jsonl"), "request_scripts": True, "tokens": 8} | options
    entries = "\n".join(f"{key} = {_toml(value)}" for key, value in chosen.items())
    return (
        f'\n[[deployments]]\nname = "{name}"\nengine = "stub"\nparallel = {parallel}\n'
        f"replicas = {replicas}\n"
        f"[deployments.options]\n{entries}\n"
    )


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _runs(process: psutil.Process, module: str) -> bool:
    return module in words_of(process)
