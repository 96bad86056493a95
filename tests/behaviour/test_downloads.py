"""Models are brought here, read anew and let go: over the admin API, and by the command line."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp

from jixi.assembly.house import House, open_house
from jixi.assembly.settings import DeploymentSetting, Settings
from jixi.server.app import create_app
from tests.behaviour.commands import jixi
from tests.behaviour.people import Person, colleague, first_administrator, visitor
from tests.behaviour.test_admin_deployments import until
from tests.faults.hubs import hub_in_thread, pointing_at
from tests.unit.formats.files import gguf, safetensors
from tests.unit.sources.hub import COMMIT, ScriptedHub, running_hub

MODEL, VARIANT = "qwen3-8b", "bf16"
ASKED = {"variant": VARIANT}
FILES = {
    "model-00001-of-00001.safetensors": safetensors(bytes(range(250)) * 20_000),
    "config.json": b"{}",
    "tokenizer.json": b"{}",
}
TOTAL = sum(map(len, FILES.values()))
WITHIN_S = 60


@pytest.fixture
async def hub() -> AsyncIterator[ScriptedHub]:
    async with running_hub() as running:
        running.files = dict(FILES)
        yield running


@pytest.fixture
async def house(data_dir: Path, hub: ScriptedHub) -> AsyncIterator[House]:
    settings = Settings(
        data_dir=data_dir,
        starter="none",
        ledger_writer="thread",
        mirrors={"huggingface": hub.address, "modelscope": hub.address},
        allowed_hosts_outside=("127.0.0.1",),
    )
    async with open_house(settings) as opened:
        yield opened


async def begun(person: Person, what: str = "downloads", **headers: str) -> dict[str, Any]:
    answer = await person.post(f"/api/models/{MODEL}/{what}", json=ASKED, headers=headers)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def ended(person: Person, job: dict[str, Any]) -> dict[str, Any]:
    """The job at its end, as its stream of events tells it."""
    async with asyncio.timeout(WITHIN_S):
        events = await person.get(f"/api/jobs/{job['id']}/events")
    told = [line.removeprefix("data: ") for line in events.text.splitlines() if line.startswith("data: ")]
    return json.loads(told[-1])


async def test_a_model_is_brought_by_a_job_that_tells_how_far_it_is(admin: Person, house: House) -> None:
    job = await begun(admin)
    assert (job["kind"], job["subject"]) == ("download", f"{MODEL}:{VARIANT}")
    job = await ended(admin, job)
    assert (job["state"], job["done"], job["total"]) == ("succeeded", TOTAL, TOTAL)
    assert job["facts"] == {"source": "modelscope", "revision": COMMIT}
    files = house.store.files(house.supply.catalog.get(MODEL), VARIANT)
    assert files is not None
    assert {name: (files["folder"] / name).read_bytes() for name in FILES} == FILES
    listed = (await admin.get(f"/api/models/{MODEL}/downloads", params=ASKED)).json()["items"]
    assert [each["id"] for each in listed] == [job["id"]]
    detail = (await admin.get(f"/api/models/{MODEL}")).json()
    assert detail["state"] == "downloaded"
    assert [each["state"] for each in detail["variants"] if each["id"] == VARIANT] == ["downloaded"]
    assert {each["state"] for each in detail["variants"] if each["id"] != VARIANT} == {"available"}


async def test_a_key_begins_a_download_once(admin: Person, hub: ScriptedHub) -> None:
    key = {"Idempotency-Key": "once"}
    first = await begun(admin, **key)
    await ended(admin, first)
    assert (await begun(admin, **key))["id"] == first["id"]
    assert (await begun(admin))["id"] != first["id"]


async def test_a_download_is_cancelled_and_goes_on_later(admin: Person, hub: ScriptedHub) -> None:
    hub.stall_after = 1_000_000
    job = await begun(admin)
    await hub_asked(hub)
    assert (await admin.post(f"/api/jobs/{job['id']}/cancel")).status_code == 202
    assert (await ended(admin, job))["state"] == "cancelled"
    hub.stall_after = None
    assert (await ended(admin, await begun(admin)))["state"] == "succeeded"


async def hub_asked(hub: ScriptedHub) -> None:
    """Return once somebody waits for bytes."""
    async with asyncio.timeout(WITHIN_S):
        await hub.stalled.wait()


async def test_what_is_wrong_with_a_file_is_said(admin: Person, hub: ScriptedHub) -> None:
    hub.files["config.json"] = b'{"auto_map": {"AutoModel": "evil.Model"}}'
    job = await ended(admin, await begun(admin))
    assert job["state"] == "failed"
    assert job["reason"]["code"] == "model_file_refused"
    assert "auto_map" in job["reason"]["message"]


async def test_files_are_read_anew_and_let_go(admin: Person, house: House) -> None:
    await ended(admin, await begun(admin))
    assert (await ended(admin, await begun(admin, "verifications")))["state"] == "succeeded"
    files = house.store.files(house.supply.catalog.get(MODEL), VARIANT)
    assert files is not None
    (files["folder"] / "config.json").write_bytes(b"[]")
    job = await ended(admin, await begun(admin, "verifications"))
    assert (job["reason"]["code"], "config.json" in job["reason"]["message"]) == ("model_damaged", True)
    for _ in range(2):
        answer = await admin.delete(f"/api/models/{MODEL}/files", params=ASKED)
        assert answer.status_code == 204
    assert house.store.manifest(house.supply.catalog.get(MODEL), VARIANT) is None


@pytest.fixture
def of_settings(hub: ScriptedHub, tmp_path: Path) -> Settings:
    """Settings that name the model for two deployments."""
    return Settings(
        data_dir=tmp_path / "named",
        starter="none",
        ledger_writer="thread",
        mirrors={"huggingface": hub.address, "modelscope": hub.address},
        allowed_hosts_outside=("127.0.0.1",),
        deployments=tuple(
            DeploymentSetting(name=name, engine="vllm", model=MODEL, variant=VARIANT) for name in ("a", "b")
        ),
    )


async def test_what_the_settings_name_is_brought_by_one_job_that_can_be_cancelled_and_begun_again(
    of_settings: Settings, hub: ScriptedHub
) -> None:
    hub.stall_after = 1_000_000
    async with open_house(of_settings) as house:
        app = create_app(house)
        admin = await first_administrator(app, house.setup_link or "")
        await hub_asked(hub)
        job = await only_job(admin)
        assert (job["kind"], job["subject"], job["member_id"]) == ("download", f"{MODEL}:{VARIANT}", None)
        assert (await begun(admin))["id"] == job["id"]
        for name in ("a", "b"):
            assert (await until(admin, name, state="pulling"))["job"]["id"] == job["id"]
        colleagues = [await colleague(app, admin, role) for role in ("tenant_admin", "developer")]
        for member in colleagues:
            assert (await member.get("/api/jobs")).json()["items"] == []
            assert (await member.post(f"/api/jobs/{job['id']}/cancel")).status_code == 404
        assert (await admin.post(f"/api/jobs/{job['id']}/cancel")).status_code == 202
        assert (await ended(admin, job))["state"] == "cancelled"
        for name in ("a", "b"):
            assert (await until(admin, name, state="stopped"))["reason"]["code"] == "download_cancelled"
        hub.stall_after = None
        assert (await admin.post("/api/deployments/a/start")).status_code == 202
        assert (await until(admin, "a", state="failed"))["reason"]["code"] == "engine_not_installed"
        assert [each["state"] for each in (await jobs_of(admin))] == ["succeeded", "cancelled"]


async def test_a_server_that_ends_goes_on_with_the_same_job_when_it_starts_again(
    of_settings: Settings, hub: ScriptedHub
) -> None:
    hub.stall_after = 1_000_000
    async with open_house(of_settings) as house:
        admin = await first_administrator(create_app(house), house.setup_link or "")
        await hub_asked(hub)
        job = await only_job(admin)
    hub.stall_after = None
    async with open_house(of_settings) as house:
        again = visitor(create_app(house))
        again.client.headers, again.client.cookies = admin.client.headers, admin.client.cookies
        await until(again, "a", state="failed")
        assert [(each["id"], each["state"]) for each in await jobs_of(again)] == [(job["id"], "succeeded")]


async def only_job(admin: Person) -> dict[str, Any]:
    (job,) = await jobs_of(admin)
    return job


async def jobs_of(admin: Person) -> list[dict[str, Any]]:
    return (await admin.get("/api/jobs")).json()["items"]


async def test_only_the_platforms_administrator_brings_models(app: ASGIApp, admin: Person) -> None:
    member = await colleague(app, admin, "tenant_admin")
    for what in ("downloads", "verifications"):
        assert (await member.post(f"/api/models/{MODEL}/{what}", json=ASKED)).status_code == 403
    assert (await member.delete(f"/api/models/{MODEL}/files")).status_code == 403
    for bad in ({"variant": "../x"}, {"variant": "bf16", "more": 1}):
        assert (await admin.post(f"/api/models/{MODEL}/downloads", json=bad)).status_code == 400
    assert (await admin.post("/api/models/nothing/downloads", json={})).status_code == 404
    lacking = await admin.post(f"/api/models/{MODEL}/downloads", json={"variant": "f99"})
    assert (lacking.json()["code"], VARIANT in lacking.json()["detail"]) == ("variant_unknown", True)
    closed = await admin.post("/api/models/claude-haiku-4-5/downloads", json={})
    assert (closed.status_code, closed.json()["code"]) == (422, "model_not_deployable")
    assert "provider" in closed.json()["remedy"]


async def test_a_broken_file_of_ones_own_never_reaches_an_engine(tmp_path: Path) -> None:
    path = tmp_path / "own.gguf"
    path.write_bytes(gguf()[:-1])
    deployment = DeploymentSetting(name="own", engine="llamacpp", path=path)
    settings = Settings(
        data_dir=tmp_path / "own", starter="none", ledger_writer="thread", deployments=(deployment,)
    )
    async with open_house(settings) as house:
        (status,) = house.fleet.models()
        assert status.state == "failed"
        assert "beyond the file" in str(status.reason)


def test_a_model_goes_from_machine_to_machine_by_the_command_line(tmp_path: Path) -> None:
    with hub_in_thread() as hub:
        hub.files = dict(FILES)
        words, there = (MODEL, "--variant", VARIANT), ("--data-dir", "there")
        pulled = jixi("models", "pull", *words, *there, home=tmp_path, env=pointing_at(hub))
        assert pulled.returncode == 0, pulled.stderr
        assert "is here and verified" in pulled.stderr
    (tmp_path / "folder").mkdir()
    for wrong in ("folder", "nowhere/m.tar"):
        done = jixi("models", "export", MODEL, wrong, "--variant", VARIANT, *there, home=tmp_path)
        assert (done.returncode, wrong in done.stderr, "Traceback" in done.stderr) == (2, True, False)
        done = jixi("models", "import", wrong, "--data-dir", "here", home=tmp_path)
        assert (done.returncode, wrong in done.stderr, "Traceback" in done.stderr) == (2, True, False)
        assert "export" not in done.stderr
    assert not list(tmp_path.glob("*.part"))
    exported = jixi("models", "export", MODEL, "m.tar", "--variant", VARIANT, *there, home=tmp_path)
    assert exported.returncode == 0, exported.stderr
    sha256 = exported.stdout.split()[0]
    here = ("--data-dir", "here")
    offline = {"JIXI_OFFLINE": "true"}
    refused = jixi("models", "import", "m.tar", "--sha256", "0" * 64, *here, home=tmp_path, env=offline)
    assert (refused.returncode, "bundle_mistaken" in refused.stderr) == (2, True)
    taken = jixi("models", "import", "m.tar", "--sha256", sha256, *here, home=tmp_path, env=offline)
    assert taken.returncode == 0, taken.stderr
    assert jixi("models", "verify", *words, *here, home=tmp_path).returncode == 0
    (tmp_path / "here/models" / MODEL / VARIANT / "config.json").write_bytes(b"[]")
    damaged = jixi("models", "verify", *words, *here, home=tmp_path)
    assert (damaged.returncode, "config.json" in damaged.stderr) == (1, True)
    again = jixi("models", "export", MODEL, "n.tar", "--variant", VARIANT, *here, home=tmp_path)
    assert (again.returncode, (tmp_path / "n.tar").exists()) == (2, False)
    removed = jixi("models", "remove", *words, *here, home=tmp_path)
    assert (removed.returncode, "5 MB are free again" in removed.stderr) == (0, True)
