"""Prices, limits, usage, charges and the overview over HTTP, on charges made through the ledger's own door."""

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.types import ASGIApp

from jixi.assembly.house import House, open_house
from jixi.assembly.settings import DeploymentSetting, Settings
from jixi.core.errors import JixiError
from jixi.core.ids import new_id
from jixi.core.ports import Outcome, Reservation, Settlement
from jixi.core.principal import Principal, Role, Scope
from jixi.core.usage import Usage
from jixi.server.app import create_app
from tests.behaviour.people import NO_LIMITS, Person, colleague, first_administrator, neighbour, new_key

_PRICE = {"input_micros": 1_000_000, "cached_input_micros": 0, "output_micros": 2_000_000}


@pytest.fixture
async def house(data_dir: Path) -> AsyncIterator[House]:
    """A house with one model; nothing calls it here, so its engine may still be starting."""
    deployment = DeploymentSetting(name="stub", engine="stub")
    settings = Settings(data_dir=data_dir, starter="none", ledger_writer="thread", deployments=(deployment,))
    async with open_house(settings) as opened:
        yield opened


async def _charge(house: House, person: Person, *, key: str | None = None, outcome: Outcome = "ok") -> str:
    """A call of 1 000 input and 500 output tokens, settled: 2 000 micro-units at `_PRICE`."""
    principal = Principal(
        tenant_id=person.tenant["id"],
        member_id=person.member["id"],
        role=Role(person.member["role"]),
        key_id=key,
    )
    request_id = new_id("req")
    hold = await house.ledger.reserve(
        Reservation(
            request_id=request_id,
            principal=principal,
            model="stub",
            kind=Scope.CHAT,
            max_input_tokens=1000,
            max_output_tokens=500,
            stream=True,
        )
    )
    usage = Usage(input_tokens=1000, output_tokens=500)
    await house.ledger.settle(
        hold,
        Settlement(
            outcome=outcome,
            usage=usage,
            error_code=None if outcome == "ok" else "engine_error",
            first_token_ms=40,
            duration_ms=900,
        ),
    )
    return request_id


async def _set_price(admin: Person) -> dict[str, Any]:
    answer = await admin.put("/api/prices/stub", json=_PRICE)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_deployment_starts_with_a_price_and_a_change_is_a_new_version(admin: Person) -> None:
    (first,) = (await admin.get("/api/prices")).json()["items"]
    assert (first["model"], first["member_id"], first["currency"]) == ("stub", None, "CNY")
    second = await _set_price(admin)
    assert second["version"] > first["version"]
    assert second["member_id"] == admin.member["id"]
    assert (await admin.get("/api/prices")).json()["items"] == [second]
    late = await admin.put("/api/prices/stub", json=_PRICE, headers={"If-Match": f'"{first["version"]}"'})
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    assert (await admin.put("/api/prices/misspelt", json=_PRICE)).status_code == 404


async def test_usage_sums_exactly_by_any_grouping(admin: Person, house: House) -> None:
    await _set_price(admin)
    key, _ = await new_key(admin)
    for _ in range(3):
        await _charge(house, admin, key=key["id"])
    await _charge(house, admin, outcome="failed")
    report = (await admin.get("/api/usage", params={"group_by": ["model", "key"]})).json()
    assert report["totals"] == {
        "calls": 4,
        "failed": 1,
        "input_tokens": 4000,
        "cached_input_tokens": 0,
        "output_tokens": 2000,
        "seconds": 0,
        "characters": 0,
        "images": 0,
        "cost_micros": 8000,
    }
    rows = {row["key_id"]: row for row in report["rows"]}
    assert rows[key["id"]]["cost_micros"] == 6000
    assert rows[None]["failed"] == 1
    assert {row["day"] for row in report["rows"]} == {None}
    for groups in ("day", "model", "key", "member"):
        grouped = (await admin.get("/api/usage", params={"group_by": groups})).json()
        assert sum(row["cost_micros"] for row in grouped["rows"]) == 8000


