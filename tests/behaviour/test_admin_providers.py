"""/api/providers: administrators manage them, everybody sees names and states, nobody ever sees a credential."""

import json
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from starlette.types import ASGIApp

from jixi.assembly.house import House, open_house, rotate_vault
from jixi.assembly.settings import Settings
from tests.behaviour.people import Person, colleague, new_key, with_key
from tests.vendors.server import Vendors, running_vendors
from tests.vendors.shapes import CREDENTIAL

PRICE = {"input_micros": 1_000_000, "cached_input_micros": 500_000, "output_micros": 2_000_000}
MODEL = {"name": "deep", "upstream": "deepseek-chat", "kinds": ["chat"], "context": 64_000}
MESSAGES = [{"role": "user", "content": "hello"}]


@pytest.fixture(scope="module")
def vendors() -> Iterator[Vendors]:
    with running_vendors() as running:
        yield running


@pytest.fixture
async def house(data_dir: Path) -> AsyncIterator[House]:
    settings = Settings(
        data_dir=data_dir,
        starter="none",
        ledger_writer="thread",
        allowed_hosts_outside=("127.0.0.1",),
    )
    async with open_house(settings) as opened:
        yield opened


@pytest.fixture
def body(vendors: Vendors) -> dict[str, Any]:
    return {
        "name": "Deep",
        "vendor": "deepseek",
        "base_url": vendors.base_url("deepseek"),
        "credential": CREDENTIAL,
        "models": [MODEL],
    }


