"""Compute and storage over HTTP: a real engine that runs, files that are kept, and the clock put ahead."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp

from jixi.assembly.house import House, open_house
from jixi.assembly.settings import DeploymentSetting, Settings
from jixi.core.principal import Principal, Role
from tests.behaviour.people import Person, colleague, neighbour
from tests.clocks import LeapingClock

_HOUR = 3_600_000_000


@pytest.fixture
def clock() -> LeapingClock:
    return LeapingClock()


@pytest.fixture
async def house(data_dir: Path, clock: LeapingClock) -> AsyncIterator[House]:
    """A house with a stub engine that runs, and for which three CPUs count as set aside."""
    deployment = DeploymentSetting(name="stub", engine="stub", cpus=3)
    settings = Settings(data_dir=data_dir, starter="none", ledger_writer="thread", deployments=(deployment,))
    async with open_house(settings, clock) as opened:
        async with asyncio.timeout(60):
            await opened.fleet.until("stub", lambda status: status.state == "ready")
        yield opened


async def _usage(person: Person, **params: Any) -> dict[str, Any]:
    answer = await person.get("/api/usage", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def _set_price(admin: Person, resource: str, micros: int, **more: str) -> dict[str, Any]:
    answer = await admin.put(f"/api/prices/resources/{resource}", json={"micros": micros, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def _keep(house: House, person: Person, size: int) -> None:
    caller = Principal(tenant_id=person.tenant["id"], member_id=person.member["id"], role=Role.TENANT_ADMIN)

    async def content() -> AsyncIterator[bytes]:
        yield bytes(size)

    await house.files.add(caller, "kept.jsonl", content())


async def test_a_deployment_that_runs_for_an_hour_is_on_the_statement_of_who_runs_the_platform(
    admin: Person, house: House, clock: LeapingClock
) -> None:
    price = await _set_price(admin, "cpu_hour", 200_000)
    await house.metering.beat()
    before = (await _usage(admin))["resources"]
    clock.ahead += timedelta(hours=1)
    await house.metering.beat()
    report = await _usage(admin)
    rows = [row for row in report["resources"] if row["price_version"] == price["version"]]
    assert {(row["kind"], row["resource"], row["subject"], row["name"]) for row in rows} == {
        ("compute", "cpu_hour", "cpu", "stub")
    }
    took = sum(row["quantity"] for row in report["resources"]) - sum(row["quantity"] for row in before)
    assert 3 * _HOUR <= took < 3 * _HOUR + 3000 * 120_000
    assert 600_000 <= sum(row["cost_micros"] for row in rows) < 630_000
    assert report["compute_micros"] == sum(row["cost_micros"] for row in report["resources"])
    assert report["total_micros"] == report["totals"]["cost_micros"] + report["compute_micros"]
    assert (await admin.get("/api/overview")).json()["spend_month_micros"] == report["total_micros"]
    assert await house.statement.discrepancies() == []


async def test_what_a_tenant_keeps_is_charged_by_the_day_and_seen_by_nobody_else(
    admin: Person, app: ASGIApp, house: House, clock: LeapingClock
) -> None:
    owner = await neighbour(app, admin)
    await _set_price(admin, "gb_day", 100_000_000)
    await _keep(house, owner, 1_500_000)
    await house.metering.beat()
    clock.ahead += timedelta(hours=1)
    await house.metering.beat()
    report = await _usage(owner, group_by="model")
    (row,) = report["resources"]
    assert (row["kind"], row["resource"], row["name"], row["day"]) == ("storage", "gb_day", "files", None)
    assert 2 / 24 <= row["quantity"] * 1000 / row["per_unit"] < 2.1 / 24
    assert report["storage_micros"] == report["total_micros"] == row["cost_micros"] >= 8_333
    assert [each for each in (await _usage(admin))["resources"] if each["kind"] == "storage"] == []
    assert (await _usage(owner, model="stub"))["resources"] == []


async def test_the_csv_has_compute_and_storage_and_adds_up_to_the_same_total(
    admin: Person, house: House, clock: LeapingClock
) -> None:
    await _set_price(admin, "cpu_hour", 200_000)
    await _keep(house, admin, 5)
    await house.metering.beat()
    clock.ahead += timedelta(hours=1)
    await house.metering.beat()
    answer = await admin.get("/api/usage.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {row["kind"] for row in rows} == {"compute", "storage"}
    assert sum(int(row["cost_micros"]) for row in rows) == (await _usage(admin))["total_micros"]
    assert {row["currency"] for row in rows} == {"CNY"}


async def test_a_member_who_sees_their_own_calls_alone_sees_no_resources(
    admin: Person, app: ASGIApp, house: House, clock: LeapingClock
) -> None:
    developer = await colleague(app, admin, "developer")
    clock.ahead += timedelta(hours=1)
    await house.metering.beat()
    assert (await _usage(admin))["resources"] != []
    assert (await _usage(developer))["resources"] == []


async def test_prices_of_resources_have_versions_and_are_set_by_the_platform_alone(
    admin: Person, app: ASGIApp, house: House
) -> None:
    first = await _set_price(admin, "gpu_hour", 12_000_000, subject="NVIDIA H100 80GB HBM3")
    await _set_price(admin, "gpu_hour", 5_000_000)
    listed = (await admin.get("/api/prices/resources")).json()["items"]
    assert [(each["subject"], each["micros"]) for each in listed] == [
        (None, 5_000_000),
        ("NVIDIA H100 80GB HBM3", 12_000_000),
    ]
    late = await admin.put(
        "/api/prices/resources/gpu_hour", json={"micros": 1}, headers={"If-Match": f'"{first["version"]}"'}
    )
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    developer = await colleague(app, admin, "developer")
    refused = await developer.put("/api/prices/resources/gpu_hour", json={"micros": 1})
    assert (refused.status_code, refused.json()["code"]) == (403, "role_forbidden")
    assert (await admin.put("/api/prices/resources/gpu_day", json={"micros": 1})).status_code == 400


async def test_what_ran_until_the_end_of_the_server_is_charged_by_the_next_look(
    admin: Person, house: House, clock: LeapingClock
) -> None:
    clock.ahead += timedelta(minutes=10)
    await house.fleet.halt("stub")
    clock.ahead += timedelta(minutes=45)
    await house.metering.beat()
    (row,) = [row for row in (await _usage(admin, group_by="model"))["resources"] if row["name"] == "stub"]
    assert 3000 * 600_000 <= row["quantity"] < 3000 * 780_000


async def test_a_store_that_cannot_be_looked_into_keeps_nothing_else_from_being_charged(
    admin: Person, house: House, clock: LeapingClock
) -> None:
    async def lost() -> dict[str, int]:
        raise OSError("gone")

    await _keep(house, admin, 1_500_000)
    await house.metering.beat()
    house.metering.stores = {**house.metering.stores, "files": lost}
    clock.ahead += timedelta(hours=1)
    with pytest.raises(OSError, match="gone"):
        await house.metering.beat()
    rows = (await _usage(admin, group_by="model"))["resources"]
    took = {row["name"]: row["quantity"] for row in rows}
    assert took["stub"] >= 3 * _HOUR
    assert took["files"] >= 2 * 3_600_000


async def test_a_database_that_does_not_answer_holds_up_the_end_for_some_seconds_only(house: House) -> None:
    async def never() -> str | None:
        await asyncio.Event().wait()
        return None

    metering = type(house.metering)(house.ledger.resources, never)
    async with asyncio.timeout(60):
        await metering.close()