async def test_a_time_range_takes_in_its_start_and_leaves_out_its_end(admin: Person, house: House) -> None:
    await _set_price(admin)
    await _charge(house, admin)
    (charge,) = (await admin.get("/api/charges")).json()["items"]
    at = charge["charged_at"]
    inside = {"start": at, "end": "2199-01-01T00:00:00Z"}
    outside = {"start": "2020-01-01T00:00:00Z", "end": at}
    assert (await admin.get("/api/usage", params=inside)).json()["totals"]["calls"] == 1
    assert (await admin.get("/api/usage", params=outside)).json()["totals"]["calls"] == 0
    backwards = {"start": "2026-02-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"}
    assert (await admin.get("/api/usage", params=backwards)).json()["code"] == "invalid_value"
    for wrong in ("yesterday", "2026-01-01", "0"):
        assert (await admin.get("/api/usage", params={"start": wrong})).status_code == 400


async def test_the_csv_has_the_same_rows_and_no_formulas(admin: Person, house: House) -> None:
    await _set_price(admin)
    await _charge(house, admin)
    answer = await admin.get("/api/usage.csv", params={"group_by": ["model", "member"]})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="jixi-usage-')
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert row["model"] == "stub"
    assert row["cost_micros"] == "2000"
    assert row["currency"] == "CNY"
    assert [value for value in row.values() if value.startswith(("=", "+", "-", "@"))] == []