async def test_a_provider_is_added_read_changed_and_removed(admin: Person, body: dict[str, Any]) -> None:
    made = await admin.post("/api/providers", json=body)
    assert made.status_code == 201, made.text
    provider = made.json()
    assert provider["id"].startswith("prv_")
    assert provider["credential_hint"] == f"…{CREDENTIAL[-4:]}"
    assert provider["models"] == [{**MODEL, "max_output": None, "tools": True, "vision": False}]
    where = f"/api/providers/{provider['id']}"
    read = await admin.get(where)
    assert (read.json(), read.headers["etag"]) == (provider, '"1"')
    assert provider["on_disconnect"] == "cancel"
    change = {"max_parallel": 4, "on_disconnect": "drain"}
    changed = await admin.patch(where, json=change, headers={"If-Match": '"1"'})
    assert (changed.json() | change, changed.headers["etag"]) == (changed.json(), '"2"')
    stale = await admin.patch(where, json={"max_parallel": 5}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert (await admin.delete(where)).status_code == 204
    assert (await admin.get(where)).status_code == 404
    assert (await admin.get("/api/providers")).json()["items"] == []


async def test_an_address_that_is_not_http_is_refused_as_such(admin: Person, body: dict[str, Any]) -> None:
    refused = await admin.post("/api/providers", json=body | {"base_url": "ftp://x"})
    (wrong,) = refused.json()["errors"]
    assert (refused.status_code, wrong["field"], "https?://" in wrong["message"]) == (400, "base_url", True)


async def test_a_repeated_post_adds_one(admin: Person, body: dict[str, Any]) -> None:
    headers = {"Idempotency-Key": "once"}
    answers = [await admin.post("/api/providers", json=body, headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len((await admin.get("/api/providers")).json()["items"]) == 1


async def test_providers_come_page_by_page_newest_first(admin: Person, body: dict[str, Any]) -> None:
    for number in range(3):
        named = {"name": f"P{number}", "models": [{**MODEL, "name": f"m{number}"}]}
        assert (await admin.post("/api/providers", json=body | named)).status_code == 201
    first = (await admin.get("/api/providers", params={"limit": 2})).json()
    second = (await admin.get("/api/providers", params={"cursor": first["next_cursor"]})).json()
    assert [each["name"] for each in first["items"] + second["items"]] == ["P2", "P1", "P0"]
    assert second["next_cursor"] is None


async def test_others_see_names_and_states_and_the_host_alone(
    app: ASGIApp, admin: Person, body: dict[str, Any]
) -> None:
    made = (await admin.post("/api/providers", json=body)).json()
    person = await colleague(app, admin, "developer")
    (seen,) = (await person.get("/api/providers")).json()["items"]
    assert (seen["name"], seen["state"], seen["base_url"]) == ("Deep", "unchecked", "http://127.0.0.1")
    assert seen["credential_hint"] is None
    for answer in (
        await person.post("/api/providers", json=body),
        await person.post(f"/api/providers/{made['id']}/check"),
        await person.delete(f"/api/providers/{made['id']}"),
    ):
        assert answer.status_code == 403


async def test_vendors_say_what_they_need(admin: Person) -> None:
    vendors = {each["id"]: each for each in (await admin.get("/api/vendors")).json()["items"]}
    assert set(vendors) == {
        "openai",
        "anthropic",
        "dashscope",
        "deepseek",
        "zhipu",
        "moonshot",
        "azure",
        "compatible",
    }
    assert vendors["azure"]["needs"] == ["api_version", "base_url", "credential"]
    assert vendors["deepseek"]["default_base_url"] == "https://api.deepseek.com"
    assert vendors["compatible"]["default_base_url"] is None


async def test_vendors_speak_the_language_of_the_reader(admin: Person) -> None:
    async def told(language: str) -> dict[str, tuple[str, str]]:
        answer = await admin.get("/api/vendors", headers={"Accept-Language": language})
        return {each["id"]: (each["name"], each["docs_hint"]) for each in answer.json()["items"]}

    english, chinese = await told("en"), await told("zh")
    assert english["zhipu"] == ("Zhipu (GLM)", "API keys: open.bigmodel.cn/usercenter/apikeys")
    assert chinese["zhipu"] == ("智谱（GLM）", "API 密钥：open.bigmodel.cn/usercenter/apikeys")
    assert chinese["openai"][0] == english["openai"][0] == "OpenAI"
    assert {name for name in english if english[name][1] == chinese[name][1]} == set()
    assert all(hint.isascii() for _, hint in english.values())


async def test_the_overview_shows_providers_beside_deployments(
    app: ASGIApp, admin: Person, body: dict[str, Any]
) -> None:
    good = body | {"models": [{**MODEL, "price": PRICE}, {**MODEL, "name": "deeper"}]}
    bad = body | {
        "name": "Locked",
        "credential": "sk-wrong-000000000",
        "models": [MODEL | {"name": "locked"}],
    }
    made = [(await admin.post("/api/providers", json=each)).json()["id"] for each in (good, bad)]
    for each in made:
        await admin.post(f"/api/providers/{each}/check")
    caller = with_key(app, (await new_key(admin))[1])
    call = {"model": "deep", "messages": MESSAGES}
    assert (await caller.post("/v1/chat/completions", json=call)).status_code == 200

    seen: dict[str, Any] = {}
    for _ in range(1000):  # the second of the call ends first
        seen = (await admin.get("/api/overview", headers={"Accept-Language": "zh"})).json()
        if seen["tokens_per_second"]:
            break
    locked, deep = seen["outside"]
    assert (deep["id"], deep["name"], deep["state"], deep["models"]) == (made[0], "Deep", "ready", 2)
    assert deep["tokens_per_second"] == seen["tokens_per_second"] > 0
    assert (locked["state"], locked["reason"]["code"]) == ("failing", "provider_credential_refused")
    assert "凭据" in locked["reason"]["message"]
    assert "provider_failing" in seen["next_steps"]


async def test_a_model_without_a_price_is_refused_until_it_has_one(
    app: ASGIApp, admin: Person, body: dict[str, Any]
) -> None:
    await admin.post("/api/providers", json=body)
    caller = with_key(app, (await new_key(admin))[1])
    call = {"model": "deep", "messages": MESSAGES, "max_tokens": 20}
    refused = await caller.post("/v1/chat/completions", json=call)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "price_unknown")
    assert (await admin.put("/api/prices/deep", json=PRICE)).status_code == 200
    assert (await caller.post("/v1/chat/completions", json=call)).status_code == 200


async def test_a_price_may_come_with_the_model(app: ASGIApp, admin: Person, body: dict[str, Any]) -> None:
    await admin.post("/api/providers", json=body | {"models": [{**MODEL, "price": PRICE}]})
    prices = {each["model"]: each for each in (await admin.get("/api/prices")).json()["items"]}
    assert prices["deep"]["output_micros"] == 2_000_000


async def test_an_address_inside_is_refused(admin: Person, body: dict[str, Any]) -> None:
    for url in ("http://169.254.169.254/latest", "https://10.0.0.1/v1", "http://[::1]:8210/v1"):
        answer = await admin.post("/api/providers", json=body | {"base_url": url})
        assert (answer.status_code, answer.json()["code"]) == (403, "egress_refused")


async def test_a_provider_that_an_alias_stands_for_is_not_taken_away_and_the_alias_goes_on(
    app: ASGIApp, admin: Person, body: dict[str, Any]
) -> None:
    spare = {**MODEL, "name": "spare", "price": PRICE}
    made = await admin.post("/api/providers", json=body | {"models": [{**MODEL, "price": PRICE}, spare]})
    where = f"/api/providers/{made.json()['id']}"
    wanted: list[dict[str, Any]] = [
        {"name": "chat", "targets": [{"model": "deep"}]},
        {"name": "asleep", "targets": [{"model": "deep"}], "enabled": False},
        {
            "name": "careful",
            "targets": [{"model": "spare"}],
            "fallbacks": [{"model": "deep", "on": ["error"]}],
        },
    ]
    aliases = [(await admin.post("/api/aliases", json=alias)).json() for alias in wanted]
    renamed = {"models": [{**MODEL, "name": "deeper"}, {**MODEL, "name": "spare"}]}
    for refused in (await admin.delete(where), await admin.patch(where, json=renamed)):
        assert (refused.status_code, refused.json()["code"]) == (409, "model_in_use")
        assert "asleep, careful, chat" in refused.json()["detail"]
    caller = with_key(app, (await new_key(admin))[1])
    call = {"model": "chat", "messages": MESSAGES, "max_tokens": 20}
    answer = await caller.post("/v1/chat/completions", json=call)
    assert (answer.status_code, answer.headers["x-jixi-target"]) == (200, "deep")
    without_spare = await admin.patch(where, json={"models": [MODEL]})
    assert "careful" in without_spare.json()["detail"]
    assert (await admin.patch(where, json={"enabled": False})).status_code == 200
    for alias in aliases:
        assert (await admin.delete(f"/api/aliases/{alias['id']}")).status_code == 204
    assert (await admin.patch(where, json=renamed)).status_code == 200
    assert (await admin.delete(where)).status_code == 204


@pytest.mark.parametrize(
    ("language", "page", "elsewhere"),
    [("en", "Providers & routes", "eployment"), ("zh", "「供应商与路由」", "部署")],
)
async def test_who_asks_for_a_provider_that_fails_is_sent_to_the_page_of_providers(
    app: ASGIApp, admin: Person, body: dict[str, Any], language: str, page: str, elsewhere: str
) -> None:
    made = await admin.post("/api/providers", json=body | {"models": [{**MODEL, "price": PRICE}]})
    alias = {"name": "chat", "targets": [{"model": "deep"}], "retries": 0}
    assert (await admin.post("/api/aliases", json=alias)).status_code == 201
    caller = with_key(app, (await new_key(admin))[1])
    told: dict[str, str] = {}

    async def ask(model: str, words: str, *, stream: bool) -> None:
        messages = [{"role": "user", "content": words}]
        answer = await caller.post(
            "/v1/chat/completions",
            json={"model": model, "messages": messages, "max_tokens": 20, "stream": stream},
            headers={"Accept-Language": language},
        )
        error = json.loads(answer.text.rstrip().rpartition("data: ")[2])["error"]
        told[f"{error['code']} of {model}, {words}, {stream}"] = error["message"]

    for model in ("deep", "chat"):
        for stream in (True, False):
            await ask(model, "fault failure", stream=stream)
    await ask("deep", "fault cut", stream=True)
    await admin.patch(f"/api/providers/{made.json()['id']}", json={"enabled": False})
    for model in ("deep", "chat"):
        await ask(model, "hello", stream=False)
    assert {name.partition(" ")[0] for name in told} == {"engine_error", "model_unavailable"}
    overview = (await admin.get("/api/overview", headers={"Accept-Language": language})).json()
    assert {error["model"] for error in overview["recent_errors"]} == {"deep"}
    told |= {f"the overview of {error['model']}": error["remedy"] for error in overview["recent_errors"]}
    for name, message in told.items():
        assert page in message, (name, message)
        assert elsewhere not in message, (name, message)


async def test_a_check_that_fails_says_why(admin: Person, body: dict[str, Any]) -> None:
    made = (await admin.post("/api/providers", json=body | {"credential": "sk-wrong-000000000"})).json()
    found = (await admin.post(f"/api/providers/{made['id']}/check")).json()
    assert (found["ok"], found["error"]["code"]) == (False, "provider_credential_refused")
    (after,) = (await admin.get("/api/providers")).json()["items"]
    assert (after["state"], after["reason"]["code"]) == ("failing", "provider_credential_refused")


async def test_no_credential_is_found_in_answers_logs_traces_or_the_database(
    app: ASGIApp,
    house: House,
    admin: Person,
    body: dict[str, Any],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []
    made = await admin.post("/api/providers", json=body | {"models": [{**MODEL, "price": PRICE}]})
    where = f"/api/providers/{made.json()['id']}"
    caller = with_key(app, (await new_key(admin))[1])
    for words in (
        "hello",
        *(f"fault {name}" for name in ("credential", "quota", "rate", "request", "failure")),
    ):
        call = {"model": "deep", "messages": [{"role": "user", "content": words}], "max_tokens": 20}
        for stream in (False, True):
            answer = await caller.post("/v1/chat/completions", json=call | {"stream": stream})
            seen += [answer.text, str(answer.headers)]
    for answer in (
        made,
        await admin.get(where),
        await admin.get("/api/providers"),
        await admin.post(f"{where}/check"),
        await admin.patch(where, json={"base_url": "https://elsewhere.example.com"}),
        await admin.patch(where, json={"credential": CREDENTIAL + " "}),
        await admin.patch(where, json={"credential": [CREDENTIAL]}),
        await admin.post("/api/providers", json=body | {"nonsense": 1}),
        await admin.get("/api/traces"),
        await admin.get("/api/routes"),
        await admin.get("/v1/models"),
    ):
        seen += [answer.text, str(answer.headers)]
    async with house.database.session() as session:
        names = (
            (await session.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")))
            .scalars()
            .all()
        )
        for name in names:
            seen += map(str, (await session.execute(text(f'SELECT * FROM "{name}"'))).all())  # noqa: S608
    out, err = capfd.readouterr()
    everything = "\n".join([*seen, out, err, caplog.text])
    assert "deepseek-chat" in everything
    assert CREDENTIAL not in everything
    assert json.dumps(CREDENTIAL)[1:-1] not in everything
    for file in house.settings.data_dir.rglob("*"):
        if file.is_file() and file.name != "server.lock":
            assert CREDENTIAL.encode() not in file.read_bytes(), file


async def test_the_vault_is_rotated_while_the_server_runs(
    house: House, admin: Person, body: dict[str, Any]
) -> None:
    made = (await admin.post("/api/providers", json=body)).json()
    done = await rotate_vault(house.settings, drop_old=True)
    assert (done.resealed, done.dropped) == (1, 1)
    assert (await admin.post(f"/api/providers/{made['id']}/check")).json()["ok"]
    changed = await admin.patch(f"/api/providers/{made['id']}", json={"credential": CREDENTIAL})
    assert changed.status_code == 200
    assert (await rotate_vault(house.settings, drop_old=False)).resealed == 1
