"""A database whose disk is full: what cannot be written is refused by name, what is there is read, and all goes on."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from starlette.types import ASGIApp
from structlog.testing import capture_logs

from jixi.assembly import House, Settings, open_house
from jixi.server import create_app
from tests.behaviour.people import Person, first_administrator

MOST_KEYS = 500


@pytest.fixture
async def own_house(tmp_path: Path) -> AsyncIterator[tuple[House, ASGIApp]]:
    settings = Settings(data_dir=tmp_path / "data", starter="none", ledger_writer="thread")
    async with open_house(settings) as house:
        yield house, create_app(house)


async def test_while_the_disk_is_full_writes_are_refused_by_name_and_reads_go_on(
    own_house: tuple[House, ASGIApp],
) -> None:
    house, app = own_house
    admin: Person = await first_administrator(app, house.setup_link or "")
    pages = {"most": 1}

    def bound(connection: Any, *_: Any) -> None:
        """As large as it is now: SQLite then says what it says of a full disk."""
        connection.cursor().execute(f"PRAGMA max_page_count = {pages['most']}")

    event.listen(house.database.engine.sync_engine, "checkout", bound)
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
