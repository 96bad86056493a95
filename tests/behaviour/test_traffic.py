"""Live traffic over HTTP, as a list and as a stream of events."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx2
import pytest
from starlette.types import ASGIApp

from jixi.assembly.house import House
from jixi.assembly.settings import Settings
from jixi.server.app import Running
from tests.behaviour.people import PASSWORD, Person, neighbour
from tests.behaviour.servers import administrator, running
from tests.traces import call


async def test_the_last_seconds_are_listed_for_the_own_tenant_alone(
    app: ASGIApp, admin: Person, house: House
) -> None:
    theirs = await neighbour(app, admin)
    house.traffic.take([call(tenant=admin.tenant["id"])])

    async def calls(person: Person) -> list[int]:
        answer = await person.get("/api/traffic", params={"seconds": 5})
        assert answer.json()["step_s"] == 1
        return [each["calls"] for each in answer.json()["items"]]

    async with asyncio.timeout(60):
        while not any(each.calls for each in house.traffic.seconds(admin.tenant["id"], 5)):
            await asyncio.sleep(0)
    seen = await calls(admin)
    assert (len(seen), sum(seen)) == (5, 1)
    assert await calls(theirs) == [0] * 5
    assert (await admin.get("/api/traffic", params={"seconds": 901})).status_code == 400


def _events(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    """(name, data) of each event."""
    name = "message"
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A real server without models: a stream of events needs a connection that stays open."""
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("traffic") / "data", port=0, starter="none", ledger_writer="thread"
    )
    with running(settings) as running_server, administrator(running_server):
        yield running_server


def test_a_watcher_gets_each_second_until_their_session_ends(server: Running) -> None:
    url = server.url
    with httpx2.Client(base_url=url, timeout=30) as browser:
        session = browser.post("/api/session", json={"email": "lin@example.com", "password": PASSWORD})
        assert session.status_code == 201, session.text
        browser.headers["X-CSRF-Token"] = session.json()["csrf_token"]
        with browser.stream("GET", "/api/traffic/live") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            events = _events(stream.iter_lines())
            seconds = [next(events) for _ in range(2)]
            assert [name for name, _ in seconds] == ["message", "message"]
            assert seconds[0][1]["at"] < seconds[1][1]["at"]
            assert set(seconds[0][1]) >= {"calls", "errors", "running", "waiting", "first_token_ms_p50"}
            with httpx2.Client(base_url=url, headers=browser.headers, cookies=browser.cookies) as other:
                assert other.delete("/api/session").status_code == 204
            rest = list(events)
    assert rest[-1] == ("end", {"code": "not_authenticated"})
    assert len(rest) <= 8


def test_live_views_are_bounded_and_one_that_is_left_makes_room(server: Running) -> None:
    with ExitStack() as open_views:
        browser = open_views.enter_context(httpx2.Client(base_url=server.url, timeout=30))
        signed_in = browser.post("/api/session", json={"email": "lin@example.com", "password": PASSWORD})
        assert signed_in.status_code == 201
        cookies = browser.cookies
        reading: list[Iterator[str]] = []
        with ExitStack() as views:
            for _ in range(20):
                client = views.enter_context(httpx2.Client(base_url=server.url, cookies=cookies, timeout=30))
                stream = views.enter_context(client.stream("GET", "/api/traffic/live"))
                assert stream.status_code == 200
                reading.append(stream.iter_lines())
                assert next(reading[-1]) == "retry: 2000"
            refused = browser.get("/api/traffic/live", params={"seconds": 1})
            assert (refused.status_code, refused.json()["code"]) == (429, "too_many_listeners")
        end = time.monotonic() + 20
        while (answer := browser.get("/api/traffic/live", params={"seconds": 1})).status_code == 429:
            assert time.monotonic() < end
        assert answer.status_code == 200
