"""/api/engines and `jixi engines`: what is there, what is to be installed, and who may."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from jixi.assembly import House, Settings, open_house
from jixi.models.engines import VllmEngine
from tests.behaviour.commands import jixi
from tests.behaviour.people import Person, colleague
from tests.wheels import index_of, write_wheel


async def test_every_engine_is_listed_with_what_it_can_do(admin: Person) -> None:
    listed = {each["name"]: each for each in (await admin.get("/api/engines")).json()["items"]}
    assert {"llamacpp", "vllm", "sglang", "transformers", "whisper", "kokoro", "diffusers"} <= listed.keys()
    assert (listed["llamacpp"]["state"], listed["llamacpp"]["requirements"]) == ("beside", [])
    assert (listed["whisper"]["kinds"], listed["whisper"]["requirements"]) == (
        ["transcriptions"],
        ["faster-whisper==1.2.1"],
    )
    assert (await admin.get("/api/engines/nothing")).status_code == 404
    refused = await admin.put("/api/engines/llamacpp/environment")
    assert (refused.status_code, refused.json()["code"]) == (409, "engine_not_installable")


async def test_only_the_platforms_administrator_installs(admin: Person, app: Any) -> None:
    developer = await colleague(app, admin, "developer")
    assert (await developer.get("/api/engines")).status_code == 200
    for method in ("put", "delete"):
        refused = await getattr(developer, method)("/api/engines/vllm/environment")
        assert refused.status_code == 403


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """A folder with a vLLM that is none."""
    folder = tmp_path / "index"
    folder.mkdir()
    version = VllmEngine.profile.requirements[0].partition("==")[2]
    write_wheel(folder, "vllm", version, {"vllm/__init__.py": ""})
    return folder


@pytest.fixture
async def house(data_dir: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """A house that knows of no index but that folder."""
    for name, value in index_of(index).items():
        monkeypatch.setenv(name, value)
    settings = Settings(data_dir=data_dir, starter="none", ledger_writer="thread")
    async with open_house(settings) as opened:
        yield opened


def test_the_command_line_installs_lists_and_removes(tmp_path: Path, index: Path) -> None:
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


async def test_an_installation_in_the_background_is_seen_to_end(admin: Person, house: House) -> None:
    begun = await admin.put("/api/engines/vllm/environment")
    assert (begun.status_code, begun.json()["state"]) == (202, "installing")
    done = await house.environments.install("vllm")
    assert done.state == "ready"
    read = (await admin.get("/api/engines/vllm")).json()
    assert (read["state"], read["phase"], read["failure"]) == ("ready", None, None)
    assert (await admin.delete("/api/engines/vllm/environment")).status_code == 204
    assert (await admin.get("/api/engines/vllm")).json()["state"] == "absent"
