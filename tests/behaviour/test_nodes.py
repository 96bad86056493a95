"""/api/nodes and `jixi nodes`: what the machine has, how much is free, and who holds it."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from jixi.assembly.house import House, open_house
from jixi.assembly.settings import DeploymentSetting, Settings
from jixi.compute.history import PACE_S
from jixi.models.deployments import DeploymentStatus
from jixi.server.app import create_app
from tests.behaviour.people import Person, colleague, first_administrator, visitor
from tests.clocks import LeapingClock, SettableClock
from tests.cluster import ray_cluster


async def test_this_machine_is_the_node_and_everyone_signed_in_may_see_it(admin: Person, app: Any) -> None:
    for person in (admin, await colleague(app, admin, "developer")):
        (node,) = (await person.get("/api/nodes")).json()["items"]
        assert 0 < node["free_bytes"] < node["memory_bytes"] <= psutil.virtual_memory().total
        assert 0 < node["used_bytes"] < node["memory_bytes"]
        assert 0 < node["cpus"] <= (psutil.cpu_count() or 1)
        assert isinstance(node["accelerators"], list)
        assert node["name"]
        assert node["utilisation"] is None or 0 <= node["utilisation"] <= 1
        assert node["power_w"] is None or node["power_w"] >= 0


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


async def test_what_this_machine_did_and_what_ran_on_it_is_told(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path / "data",
        starter="none",
        ledger_writer="thread",
        deployments=(DeploymentSetting(name="small", engine="stub"),),
    )
    clock = SettableClock()
    async with open_house(settings, clock) as house:
        assert house.setup_link is not None
        admin = await first_administrator(create_app(house), house.setup_link)
        assert (await house.fleet.until("small")).state == "ready"
        for _ in range(3):
            await house.node_history.record()
            clock.ahead += timedelta(seconds=PACE_S)
        past = (await admin.get("/api/nodes/history")).json()
        (node,) = (await admin.get("/api/nodes")).json()["items"]
        assert (past["node"], past["pace_s"]) == (node["name"], PACE_S)
        (memory, *_) = past["places"]
        assert (memory["id"], memory["memory_bytes"]) == ("memory", node["memory_bytes"])
        assert all(0 < point["used_bytes"] < node["memory_bytes"] for point in memory["points"])
        assert any(point["utilisation"] is not None for point in memory["points"])
        assert (memory["energy"]["kwh"] is None) == (memory["energy"]["measured"] == 0)
        (stay,) = past["stays"]
        assert (stay["deployment"], stay["place"], stay["ongoing"]) == ("small", "memory", True)
        assert stay["held_bytes"] > 0


@pytest.mark.timeout(400)
async def test_the_nodes_of_a_cluster_are_told_with_what_ran_there_and_a_lost_one_is_remembered(
    tmp_path: Path,
) -> None:
    with ray_cluster(2, gpus=1) as cluster:
        settings = Settings(
            data_dir=tmp_path / "data",
            starter="none",
            ledger_writer="thread",
            driver="ray",
            ray_address=cluster.address,
            deployments=(
                DeploymentSetting(name="small", engine="stub", gpus=1, replicas=2, memory_bytes=2**20),
            ),
        )
        clock = LeapingClock()
        async with open_house(settings, clock) as house, asyncio.timeout(300):
            assert house.setup_link is not None
            admin = await first_administrator(create_app(house), house.setup_link)
            await house.fleet.until("small", _both_ready)
            own, other = await _nodes(admin, lambda nodes: [each["state"] for each in nodes] == ["alive"] * 2)
            assert other["name"] == f"{own['name']} (127.0.0.3)"
            assert own["counted"] == other["counted"] == {"H100": 1}
            assert 0 < other["free_bytes"] <= other["memory_bytes"] == own["memory_bytes"]
            for _ in range(2):
                await house.node_history.record()
                clock.ahead += timedelta(seconds=PACE_S)
            for each in (own, other):
                past = await _past(admin, each["name"])
                assert [len(place["points"]) >= 2 for place in past["places"]] == [True]
                (stay,) = past["stays"]
                assert (stay["deployment"], stay["place"], stay["ongoing"]) == ("small", "gpu-0", True)
                assert stay["held_bytes"] == 2**20
            clock.ahead += timedelta(hours=1)
            await house.metering.beat()
            used = (await admin.get("/api/usage")).json()["resources"]
            hours = {(row["resource"], row["subject"]): row["quantity"] / row["per_unit"] for row in used}
            assert hours.keys() == {("gpu_hour", "H100"), ("cpu_hour", "cpu")}
            assert 2 < hours["gpu_hour", "H100"] < 2.5
            cluster.lose(1)
            await house.fleet.until("small", lambda status: not _both_ready(status))
            own, lost = await _nodes(
                admin, lambda nodes: [each["state"] for each in nodes] == ["alive", "lost"]
            )
            assert (lost["name"], lost["free_bytes"]) == (other["name"], 0)
            clock.ahead += timedelta(seconds=PACE_S)
            await house.node_history.record()
            since = (clock.now() - timedelta(hours=2)).isoformat()
            pasts = [await _past(admin, each["name"], since=since, step="15") for each in (own, lost)]
            assert {stay["deployment"] for past in pasts for stay in past["stays"]} == {"small"}
            newest, last = (past["places"][0]["points"][-1]["at"] for past in pasts)
            assert last < newest


def _both_ready(status: DeploymentStatus) -> bool:
    return [each.state for each in status.replicas] == ["ready"] * 2


async def _nodes(person: Person, wanted: Callable[[list[Any]], bool]) -> list[Any]:
    while not wanted(found := (await person.get("/api/nodes")).json()["items"]):
        pass
    return found


async def _past(person: Person, node: str, **asked: str) -> Any:
    return (await person.get("/api/nodes/history", params={"node": node, **asked})).json()


async def test_the_time_to_look_at_is_the_caller_s_and_nonsense_is_refused(
    admin: Person, house: House
) -> None:
    await house.node_history.record()
    now = house.clock.now()
    asked = {"since": (now - timedelta(days=2)).isoformat(), "until": now.isoformat(), "step": 7200}
    past = (await admin.get("/api/nodes/history", params=asked)).json()
    assert past["step_s"] == 7200
    for wrong in (
        {"since": now.isoformat(), "until": asked["since"]},
        {"since": asked["since"], "step": 15},
        {"step": 0},
        {"since": "yesterday"},
    ):
        refused = await admin.get("/api/nodes/history", params=wrong)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_value"), wrong
    assert (await admin.get("/api/nodes/history", params={"node": "nowhere"})).status_code == 404


async def test_a_visitor_is_told_nothing_of_the_nodes(app: Any) -> None:
    assert (await visitor(app).get("/api/nodes/history")).status_code == 401
