"""/api/nodes and `jixi nodes`: what the machine has, how much is free, and who holds it."""

from pathlib import Path
from typing import Any

import psutil

from jixi.assembly import DeploymentSetting, Settings, open_house
from jixi.server import create_app
from tests.behaviour.people import Person, colleague, first_administrator


async def test_this_machine_is_the_node_and_everyone_signed_in_may_see_it(admin: Person, app: Any) -> None:
    for person in (admin, await colleague(app, admin, "developer")):
        (node,) = (await person.get("/api/nodes")).json()["items"]
        assert 0 < node["free_bytes"] < node["memory_bytes"] <= psutil.virtual_memory().total
        assert 0 < node["used_bytes"] < node["memory_bytes"]
        assert 0 < node["cpus"] <= (psutil.cpu_count() or 1)
        assert isinstance(node["accelerators"], list)
        assert node["name"]


async def test_a_model_larger_than_the_machine_waits_and_one_that_fits_is_shown_where_it_runs(
    tmp_path: Path,
) -> None:
    settings = Settings(
        data_dir=tmp_path / "data",
        starter="none",
        ledger_writer="thread",
        deployments=(
            DeploymentSetting(name="huge", engine="stub", memory_bytes=2**50),
            DeploymentSetting(name="small", engine="stub"),
        ),
    )
    async with open_house(settings) as house:
        assert house.setup_link is not None
        admin = await first_administrator(create_app(house), house.setup_link)
        assert (await house.fleet.until("small")).state == "ready"
        (node,) = (await admin.get("/api/nodes")).json()["items"]
        assert node["deployments"] == ["small"]
        listed = {each["name"]: each for each in (await admin.get("/api/deployments")).json()["items"]}
        assert (listed["huge"]["state"], listed["huge"]["reason"]["code"]) == ("pending", "no_room")
        assert f"{2**50:,}" in listed["huge"]["reason"]["message"]
