"""Real servers in a thread of their own, on a free port."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import httpx2

from jixi.assembly.settings import Settings
from jixi.core.principal import INFERENCE_SCOPES
from jixi.server.app import Running, serve
from tests.behaviour.people import NO_LIMITS, PASSWORD, token_of

READY_WITHIN_S = 60


@contextmanager
def running(settings: Settings) -> Iterator[Running]:
    """The real server until the end of the block."""
    started: list[Running] = []
    up = threading.Event()

    def ready(server: Running) -> None:
        started.append(server)
        up.set()

    def run() -> None:
        try:
            asyncio.run(serve(settings, ready, signals=False))
        finally:
            up.set()

    thread = threading.Thread(target=run, name="jixi")
    thread.start()
    assert up.wait(READY_WITHIN_S)
    assert started, "the server did not start"
    try:
        yield started[0]
    finally:
        started[0].stop()
        thread.join(30)
        assert not thread.is_alive()


class Served(NamedTuple):
    """A server with an administrator's browser and a key for its models."""

    running: Running
    admin: httpx2.Client
    key: str


def wait_until_ready(admin: httpx2.Client, count: int) -> None:
    """Return once so many deployments answer."""
    end = time.monotonic() + READY_WITHIN_S
    states: list[str] = []
    while time.monotonic() < end:
        states = [each["state"] for each in admin.get("/api/deployments").json()["items"]]
        if states.count("ready") == count:
            return
        threading.Event().wait(0.1)
    raise AssertionError(f"the deployments are not ready: {states}")


@contextmanager
def administrator(server: Running) -> Iterator[httpx2.Client]:
    """The browser of the first administrator, signed in."""
    body = {
        "token": token_of(server.house.setup_link or ""),
        "organisation": "Example Works",
        "name": "Lin",
        "email": "lin@example.com",
        "password": PASSWORD,
    }
    with httpx2.Client(base_url=server.url, timeout=30) as client:
        session = client.post("/api/setup", json=body).json()
        client.headers["X-CSRF-Token"] = session["csrf_token"]
        yield client


def new_key(admin: httpx2.Client, **fields: object) -> str:
    """The secret of a new key."""
    scopes = sorted(INFERENCE_SCOPES)
    answer = admin.post("/api/keys", json={"name": "Key", "scopes": scopes} | fields)
    assert answer.status_code == 201, answer.text
    return answer.json()["secret"]


def poor_key(admin: httpx2.Client, name: str) -> str:
    """The secret of a new key that may spend nothing. `name` tells it from the others."""
    return limited_key(admin, name, monthly_micros=0)


def limited_key(admin: httpx2.Client, name: str, **limits: int) -> str:
    """The secret of a new key with these limits. `name` tells it from the others."""
    secret = new_key(admin, name=name)
    (key,) = [key for key in admin.get("/api/keys").json()["items"] if key["name"] == name]
    limit_key(admin, key["id"], **limits)
    return secret


def limit_key(admin: httpx2.Client, key_id: str, **limits: int) -> None:
    """Give a key these limits and no others."""
    answer = admin.put(f"/api/limits/{key_id}", json=NO_LIMITS | limits)
    assert answer.status_code == 200, answer.text


def furnished(address: str, setup_link: str) -> str:
    """Set a server of its own process up; the secret of a key that may do everything."""
    person = {"organisation": "Works", "name": "Lin", "email": "lin@example.com", "password": PASSWORD}
    with httpx2.Client(base_url=address, timeout=30) as client:
        session = client.post("/api/setup", json={"token": token_of(setup_link), **person}).json()
        headers = {"X-CSRF-Token": session["csrf_token"]}
        scopes = ["chat", "completions", "embeddings", "admin"]
        made = client.post("/api/keys", json={"name": "Key", "scopes": scopes}, headers=headers)
        return made.json()["secret"]