async def test_charges_are_paged_newest_first_and_filtered(admin: Person, house: House) -> None:
    await _set_price(admin)
    made = [await _charge(house, admin) for _ in range(5)]
    failed = await _charge(house, admin, outcome="failed")
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = (
            await admin.get("/api/charges", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        ).json()
        seen += [charge["request_id"] for charge in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [failed, *reversed(made)]
    only = (await admin.get("/api/charges", params={"outcome": "failed"})).json()["items"]
    assert [charge["request_id"] for charge in only] == [failed]
    assert (await admin.get("/api/charges", params={"cursor": "made-up"})).json()["code"] == "invalid_value"


async def test_a_developer_reads_their_own_calls_and_nobody_elses(
    app: ASGIApp, admin: Person, house: House
) -> None:
    await _set_price(admin)
    developer = await colleague(app, admin, "developer")
    await _charge(house, admin)
    own = await _charge(house, developer)
    assert [charge["request_id"] for charge in (await developer.get("/api/charges")).json()["items"]] == [own]
    assert (await developer.get("/api/usage")).json()["totals"]["calls"] == 1
    assert (await developer.get("/api/overview")).json()["spend_today_micros"] == 2000
    others = await developer.get("/api/usage", params={"member": admin.member["id"]})
    assert (others.status_code, others.json()["code"]) == (403, "role_forbidden")
    assert (await admin.get("/api/usage")).json()["totals"]["calls"] == 2


async def test_limits_are_set_read_and_lifted_with_their_version(admin: Person, house: House) -> None:
    tenant = f"/api/limits/{admin.tenant['id']}"
    (own,) = (await admin.get("/api/limits")).json()["items"]
    assert (own["scope"], own["name"], own["version"]) == ("tenant", "Example Works", 0)
    assert {own[name] for name in NO_LIMITS} == {None}
    wanted = NO_LIMITS | {"requests_per_minute": 60, "daily_micros": 1000}
    first = await admin.put(tenant, json=wanted, headers={"If-Match": f'"{own["version"]}"'})
    assert {name: first.json()[name] for name in NO_LIMITS} == wanted
    late = await admin.put(tenant, json=NO_LIMITS, headers={"If-Match": f'"{own["version"]}"'})
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    again = await admin.get(tenant)
    assert again.json() == first.json() == (await admin.get("/api/limits")).json()["items"][0]
    assert again.headers["ETag"] == first.headers["ETag"]
    lifted = (await admin.put(tenant, json=NO_LIMITS, headers={"If-Match": again.headers["ETag"]})).json()
    assert {lifted[name] for name in NO_LIMITS} == {None}


@pytest.mark.parametrize(
    "wrong",
    [{}, NO_LIMITS | {"concurrency": 0}, NO_LIMITS | {"daily_micros": -1}, NO_LIMITS | {"budget": 1}],
    ids=["nothing", "no call at all", "less than nothing", "no such limit"],
)
async def test_limits_that_make_no_sense_are_refused(admin: Person, wrong: dict[str, Any]) -> None:
    assert (await admin.put(f"/api/limits/{admin.tenant['id']}", json=wrong)).status_code == 400


async def test_members_keys_and_models_have_limits_and_nothing_else_has(
    app: ASGIApp, admin: Person, house: House
) -> None:
    key, _ = await new_key(admin, name="Search")
    other = await neighbour(app, admin)
    for scope_id, scope, name in (
        (admin.member["id"], "member", admin.member["name"]),
        (key["id"], "key", "Search"),
        ("model:stub", "model", "stub"),
    ):
        answer = await admin.put(f"/api/limits/{scope_id}", json=NO_LIMITS | {"concurrency": 3})
        assert (answer.status_code, answer.json()["scope"], answer.json()["name"]) == (200, scope, name)
    listed = (await admin.get("/api/limits")).json()["items"]
    assert [each["scope"] for each in listed] == ["tenant", "member", "key", "model"]
    foreign = (other.tenant["id"], other.member["id"])
    for unknown in (*foreign, "ten_unknown", "mem_unknown", "key_unknown", "model:misspelt", "nonsense"):
        for answer in (
            await admin.get(f"/api/limits/{unknown}"),
            await admin.put(f"/api/limits/{unknown}", json=NO_LIMITS),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await other.get("/api/limits/model:stub")).json()["concurrency"] is None


async def test_what_was_spent_and_what_runs_is_shown_beside_the_limits(admin: Person, house: House) -> None:
    await _set_price(admin)
    key, _ = await new_key(admin)
    await _charge(house, admin, key=key["id"])
    for item in (await admin.get("/api/limits")).json()["items"]:
        assert item["used"] == {
            "requests_minute": 0,
            "tokens_minute": 0,
            "running": 0,
            "daily_micros": 2000,
            "daily_held_micros": 0,
            "monthly_micros": 2000,
            "monthly_held_micros": 0,
        }


async def test_a_developer_reads_the_limits_that_bind_them_and_changes_none(
    app: ASGIApp, admin: Person, house: House
) -> None:
    await _set_price(admin)
    developer = await colleague(app, admin, "developer")
    key, _ = await new_key(admin)
    await _charge(house, admin, key=key["id"])
    await _charge(house, developer)
    seen = [item["scope_id"] for item in (await developer.get("/api/limits")).json()["items"]]
    assert seen == [developer.tenant["id"], developer.member["id"], "model:stub"]
    for hidden in (key["id"], admin.member["id"]):
        assert (await developer.get(f"/api/limits/{hidden}")).status_code == 404
    own = await developer.put(f"/api/limits/{developer.member['id']}", json=NO_LIMITS)
    assert (own.status_code, own.json()["code"]) == (403, "role_forbidden")


async def test_a_keys_monthly_limit_is_the_one_that_the_key_shows(admin: Person) -> None:
    key, _ = await new_key(admin, name="Search", monthly_limit_micros=7)
    path = f"/api/limits/{key['id']}"
    assert (await admin.get(path)).json()["monthly_micros"] == 7
    assert (
        await admin.put(path, json=NO_LIMITS | {"concurrency": 2, "monthly_micros": 8})
    ).status_code == 200
    assert (await admin.get(f"/api/keys/{key['id']}")).json()["monthly_limit_micros"] == 8
    assert (await admin.patch(f"/api/keys/{key['id']}", json={"monthly_limit_micros": 9})).status_code == 200
    changed = (await admin.get(path)).json()
    assert (changed["concurrency"], changed["monthly_micros"]) == (2, 9)


async def test_a_price_says_what_a_batch_and_a_replay_cost_and_keeps_it(admin: Person) -> None:
    first = await _set_price(admin)
    assert (first["batch_percent"], first["replay_percent"]) == (50, 0)
    shares = {"batch_percent": 40, "replay_percent": 10}
    set_so = await admin.put("/api/prices/stub", json=_PRICE | shares)
    assert set_so.json().items() >= shares.items()
    assert (await _set_price(admin)).items() >= shares.items()
    dearer = await admin.put("/api/prices/stub", json=_PRICE | {"batch_percent": 101})
    assert dearer.status_code == 400


async def test_the_overview_counts_what_happened_and_says_what_to_do_next(
    admin: Person, house: House
) -> None:
    fresh = (await admin.get("/api/overview")).json()
    assert fresh["next_steps"] == ["create_key", "first_call", "invite_member", "set_limit"]
    assert len(fresh["series"]) == 60
    await _set_price(admin)
    await new_key(admin)
    await _charge(house, admin)
    failed = await _charge(house, admin, outcome="failed")
    body = (await admin.get("/api/overview", headers={"Accept-Language": "zh"})).json()
    assert "create_key" not in body["next_steps"]
    assert "first_call" not in body["next_steps"]
    assert body["spend_today_micros"] == body["spend_month_micros"] == 4000
    assert sum(point["requests"] for point in body["series"]) == 2
    assert sum(point["errors"] for point in body["series"]) == 1
    assert body["first_token_ms"] == 40
    assert body["limit"]["used"]["monthly_micros"] == 4000
    (error,) = body["recent_errors"]
    assert (error["request_id"], error["code"]) == (failed, "engine_error")
    assert "推理引擎" in error["message"]
    assert "…" not in error["message"]
    assert [each["name"] for each in body["deployments"]] == ["stub"]


async def test_deployments_are_listed_read_and_restarted(admin: Person, house: House) -> None:
    await house.fleet.until("stub")
    read = (await admin.get("/api/deployments/stub")).json()
    assert (read["state"], read["engine"], read["weak"]) == ("ready", "stub", False)
    assert (await admin.get("/api/deployments/other")).json()["code"] == "not_found"
    again = await admin.post("/api/deployments/stub/restart", headers={"Idempotency-Key": "once"})
    assert again.status_code == 202
    replay = await admin.post("/api/deployments/stub/restart", headers={"Idempotency-Key": "once"})
    assert replay.json() == again.json()
    assert isinstance((await admin.get("/api/deployments/stub/logs")).json()["lines"], list)


async def test_about_tells_administrators_where_the_data_lies(
    app: ASGIApp, admin: Person, house: House
) -> None:
    about = (await admin.get("/api/about")).json()
    assert about["data_dir"] == str(house.settings.data_dir)
    developer = await colleague(app, admin, "developer")
    assert (await developer.get("/api/about")).json()["data_dir"] is None


async def test_the_store_says_which_models_are_stand_ins(admin: Person) -> None:
    names = ("smollm2-135m-instruct", "qwen2.5-coder-0.5b-instruct")
    assert [(await admin.get(f"/api/models/{name}")).json()["weak"] for name in names] == [True, False]


async def test_the_currency_cannot_change_under_prices_that_exist(tmp_path: Path) -> None:
    deployments = (DeploymentSetting(name="stub", engine="stub"),)
    settings = Settings(data_dir=tmp_path / "data", starter="none", deployments=deployments)
    async with open_house(settings):
        pass
    with pytest.raises(JixiError, match="already counts in CNY"):
        async with open_house(settings.model_copy(update={"currency": "USD"})):
            pass


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_the_whole_house_runs_on_postgresql(tmp_path: Path, database_url: str) -> None:
    settings = Settings(data_dir=tmp_path / "data", starter="none", database_url=SecretStr(database_url))
    async with open_house(settings) as house:
        app = create_app(house)
        admin = await first_administrator(app, house.setup_link or "")
        headers = {"Idempotency-Key": "once"}
        body = {"name": "K", "scopes": ["chat"], "monthly_limit_micros": 5}
        first = await admin.post("/api/keys", json=body, headers=headers)
        assert (await admin.post("/api/keys", json=body, headers=headers)).json() == first.json()
        assert len((await admin.get("/api/keys")).json()["items"]) == 1
        assert (await admin.get("/api/usage", params={"group_by": ["day", "model"]})).status_code == 200
        assert (await admin.get("/api/overview")).status_code == 200
