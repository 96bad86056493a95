"""Plans from what was really asked of models: GET /api/plans/use, on charges made through the ledger's own door."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp

from jixi.assembly.house import House, open_house
from jixi.assembly.settings import DeploymentSetting, Settings
from jixi.core.ids import new_id
from jixi.core.ports import Reservation, Settlement, Tier
from jixi.core.principal import Principal, Role, Scope
from jixi.core.usage import Usage
from tests.behaviour.people import Person, colleague, neighbour
from tests.behaviour.test_plans import H100, figures


@pytest.fixture
async def house(data_dir: Path) -> AsyncIterator[House]:
    """A house with one model of its own engine; nothing calls it here, so that may still be starting."""
    deployment = DeploymentSetting(name="ours", engine="stub")
    settings = Settings(data_dir=data_dir, starter="none", ledger_writer="thread", deployments=(deployment,))
    async with open_house(settings) as opened:
        yield opened


async def call(house: House, person: Person, model: str = "ours", tier: Tier = "standard") -> None:
    """1 000 tokens in, 400 of them from a prompt cache, and 500 out."""
    hold = await house.ledger.reserve(
        Reservation(
            request_id=new_id("req"),
            principal=Principal(
                tenant_id=person.tenant["id"],
                member_id=person.member["id"],
                role=Role(person.member["role"]),
                key_id=None,
            ),
            model=model,
            kind=Scope.CHAT,
            max_input_tokens=1000,
            max_output_tokens=500,
            stream=True,
            tier=tier,
        )
    )
    usage = Usage(input_tokens=1000, cached_input_tokens=400, output_tokens=500)
    await house.ledger.settle(hold, Settlement(outcome="ok", usage=usage, first_token_ms=40, duration_ms=900))


async def items(person: Person) -> list[dict[str, Any]]:
    answer = await person.get("/api/plans/use", params={"days": 30})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def test_use_fills_a_plan_and_a_comparison(app: ASGIApp, admin: Person, house: House) -> None:
    developer = await colleague(app, admin, "developer")
    for person in (admin, developer, developer):
        await call(house, person)
    (used,) = await items(admin)
    assert (used["model"], used["requests"], used["members"]) == ("ours", 3, 2)
    assert (used["input_tokens"], used["output_tokens"], used["cached_share"]) == (1000, 500, 0.4)
    assert used["peak_concurrency"] == 1
    assert used["task"]["model"] is None, "no model of the store is behind it"
    # Less than a day is taken for one: the month is as many times the day as it has days.
    assert used["million_tokens"] == pytest.approx(3 * 1500 * 730.5 / 24 / 1e6)
    task = used["task"] | {"model": "qwen3-8b"}
    answer = await admin.post("/api/plans/serving", json=task | {"hardware": H100})
    assert answer.status_code == 200, answer.text
    assert figures(answer.json())["month_tokens"]["value"] == pytest.approx(used["million_tokens"] * 1e6)
    options = [{"kind": "rented", "name": "rented", "hardware": H100}]
    compared = task | {"million_tokens": used["million_tokens"], "options": options}
    assert (await admin.post("/api/plans/comparison", json=compared)).status_code == 200


async def test_batches_alone_are_planned_as_spread_over_the_month(admin: Person, house: House) -> None:
    for _ in range(3):
        await call(house, admin, tier="batch")
    (used,) = await items(admin)
    assert (used["requests"], used["peak_requests_s"], used["peak_concurrency"]) == (3, 0, 0)
    assert used["task"]["prompts_per_hour"] == pytest.approx(3 / 24)
    answer = await admin.post(
        "/api/plans/serving", json=used["task"] | {"model": "qwen3-8b", "hardware": H100}
    )
    assert answer.status_code == 200, answer.text
    assert figures(answer.json())["month_tokens"]["value"] == pytest.approx(used["million_tokens"] * 1e6)


async def test_use_is_that_of_the_own_organisation_and_for_developers_their_own(
    app: ASGIApp, admin: Person, house: House
) -> None:
    developer, stranger = await colleague(app, admin, "developer"), await neighbour(app, admin)
    for person in (admin, admin, developer):
        await call(house, person)
    assert [each["requests"] for each in await items(admin)] == [3]
    assert [each["requests"] for each in await items(developer)] == [1]
    assert await items(stranger) == []


async def test_days_beyond_a_quarter_are_refused(admin: Person) -> None:
    for days in (0, 93, "many"):
        answer = await admin.get("/api/plans/use", params={"days": days})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_value")
