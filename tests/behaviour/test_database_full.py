"""A database whose disk is full: what cannot be written is refused by name, what is there is read, and all goes on."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from starlette.types import ASGIApp
from structlog.testing import capture_logs

from jixi.assembly.house import House, open_house
from jixi.assembly.settings import DeploymentSetting, Settings
from jixi.server.app import create_app
from tests.behaviour.people import Person, first_administrator, with_key

MOST_KEYS = 500
WITHIN_S = 60
STUB = DeploymentSetting(name="stub", engine="stub", options={"request_scripts": True})


@pytest.fixture
async def own_house(tmp_path: Path) -> AsyncIterator[tuple[House, ASGIApp]]:
    settings = Settings(
        data_dir=tmp_path / "data", starter="none", ledger_writer="thread", deployments=(STUB,)
    )
    async with open_house(settings) as house:
        yield house, create_app(house)


def _bounded(house: House) -> dict[str, int]:
    """The rooms' database as large as it is now: SQLite then says what it says of a full disk. The ledger is not."""
    pages = {"most": 1}

    def bound(connection: Any, *_: Any) -> None:
        connection.cursor().execute(f"PRAGMA max_page_count = {pages['most']}")

    event.listen(house.database.engine.sync_engine, "checkout", bound)
    return pages


async def test_while_the_disk_is_full_writes_are_refused_by_name_and_reads_go_on(
    own_house: tuple[House, ASGIApp],
) -> None:
    house, app = own_house
    admin: Person = await first_administrator(app, house.setup_link or "")
    pages = _bounded(house)
    with capture_logs() as logs:
        for number in range(MOST_KEYS):
            answer = await admin.post("/api/keys", json={"name": f"K{number}", "scopes": ["chat"]})
            if answer.status_code != 201:
                break
        refused = answer.json()
        listed = await admin.get("/api/keys")
    assert (answer.status_code, refused["code"]) == (507, "database_full")
    assert "space" in refused["remedy"]
    assert listed.status_code == 200
    assert "request_failed" not in {entry["event"] for entry in logs}

    pages["most"] = 2**30
    assert (await admin.post("/api/keys", json={"name": "After", "scopes": ["chat"]})).status_code == 201


async def test_a_streamed_response_that_cannot_be_kept_ends_in_an_event_that_says_why(
    own_house: tuple[House, ASGIApp],
) -> None:
    house, app = own_house
    admin: Person = await first_administrator(app, house.setup_link or "")
    async with asyncio.timeout(WITHIN_S):
        while (await admin.get("/api/deployments")).json()["items"][0]["state"] != "ready":
            await asyncio.to_thread(lambda: None)
    secret = (await admin.post("/api/keys", json={"name": "K", "scopes": ["chat"]})).json()["secret"]
    caller = with_key(app, secret)
    asked = {"model": "stub", "input": json.dumps({"stub": {"say": "one two"}}), "stream": True}
    assert "response.completed" in (await caller.post("/v1/responses", json=asked)).text

    _bounded(house)
    long = {"metadata": {f"note{number}": "x" * 500 for number in range(16)}}
    told = (await caller.post("/v1/responses", json=asked | long)).text
    last = json.loads(told.rpartition("data: ")[2])
    assert "response.completed" not in told
    assert (last["type"], last["code"]) == ("error", "database_full")
