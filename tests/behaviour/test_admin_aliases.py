"""Aliases over the admin API: made, read, changed, deleted, and shown with where their calls go."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from jixi.assembly.house import House, open_house
from jixi.assembly.settings import DeploymentSetting, Settings
from tests.behaviour.people import Person


async def test_an_alias_may_stand_for_nothing_that_is_not_served(admin: Person) -> None:
    answer = await admin.post("/api/aliases", json={"name": "chat", "targets": [{"model": "nobody"}]})
    assert answer.status_code == 400
    assert "targets[0].model" in answer.json()["detail"]
    assert (await admin.get("/api/aliases")).json() == {"items": [], "next_cursor": None}
    assert (await admin.get("/api/aliases/als_nobody")).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"targets": []},
        {"targets": [{"model": "a", "weight": -1}]},
        {"targets": [{"model": "a"}], "retries": 4},
        {"targets": [{"model": "a"}], "canary": {"model": "b", "percent": 101}},
        {"targets": [{"model": "a"}], "fallbacks": [{"model": "b", "on": ["rain"]}]},
        {"targets": [{"model": "a"}], "fallbacks": [{"model": "b", "on": []}]},
    ],
)
async def test_a_malformed_alias_is_refused(admin: Person, wrong: dict[str, Any]) -> None:
    answer = await admin.post("/api/aliases", json={"name": "chat"} | wrong)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_value")


@pytest.fixture
async def house(data_dir: Path) -> AsyncIterator[House]:
    """With one deployment, `small`."""
    small = DeploymentSetting(name="small", engine="stub")
    settings = Settings(data_dir=data_dir, starter="none", ledger_writer="thread", deployments=(small,))
    async with open_house(settings) as opened:
        yield opened


async def test_a_public_name_is_taken_once_be_it_by_an_alias_or_a_model(admin: Person) -> None:
    made = await _alias(admin, "chat")
    other = await _alias(admin, "other")
    provider: dict[str, Any] = {"name": "P", "vendor": "deepseek", "credential": "sk-a-secret-1"}
    outside = {"name": "other", "upstream": "u", "kinds": ["chat"], "context": 4096}
    for refused in (
        await admin.post("/api/aliases", json={"name": "chat", "targets": [{"model": "small"}]}),
        await admin.post("/api/aliases", json={"name": "small", "targets": [{"model": "small"}]}),
        await admin.patch(f"/api/aliases/{other['id']}", json={"name": "chat"}),
        await admin.patch(f"/api/aliases/{other['id']}", json={"name": "small"}),
        await admin.post("/api/providers", json=provider | {"models": [outside]}),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "name_taken"), refused.text
        assert " name " in refused.json()["detail"]
    assert (await admin.get(f"/api/aliases/{made['id']}")).json()["name"] == "chat"


async def test_no_alias_leads_to_an_alias_so_that_none_leads_back_to_itself(admin: Person) -> None:
    made, other = await _alias(admin, "chat"), await _alias(admin, "other")
    where = f"/api/aliases/{made['id']}"
    fallback = [{"model": "other", "on": ["error"]}]
    for refused in (
        await admin.post("/api/aliases", json={"name": "itself", "targets": [{"model": "itself"}]}),
        await admin.patch(where, json={"targets": [{"model": "chat"}]}),
        await admin.patch(where, json={"targets": [{"model": "other"}]}),
        await admin.patch(where, json={"fallbacks": fallback}),
        await admin.patch(f"/api/aliases/{other['id']}", json={"canary": {"model": "chat", "percent": 1}}),
    ):
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_value"), refused.text
        assert "an alias stands for models alone" in refused.json()["detail"]


async def _alias(admin: Person, name: str) -> dict[str, Any]:
    answer = await admin.post("/api/aliases", json={"name": name, "targets": [{"model": "small"}]})
    assert answer.status_code == 201, answer.text
    return answer.json()
