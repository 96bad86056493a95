"""/api/engines and `jixi engines`: what is there, what is to be installed, and who may."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jixi.assembly.house import House, open_house
from jixi.assembly.settings import DeploymentSetting, Settings
from jixi.client import Client
from jixi.models.engines import VllmEngine
from tests.behaviour.commands import STUB, jixi, serving
from tests.behaviour.people import Person, colleague
from tests.behaviour.servers import furnished
from tests.behaviour.test_admin_deployments import until
from tests.behaviour.test_downloads import ended
from tests.gates import Gate, gate_at
from tests.wheels import index_of, write_wheel

VERSION = VllmEngine.profile.requirements[0].partition("==")[2]
WITHIN_S = 60


async def test_every_engine_is_listed_with_what_it_can_do(admin: Person) -> None:
    listed = {each["name"]: each for each in (await admin.get("/api/engines")).json()["items"]}
    assert {"llamacpp", "vllm", "sglang", "transformers", "whisper", "kokoro", "diffusers"} <= listed.keys()
    assert (listed["llamacpp"]["state"], listed["llamacpp"]["requirements"]) == ("beside", [])
    assert (listed["whisper"]["kinds"], listed["whisper"]["requirements"]) == (
        ["transcriptions"],
        ["faster-whisper==1.2.1"],
    )
    assert (await admin.get("/api/engines/nothing")).status_code == 404
    refused = await admin.post("/api/engines/llamacpp/install")
    assert (refused.status_code, refused.json()["code"]) == (409, "engine_not_installable")


async def test_only_the_platforms_administrator_installs(admin: Person, app: Any) -> None:
    developer = await colleague(app, admin, "developer")
    assert (await developer.get("/api/engines")).status_code == 200
    assert (await developer.post("/api/engines/vllm/install")).status_code == 403
    assert (await developer.delete("/api/engines/vllm/environment")).status_code == 403


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    """Where the vLLM of `index` waits when it is tried for the first time."""
    with gate_at(tmp_path / "gate") as made:
        yield made


@pytest.fixture
def index(tmp_path: Path, gate: Gate) -> Path:
    """A folder with a vLLM that is none."""
    folder = tmp_path / "index"
    folder.mkdir()
    write_wheel(folder, "vllm", VERSION, {"vllm/__init__.py": gate.waits})
    return folder


@pytest.fixture
async def house(
    data_dir: Path, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    """A house that knows of no index but that folder, and wants a deployment that lacks its engine."""
    for name, value in index_of(index).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "model").mkdir()
    big = DeploymentSetting(name="big", engine="vllm", path=tmp_path / "model")
    settings = Settings(data_dir=data_dir, starter="none", ledger_writer="thread", deployments=(big,))
    async with open_house(settings) as opened:
        yield opened


def test_the_command_line_installs_lists_and_removes(tmp_path: Path, index: Path, gate: Gate) -> None:
    gate.open()

    def run(*arguments: str) -> str:
        done = jixi("engines", *arguments, "--data-dir", "data", home=tmp_path, env=index_of(index))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def state(name: str) -> str:
        return next(each["state"] for each in json.loads(run("list", "--json")) if each["engine"] == name)

    assert state("vllm") == "absent"
    run("install", "vllm")
    assert state("vllm") == "ready"
    assert "vllm" in run("list")
    run("remove", "vllm")
    assert state("vllm") == "absent"


def test_the_doctor_names_an_engine_that_a_deployment_lacks(tmp_path: Path) -> None:
    settings = '[[deployments]]\nname = "big"\nengine = "vllm"\npath = "/models/big"\n'
    (tmp_path / "jixi.toml").write_text(settings)
    done = jixi("doctor", "--json", "--data-dir", "data", home=tmp_path)
    wrong = [finding for finding in json.loads(done.stdout) if not finding["ok"]]
    assert done.returncode == 1
    assert ["vllm" in finding["name"] for finding in wrong] == [True]
    assert "jixi engines install vllm" in wrong[0]["remedy"]


async def begun(admin: Person, **headers: str) -> dict[str, Any]:
    answer = await admin.post("/api/engines/vllm/install", headers=headers)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def test_an_installation_is_a_job_that_is_followed_to_its_end(admin: Person, gate: Gate) -> None:
    job = await begun(admin, **{"Idempotency-Key": "once"})
    assert (job["kind"], job["subject"], job["member_id"]) == ("installation", "vllm", admin.member["id"])
    await gate.reached_soon()
    again = [await begun(admin), await begun(admin, **{"Idempotency-Key": "once"})]
    assert {each["id"] for each in again} == {job["id"]}
    engine = (await admin.get("/api/engines/vllm")).json()
    assert (engine["state"], engine["job"]["id"], engine["version"]) == ("installing", job["id"], VERSION)
    busy = await admin.delete("/api/engines/vllm/environment")
    assert (busy.status_code, busy.json()["code"]) == (409, "conflict")
    told = await until_job(admin, job, lambda seen: seen["facts"].get("phase") == "installing")
    assert told["total"] > 0
    gate.open()
    done = await ended(admin, job)
    assert (done["state"], done["facts"], done["done"] > 0) == ("succeeded", {"version": VERSION}, True)
    engine = (await admin.get("/api/engines/vllm")).json()
    assert (engine["state"], engine["size_bytes"], engine["kept_bytes"]) == ("ready", done["done"], 0)


async def until_job(
    admin: Person, job: dict[str, Any], fits: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    async with asyncio.timeout(WITHIN_S):
        while not fits(seen := (await admin.get(f"/api/jobs/{job['id']}")).json()):
            await asyncio.to_thread(lambda: None)
    return seen


async def test_an_installation_is_cancelled_and_goes_on_later_with_what_had_come(
    admin: Person, gate: Gate, index: Path
) -> None:
    job = await begun(admin)
    await gate.reached_soon()
    assert (await admin.post(f"/api/jobs/{job['id']}/cancel")).status_code == 202
    assert (await ended(admin, job))["state"] == "cancelled"
    engine = (await admin.get("/api/engines/vllm")).json()
    (wheel,) = index.iterdir()
    assert (engine["state"], engine["kept_bytes"]) == ("absent", wheel.stat().st_size)
    gate.open()
    wheel.unlink()
    assert (await ended(admin, await begun(admin)))["state"] == "succeeded"


async def test_an_installation_says_why_it_failed(admin: Person, index: Path) -> None:
    (wheel,) = index.iterdir()
    wheel.unlink()
    job = await ended(admin, await begun(admin))
    assert (job["state"], job["reason"]["code"]) == ("failed", "engine_not_installable")
    assert (await admin.get("/api/engines/vllm")).json()["job"]["reason"] == job["reason"]


async def test_a_deployment_that_lacks_its_engine_waits_for_the_job_that_brings_it(
    admin: Person, gate: Gate
) -> None:
    before = await until(admin, "big", state="failed")
    assert before["reason"]["code"] == "engine_not_installed"
    wanted = {"engine": "vllm", "model_id": "qwen3-8b"}
    assert "engine_not_installed" in await in_the_way(admin, wanted)
    job = await begun(admin)
    await gate.reached_soon()
    waiting = await until(admin, "big", state="pending")
    assert (waiting["reason"]["code"], waiting["job"]["id"]) == ("engine_installing", job["id"])
    assert job["id"] in waiting["reason"]["message"]
    assert "engine_not_installed" not in await in_the_way(admin, wanted)
    await admin.post(f"/api/jobs/{job['id']}/cancel")
    assert (await until(admin, "big", state="failed"))["reason"]["code"] == "engine_not_installed"
    gate.open()
    await ended(admin, await begun(admin))
    # What becomes of it then is the fleet's: this vLLM is none, and there may be no accelerator.
    async with asyncio.timeout(WITHIN_S):
        while "engine_" in str((seen := (await admin.get("/api/deployments/big")).json())["reason"]):
            await asyncio.to_thread(lambda: None)
    assert seen["job"] is None


async def test_an_environment_stays_while_a_deployment_needs_it(admin: Person, gate: Gate) -> None:
    gate.open()
    await ended(admin, await begun(admin))
    refused = await admin.delete("/api/engines/vllm/environment")
    assert (refused.status_code, refused.json()["code"]) == (409, "engine_in_use")
    assert "big" in refused.json()["detail"]
    assert (await admin.get("/api/engines/vllm")).json()["state"] == "ready"
    assert (await admin.post("/api/deployments/big/stop")).status_code == 202
    await until(admin, "big", state="stopped", replicas=[])
    assert (await admin.delete("/api/engines/vllm/environment")).status_code == 204
    assert (await admin.get("/api/engines/vllm")).json()["state"] == "absent"


async def test_an_environment_stays_for_a_deployment_that_sleeps(admin: Person, gate: Gate) -> None:
    gate.open()
    await ended(admin, await begun(admin))
    assert (await admin.post("/api/deployments/big/stop")).status_code == 202
    await until(admin, "big", state="stopped", replicas=[])
    asleep = {"name": "asleep", "engine": "vllm", "model_id": "qwen3-8b", "scale": {"least": 0, "most": 1}}
    made = await admin.post("/api/deployments", json=asleep)
    assert made.status_code == 201, made.text
    refused = await admin.delete("/api/engines/vllm/environment")
    assert (refused.status_code, refused.json()["code"]) == (409, "engine_in_use")
    assert "asleep" in refused.json()["detail"]


async def in_the_way(admin: Person, wanted: dict[str, Any]) -> set[str]:
    seen = (await admin.post("/api/deployments/preview", json=wanted)).json()
    return {each["code"] for each in seen["problems"]}


def test_the_command_line_has_the_server_install_where_it_is_signed_in(
    tmp_path: Path, index: Path, gate: Gate
) -> None:
    (tmp_path / "jixi.toml").write_text(STUB)
    gate.open()
    with serving(tmp_path, "--data-dir", "data", **index_of(index)) as server:
        env = {"JIXI_URL": server.url, "JIXI_API_KEY": furnished(server.url, server.setup_link or "")}

        def run(*arguments: str) -> str:
            done = jixi("engines", *arguments, home=tmp_path, env=env)
            assert done.returncode == 0, done.stderr
            return done.stdout

        def state() -> str:
            return next(
                each["state"] for each in json.loads(run("list", "--json")) if each["engine"] == "vllm"
            )

        run("install", "vllm")
        with Client(server.url, env["JIXI_API_KEY"]) as client:
            (engine,) = [each for each in client.engines() if each.name == "vllm"]
        assert engine.job is not None
        assert (engine.state, engine.job.state, state()) == ("ready", "succeeded", "ready")
        under_it = jixi("engines", "remove", "vllm", "--data-dir", "data", home=tmp_path)
        assert (under_it.returncode, "data_dir_in_use" in under_it.stderr) == (2, True)
        run("remove", "vllm")
        assert state() == "absent"
        for wheel in index.iterdir():
            wheel.unlink()
        failed = jixi("engines", "install", "vllm", home=tmp_path, env=env)
        assert (failed.returncode, "engine_not_installable" in failed.stderr) == (1, True)
