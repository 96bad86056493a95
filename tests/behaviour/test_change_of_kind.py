"""A deployment that is changed to a model of another kind: what it costs from then on."""

import asyncio
from pathlib import Path
from typing import Final

import pytest
from starlette.types import ASGIApp

from jixi.assembly.settings import Settings
from tests.behaviour.people import Person, new_key, with_key

WITHIN_S: Final = 60


@pytest.fixture
def settings(data_dir: Path) -> Settings:
    return Settings(data_dir=data_dir, starter="none", ledger_writer="thread", offline=True)


async def until_runs(admin: Person, name: str, revision: int) -> None:
    """Every replica is of that revision, and ready."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            seen = (await admin.get(f"/api/deployments/{name}")).json()
            if [(each["revision"], each["state"]) for each in seen["replicas"]] == [(revision, "ready")]:
                return
            await asyncio.to_thread(lambda: None)


async def test_a_deployment_that_becomes_one_of_another_kind_is_priced_in_that_kind_s_unit(
    app: ASGIApp, admin: Person
) -> None:
    """And takes its own price of each again when it comes back to it."""
    tokens = {"input_micros": 7, "cached_input_micros": 7, "output_micros": 7}
    units = {"text": None, "speech": "character", "images": "image"}
    seen = list[tuple[str | None, int, int]]()
    made = await admin.post("/api/deployments", json={"name": "echo", "engine": "stub"})
    assert made.status_code == 201, made.text
    caller = with_key(app, (await new_key(admin, scopes=["speech"]))[1])
    for revision, plays in enumerate(("text", "speech", "text", "images", "speech"), start=1):
        if revision > 1:
            change = {"options": {"plays": plays}}
            assert (await admin.patch("/api/deployments/echo", json=change)).status_code == 200
        await until_runs(admin, "echo", revision)
        price = next(
            each for each in (await admin.get("/api/prices")).json()["items"] if each["model"] == "echo"
        )
        assert price["unit"] == units[plays]
        seen.append((price["unit"], price["unit_micros"], price["input_micros"]))
        if plays == "speech":
            said = await caller.post(
                "/v1/audio/speech", json={"model": "echo", "input": "12345", "voice": "a"}
            )
            assert said.status_code == 200, said.text
        own = tokens if plays == "text" else tokens | {"unit_micros": 9}
        assert (await admin.put("/api/prices/echo", json=own)).status_code == 200
    assert seen == [
        (None, 0, 500_000),
        ("character", 20, 7),
        (None, 0, 7),
        ("image", 40_000, 7),
        ("character", 9, 7),
    ]
    charges = (await admin.get("/api/usage", params={"group_by": "model"})).json()
    assert charges["totals"]["cost_micros"] == 5 * 20 + 5 * 9, charges
