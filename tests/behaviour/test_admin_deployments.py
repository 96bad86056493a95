"""/api/deployments: made, read, revised, stopped, brought back and deleted, with engines that really run."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from starlette.types import ASGIApp

from jixi.assembly.house import House, open_house
from jixi.assembly.settings import DeploymentSetting, Settings
from jixi.assembly.store import model_store
from jixi.server.app import create_app
from tests.behaviour.people import (
    MODEL,
    MODEL_VERSION,
    Person,
    colleague,
    first_administrator,
    new_key,
    with_key,
)
from tests.unit.formats.files import gguf
from tests.unit.sources.hub import ScriptedHub, running_hub

STUB = {"name": "echo", "engine": "stub"}
MESSAGES = [{"role": "user", "content": "hello"}]
FETCHED, VARIANT, WITHIN_S = "qwen3-8b", "bf16", 60


@pytest.fixture
async def hub() -> AsyncIterator[ScriptedHub]:
    async with running_hub() as running:
        yield running


@pytest.fixture
def settings(data_dir: Path, hub: ScriptedHub) -> Settings:
    return Settings(
        data_dir=data_dir,
        starter="none",
        ledger_writer="thread",
        mirrors={"huggingface": hub.address, "modelscope": hub.address},
        allowed_hosts_outside=("127.0.0.1",),
        deployments=(DeploymentSetting(name="fixed", engine="stub"),),
    )


@pytest.fixture
async def house(settings: Settings) -> AsyncIterator[House]:
    async with open_house(settings) as opened:
        yield opened


async def made(admin: Person, **fields: Any) -> dict[str, Any]:
    answer = await admin.post("/api/deployments", json=STUB | fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def until(admin: Person, name: str, **wanted: Any) -> dict[str, Any]:
    """The deployment once it is as wanted."""
    seen: dict[str, Any] = {}
    try:
        async with asyncio.timeout(WITHIN_S):
            while not seen or any(seen[field] != value for field, value in wanted.items()):
                answer = await admin.get(f"/api/deployments/{name}")
                assert answer.status_code == 200, answer.text
                seen = answer.json()
                await asyncio.to_thread(lambda: None)
    except TimeoutError:
        raise AssertionError(f"not {wanted}: {seen}") from None
    return seen


async def test_a_deployment_is_made_answers_and_is_deleted(app: ASGIApp, admin: Person) -> None:
    made_one = await made(admin, description="Echoes.", options={"tokens": 4})
    assert made_one["id"].startswith("dep_")
    assert (made_one["origin"], made_one["wanted"], made_one["version"]) == ("api", "running", 1)
    seen = await until(admin, made_one["id"], state="ready")
    assert (seen["description"], seen["revision"], len(seen["replicas"])) == ("Echoes.", 1, 1)
    caller = with_key(app, (await new_key(admin))[1])
    answer = await caller.post("/v1/chat/completions", json={"model": "echo", "messages": MESSAGES})
    assert (answer.status_code, answer.json()["usage"]["completion_tokens"]) == (200, 4)
    where = f"/api/deployments/{made_one['id']}"
    assert (await admin.delete(where)).status_code == 204
    async with asyncio.timeout(WITHIN_S):
        while (await admin.get("/api/deployments/echo")).status_code != 404:
            await asyncio.to_thread(lambda: None)
    gone = await caller.post("/v1/chat/completions", json={"model": "echo", "messages": MESSAGES})
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "model_not_found")


async def test_a_repeated_post_makes_one(admin: Person) -> None:
    headers = {"Idempotency-Key": "once"}
    answers = [await admin.post("/api/deployments", json=STUB, headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert [each["name"] for each in await listed(admin)] == ["fixed", "echo"]


async def listed(admin: Person, **query: Any) -> list[dict[str, Any]]:
    answer = await admin.get("/api/deployments", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def test_deployments_are_filtered_sorted_and_paged(admin: Person) -> None:
    for name in ("b", "a", "c"):
        await made(admin, name=name)
    assert [each["name"] for each in await listed(admin, sort="name")] == ["a", "b", "c", "fixed"]
    assert [each["name"] for each in await listed(admin, sort="-name", limit=2)] == ["fixed", "c"]
    first = (await admin.get("/api/deployments", params={"limit": 3})).json()
    rest = await listed(admin, cursor=first["next_cursor"])
    assert [each["name"] for each in first["items"] + rest] == ["fixed", "b", "a", "c"]
    assert await listed(admin, engine="llamacpp") == await listed(admin, state="failed") == []
    assert (await admin.get("/api/deployments", params={"cursor": "nobody"})).status_code == 400


async def test_a_change_makes_a_revision_and_a_rollback_runs_an_earlier_one(
    app: ASGIApp, admin: Person
) -> None:
    one = await made(admin, options={"tokens": 2})
    where = f"/api/deployments/{one['id']}"
    await until(admin, "echo", state="ready")
    stale = await admin.patch(where, json={"parallel": 3}, headers={"If-Match": '"9"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    changed = await admin.patch(where, json={"options": {"tokens": 5}}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"'), changed.text
    assert changed.json()["revision"] == 2
    await serving(app, admin, tokens=5)
    words = await admin.patch(where, json={"description": "Five."})
    assert (words.json()["description"], words.json()["revision"]) == ("Five.", 2)
    back = await admin.post(f"{where}/rollback", json={"revision": 1})
    assert (back.status_code, back.json()["revision"]) == (200, 1), back.text
    await serving(app, admin, tokens=2)
    missing = await admin.post(f"{where}/rollback", json={"revision": 7})
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    seen = (await admin.get(where)).json()
    assert [each["number"] for each in seen["revisions"]] == [2, 1]
    assert [each["plan"]["options"] for each in seen["revisions"]] == [{"tokens": 5}, {"tokens": 2}]
    actions = [(each["action"], each["revision"]) for each in seen["changes"]]
    assert actions == [("rollback", 1), ("update", 2), ("update", 2), ("create", 1)]
    assert {each["member_id"] for each in seen["changes"]} == {admin.member["id"]}


async def test_a_revision_that_cannot_run_is_off_the_record_again_and_no_restart_tries_it(
    settings: Settings,
) -> None:
    async with open_house(settings) as house:
        admin = await first_administrator(create_app(house), house.setup_link or "")
        where = f"/api/deployments/{(await made(admin, options={'tokens': 2}))['id']}"
        await until(admin, "echo", state="ready")
        changed = await admin.patch(where, json={"options": {"exit_at_start": 3}})
        assert (changed.json()["revision"], changed.json()["update"]["state"]) == (2, "running")
        seen = await until(admin, "echo", revision=1)
        assert (seen["state"], seen["wanted"], seen["plan"]["options"]) == ("ready", "running", {"tokens": 2})
        update, back = seen["update"], seen["changes"][0]
        assert (update["revision"], update["state"], update["reason"]["code"]) == (2, "failed", "exited")
        assert (back["action"], back["revision"], back["tried"]) == ("auto_rollback", 1, 2)
        assert (back["member_id"], back["reason"]) == (None, update["reason"])
        assert [each["number"] for each in seen["revisions"]] == [2, 1]
        secret = (await new_key(admin))[1]
    async with open_house(settings) as house:
        seen = await until(with_key(create_app(house), secret), "echo", state="ready")
        assert (seen["revision"], seen["update"], seen["changes"][0]) == (1, None, back)


async def serving(app: ASGIApp, admin: Person, tokens: int) -> None:
    """Return once calls get so many tokens; until then they get an answer, too."""
    caller = with_key(app, (await new_key(admin))[1])
    body = {"model": "echo", "messages": MESSAGES}
    async with asyncio.timeout(WITHIN_S):
        while True:
            answer = await caller.post("/v1/chat/completions", json=body)
            if answer.status_code == 200 and answer.json()["usage"]["completion_tokens"] == tokens:
                return


async def test_a_deployment_stops_starts_and_restarts(app: ASGIApp, admin: Person) -> None:
    one = await made(admin)
    where = f"/api/deployments/{one['id']}"
    await until(admin, "echo", state="ready")
    stopped = await admin.post(f"{where}/stop")
    assert (stopped.status_code, stopped.json()["wanted"]) == (202, "stopped")
    assert (await until(admin, "echo", state="stopped"))["reason"]["code"] == "halted"
    caller = with_key(app, (await new_key(admin))[1])
    refused = await caller.post("/v1/chat/completions", json={"model": "echo", "messages": MESSAGES})
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "model_unavailable")
    assert (await admin.post(f"{where}/start")).status_code == 202
    before = await until(admin, "echo", state="ready")
    assert (await admin.post(f"{where}/restart")).status_code == 202
    after = await until(admin, "echo", state="ready")
    assert after["restarts"] > before["restarts"]
    actions = [each["action"] for each in after["changes"]]
    assert actions == ["restart", "start", "stop", "create"]


async def hangs(app: ASGIApp, admin: Person) -> "asyncio.Task[Any]":
    await made(admin, options={"script": [{"stall_s": 100, "stall_at": 1}]})
    await until(admin, "echo", state="ready")
    caller, body = with_key(app, (await new_key(admin))[1]), {"model": "echo", "messages": MESSAGES}
    hanging = asyncio.create_task(caller.post("/v1/chat/completions", json=body))
    await until(admin, "echo", in_flight=1)
    return hanging


async def test_calls_of_a_replica_that_leaves_may_go_on_for_as_long_as_the_settings_say(
    settings: Settings,
) -> None:
    hurried = settings.model_copy(update={"replica_drain_s": 0.0})
    async with open_house(hurried) as house:
        admin = await first_administrator(create_app(house), house.setup_link or "")
        hanging = await hangs(create_app(house), admin)
        await admin.post("/api/deployments/echo/stop")
        async with asyncio.timeout(WITHIN_S):
            assert (await hanging).status_code == 503


async def test_a_start_waits_for_no_call_that_a_stop_lets_end(app: ASGIApp, admin: Person) -> None:
    hanging = await hangs(app, admin)
    await admin.post("/api/deployments/echo/stop")
    await until(admin, "echo", state="stopped", in_flight=1)
    await admin.post("/api/deployments/echo/start")
    await until(admin, "echo", state="ready")
    assert not hanging.done()
    hanging.cancel()


async def test_one_of_the_settings_is_operated_but_not_changed(admin: Person) -> None:
    fixed = await until(admin, "fixed", state="ready")
    assert (fixed["id"], fixed["origin"], fixed["version"], fixed["revisions"]) == (
        "fixed",
        "settings",
        None,
        [],
    )
    for refused in (
        await admin.patch("/api/deployments/fixed", json={"parallel": 3}),
        await admin.delete("/api/deployments/fixed"),
        await admin.post("/api/deployments/fixed/rollback", json={"revision": 1}),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "deployment_of_settings")
        assert "jixi.toml" in refused.json()["remedy"]
    assert (await admin.post("/api/deployments/fixed/stop")).status_code == 202
    await until(admin, "fixed", state="stopped", wanted="stopped")
    assert (await admin.post("/api/deployments/fixed/start")).status_code == 202
    await until(admin, "fixed", state="ready")


async def test_a_public_name_is_had_once(admin: Person) -> None:
    await made(admin)
    assert (await admin.post("/api/aliases", json=alias("chat", "echo"))).status_code == 201
    for name in ("echo", "fixed", "chat"):
        answer = await admin.post("/api/deployments", json=STUB | {"name": name})
        assert (answer.status_code, answer.json()["code"]) == (409, "name_taken"), name
    for name in ("echo", "fixed"):
        answer = await admin.post("/api/aliases", json=alias(name, "echo"))
        assert (answer.status_code, answer.json()["code"]) == (409, "name_taken"), name


def alias(name: str, model: str) -> dict[str, Any]:
    return {"name": name, "targets": [{"model": model}]}


async def test_one_that_an_alias_stands_for_is_not_deleted(admin: Person) -> None:
    one = await made(admin)
    made_alias = (await admin.post("/api/aliases", json=alias("chat", "echo"))).json()
    refused = await admin.delete(f"/api/deployments/{one['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "model_in_use")
    assert "chat" in refused.json()["detail"]
    assert (await admin.delete(f"/api/aliases/{made_alias['id']}")).status_code == 204
    assert (await admin.delete(f"/api/deployments/{one['id']}")).status_code == 204


UNFIT: list[tuple[dict[str, Any], int, str]] = [
    ({"engine": None}, 400, "invalid_value"),
    ({"engine": "steam"}, 400, "invalid_value"),
    ({"options": {"tokens": "many"}}, 400, "invalid_value"),
    ({"options": {"journal": "/etc/passwd"}}, 400, "invalid_value"),
    ({"options": {"port": 22}}, 400, "invalid_value"),
    ({"engine": "llamacpp"}, 400, "invalid_value"),
    ({"scale": {"least": 3, "most": 2}}, 400, "invalid_value"),
    ({"engine": "vllm", "model_id": "qwen3-8b"}, 409, "engine_not_installed"),
    ({"engine": None, "model_id": "nothing"}, 404, "not_found"),
    ({"engine": None, "model_id": "smollm2", "variant": "q2-k"}, 422, "variant_unknown"),
    ({"engine": "whisper", "model_id": "smollm2"}, 422, "engine_unfit"),
    ({"engine": None, "model_id": "smollm2", "context": 9000}, 422, "context_too_large"),
    ({"engine": None, "model_id": "claude-haiku-4-5"}, 422, "model_not_deployable"),
]


async def test_what_does_not_fit_is_refused_before_anything_starts(admin: Person) -> None:
    for fields, status, code in UNFIT:
        answer = await admin.post("/api/deployments", json=STUB | fields)
        assert (answer.status_code, answer.json()["code"]) == (status, code), (fields, answer.text)
    assert [each["name"] for each in await listed(admin)] == ["fixed"]


async def test_others_see_deployments_and_change_none(app: ASGIApp, admin: Person) -> None:
    one = await made(admin, options={"tokens": 3})
    person = await colleague(app, admin, "developer")
    seen = (await person.get(f"/api/deployments/{one['id']}")).json()
    assert (seen["name"], seen["plan"]["options"]) == ("echo", None)
    for answer in (
        await person.post("/api/deployments", json=STUB),
        await person.post("/api/deployments/preview", json={"engine": "stub"}),
        await person.patch(f"/api/deployments/{one['id']}", json={"parallel": 3}),
        await person.post(f"/api/deployments/{one['id']}/stop"),
        await person.delete(f"/api/deployments/{one['id']}"),
        await person.get(f"/api/deployments/{one['id']}/logs"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "role_forbidden")


async def test_a_preview_tells_licence_size_source_and_fit_and_starts_nothing(admin: Person) -> None:
    body = {"name": "fixed", "model_id": FETCHED, "variant": VARIANT, "engine": "vllm"}
    seen = (await admin.post("/api/deployments/preview", json=body)).json()
    assert (seen["license"]["id"], seen["license"]["to_accept"]) == ("Apache-2.0", None)
    assert seen["size_bytes"] == seen["download_bytes"] > 16_000_000_000
    assert (seen["source"]["kind"], seen["engine_state"]) == ("modelscope", "absent")
    assert seen["fit"]["weights_bytes"] == seen["size_bytes"]
    assert seen["fit"]["verdict"] in ("no", "yes")
    assert {"name_taken", "engine_not_installed"} <= {each["code"] for each in seen["problems"]}
    free = (await admin.post("/api/deployments/preview", json={"model_id": "smollm2"})).json()
    assert (free["model_id"], free["engine"], free["problems"]) == ("smollm2-135m-instruct", "llamacpp", [])
    assert [each["name"] for each in await listed(admin)] == ["fixed"]


async def test_a_preview_claims_no_fit_where_engines_run_on_a_cluster(settings: Settings) -> None:
    cluster = settings.model_copy(update={"driver": "ray", "deployments": []})
    async with open_house(cluster) as house:
        admin = await first_administrator(create_app(house), house.setup_link or "")
        seen = (await admin.post("/api/deployments/preview", json={"model_id": "smollm2"})).json()
    assert (seen["model_id"], seen["fit"]) == ("smollm2-135m-instruct", None)


async def test_a_deployment_and_its_log_are_followed_as_events(admin: Person) -> None:
    await until(admin, "fixed", state="ready")
    events = await admin.get("/api/deployments/fixed/events", params={"seconds": 1})
    event, data = events.text.strip().splitlines()
    assert (event, json.loads(data.removeprefix("data: "))["name"]) == ("event: deployment", "fixed")
    log = await admin.get("/api/deployments/fixed/logs/events", params={"seconds": 1})
    lines = (await admin.get("/api/deployments/fixed/logs")).json()["lines"]
    assert log.text.startswith("event: log\ndata: ")
    assert json.loads(log.text.partition("data: ")[2])["lines"] == lines


async def test_everything_is_there_again_when_the_server_is(settings: Settings) -> None:
    async with open_house(settings) as house:
        admin = await first_administrator(create_app(house), house.setup_link or "")
        running = await made(admin, name="running", options={"tokens": 3})
        still = await made(admin, name="still")
        await until(admin, "running", state="ready")
        await admin.post(f"/api/deployments/{still['id']}/stop")
        secret = (await new_key(admin))[1]
    async with open_house(settings) as house:
        program = with_key(create_app(house), secret)
        seen = await until(program, "running", state="ready")
        assert (seen["id"], seen["plan"]["options"]) == (running["id"], {"tokens": 3})
        seen = await until(program, "still", state="stopped")
        assert (seen["id"], seen["wanted"]) == (still["id"], "stopped")
        async with asyncio.timeout(WITHIN_S):
            await program.post(f"/api/deployments/{still['id']}/start")
        await until(program, "still", state="ready")


LOOSE = "glm-4-9b-0414"
"""A model whose file has no digest in the catalogue."""


@pytest.fixture
def loose(hub: ScriptedHub) -> ScriptedHub:
    hub.files = {"THUDM_GLM-4-9B-0414-Q4_K_M.gguf": gguf(bytes(range(250)) * 20_000)}
    return hub


async def test_a_model_of_the_store_is_brought_by_a_job_and_answers(app: ASGIApp, admin: Person) -> None:
    one = await made(admin, engine=None, model_id="smollm2", context=512, threads=1)
    assert (one["model_id"], one["variant"], one["engine"]) == ("smollm2-135m-instruct", "q4-1", "llamacpp")
    await until(admin, "echo", state="ready")
    downloads = (await admin.get("/api/models/smollm2-135m-instruct/downloads")).json()["items"]
    assert [each["state"] for each in downloads] == ["succeeded"]
    caller = with_key(app, (await new_key(admin))[1])
    body = {"model": "echo", "messages": MESSAGES, "max_tokens": 4}
    assert (await caller.post("/v1/chat/completions", json=body)).status_code == 200
    refused = await admin.delete("/api/models/smollm2-135m-instruct/files")
    assert (refused.status_code, refused.json()["code"]) == (409, "model_served")
    assert "echo" in refused.json()["detail"]


async def test_a_download_that_is_cancelled_stops_the_deployment_until_it_is_started(
    admin: Person, loose: ScriptedHub
) -> None:
    loose.stall_after = 1_000_000
    one = await made(admin, engine=None, model_id=LOOSE)
    seen = await until(admin, "echo", state="pulling")
    while seen["job"] is None or not seen["job"]["done"]:
        seen = await until(admin, "echo", state="pulling")
    assert seen["reason"]["code"] == "downloading"
    began = (await admin.post(f"/api/models/{LOOSE}/downloads", json={})).json()
    assert began["id"] == seen["job"]["id"]
    assert (await admin.post(f"/api/jobs/{began['id']}/cancel")).status_code == 202
    seen = await until(admin, "echo", state="stopped")
    assert (seen["reason"]["code"], seen["job"]) == ("download_cancelled", None)
    loose.stall_after = None
    assert (await admin.post(f"/api/deployments/{one['id']}/start")).status_code == 202
    async with asyncio.timeout(WITHIN_S):
        while seen["state"] in ("stopped", "pulling"):
            seen = (await admin.get("/api/deployments/echo")).json()
    jobs = (await admin.get(f"/api/models/{LOOSE}/downloads")).json()["items"]
    assert [each["state"] for each in jobs] == ["succeeded", "cancelled"]


async def test_a_model_that_cannot_be_fetched_is_tried_again_when_it_is_restarted(
    admin: Person, loose: ScriptedHub
) -> None:
    loose.status = 500
    one = await made(admin, engine=None, model_id=LOOSE)
    seen = await until(admin, "echo", state="failed")
    assert seen["reason"]["code"] == "fetch_failed"
    loose.status = 200
    assert (await admin.post(f"/api/deployments/{one['id']}/restart")).status_code == 202
    async with asyncio.timeout(WITHIN_S):
        while (await admin.get(f"/api/models/{LOOSE}/downloads")).json()["items"][0]["state"] != "succeeded":
            pass


async def test_what_a_change_needs_is_fetched_while_the_earlier_revision_serves(
    app: ASGIApp, admin: Person, loose: ScriptedHub
) -> None:
    one = await made(admin, options={"tokens": 3})
    await until(admin, "echo", state="ready")
    loose.stall_after = 1_000_000
    where = f"/api/deployments/{one['id']}"
    change: dict[str, Any] = {"model_id": LOOSE, "options": {}}
    changed = await admin.patch(where, json=change)
    assert (changed.status_code, changed.json()["revision"]) == (200, 2), changed.text
    async with asyncio.timeout(WITHIN_S):
        seen = changed.json()
        while seen["update"] is None or seen["job"] is None:
            seen = (await admin.get(where)).json()
    assert (seen["state"], seen["update"]["state"], seen["update"]["revision"]) == ("ready", "pulling", 2)
    await serving(app, admin, tokens=3)
    assert (await admin.post(f"{where}/rollback", json={"revision": 1})).status_code == 200
    seen = await until(admin, "echo", job=None)
    assert (seen["state"], seen["revision"], seen["update"]) == ("ready", 1, None)


async def test_a_licence_for_research_is_shown_and_must_be_accepted(admin: Person) -> None:
    body = {"name": "research", "model_id": "qwen2.5-3b-instruct"}
    seen = (await admin.post("/api/deployments/preview", json=body)).json()
    assert seen["license"]["to_accept"] == "Qwen-Research"
    assert "license_not_accepted" in {each["code"] for each in seen["problems"]}
    refused = await admin.post("/api/deployments", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "license_not_accepted")
    assert "Qwen-Research" in refused.json()["remedy"]
    accepted = body | {"accept_license": "Qwen-Research"}
    seen = (await admin.post("/api/deployments/preview", json=accepted)).json()
    assert "license_not_accepted" not in {each["code"] for each in seen["problems"]}


async def test_a_version_of_ones_own_is_deployed_and_does_not_retire_meanwhile(
    admin: Person, house: House
) -> None:
    files = await house.store.fetch(house.supply.catalog.get("smollm2"))
    sha256 = hashlib.sha256(files["model"].read_bytes()).hexdigest()
    kept = {"role": "model", "name": "own.gguf", "bytes": files["model"].stat().st_size, "sha256": sha256}
    model = (await admin.post("/api/models", json=MODEL | {"context": 2048})).json()
    versions = f"/api/models/{model['id']}/versions"
    version = (await admin.post(versions, json=MODEL_VERSION | {"files": [kept]})).json()
    missing = MODEL_VERSION | {"files": [kept | {"sha256": "cd" * 32}]}
    nowhere = (await admin.post(versions, json=missing)).json()
    body = {"engine": None, "model_id": model["id"], "context": 512, "threads": 1}
    refused = await admin.post("/api/deployments", json=STUB | body | {"variant": nowhere["id"]})
    assert (refused.status_code, refused.json()["code"]) == (404, "model_not_here")
    await made(admin, **body, variant=version["id"])
    await until(admin, "echo", state="ready")
    retired = await admin.patch(f"{versions}/{version['id']}", json={"stage": "retired"})
    assert (retired.status_code, retired.json()["code"]) == (409, "model_served")
    assert (await admin.patch(f"{versions}/{nowhere['id']}", json={"stage": "retired"})).status_code == 200


async def test_a_model_that_is_imported_meanwhile_is_deployed_without_a_restart(
    admin: Person, house: House, tmp_path: Path
) -> None:
    entry = replace(house.supply.catalog.get("smollm2"), id="acme-135m", aliases=[])
    elsewhere = model_store(Settings(data_dir=tmp_path / "elsewhere"))
    await elsewhere.fetch(entry)
    await elsewhere.export(entry, tmp_path / "acme.tar")
    await house.store.take_in(tmp_path / "acme.tar", None)
    async with asyncio.timeout(WITHIN_S):
        while (await admin.get("/api/models/acme-135m")).status_code != 200:
            pass
    one = await made(admin, engine=None, model_id="acme-135m", context=512, threads=1)
    assert (one["model_id"], one["job"]) == ("acme-135m", None)
    await until(admin, "echo", state="ready")
