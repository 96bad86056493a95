"""Versions of one's own models are brought from hubs, addresses and buckets: by jobs, verified, or not at all."""

import json
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.types import ASGIApp

from jixi.assembly.house import House, open_house
from jixi.assembly.settings import Settings
from jixi.client import Client
from jixi.server.app import create_app
from jixi.wire.admin import HubOrigin, ModelImportRequest
from tests.behaviour.commands import jixi, serving
from tests.behaviour.people import MODEL, Person, colleague, first_administrator, neighbour, visitor
from tests.behaviour.test_downloads import ended, hub_asked
from tests.faults.batch_kills import SETTINGS, administrators_key, connected
from tests.faults.hubs import hub_in_thread, pointing_at
from tests.unit.formats.files import METADATA, gguf, safetensors
from tests.unit.sources.entries import published
from tests.unit.sources.hub import COMMIT, NAME, ScriptedHub, digest_of, running_hub

LLAMA = {
    "general.file_type": 12,
    "llama.block_count": 2,
    "llama.embedding_length": 64,
    "llama.feed_forward_length": 128,
    "llama.attention.head_count": 4,
    "llama.attention.head_count_kv": 2,
    **METADATA,
}
WEIGHTS = gguf(bytes(range(256)) * 20_000, LLAMA)
HUB = {"kind": "huggingface", "repo": "org/tiny"}
CONFIG = {
    "num_hidden_layers": 3,
    "hidden_size": 64,
    "num_attention_heads": 4,
    "vocab_size": 100,
    "quantization_config": {"quant_method": "awq", "bits": 4},
}
FOLDER = {
    "model-00001-of-00002.safetensors": safetensors(bytes(200_000)),
    "model-00002-of-00002.safetensors": safetensors(bytes(100_000)),
    "config.json": json.dumps(CONFIG).encode(),
    "tokenizer.json": b"{}",
    "pytorch_model.bin": b"\x80\x04evil",
}


@pytest.fixture
async def hub() -> AsyncIterator[ScriptedHub]:
    async with running_hub() as running:
        running.files = {NAME: WEIGHTS}
        yield running


def settings_of(data_dir: Path, hub: ScriptedHub, **more: Any) -> Settings:
    return Settings(
        data_dir=data_dir,
        starter="none",
        ledger_writer="thread",
        mirrors={"huggingface": hub.address, "modelscope": hub.address},
        allowed_hosts_outside=("127.0.0.1",),
        hub_tokens={"huggingface": SecretStr("hf_secret")},
        **more,
    )


@pytest.fixture
async def house(data_dir: Path, hub: ScriptedHub) -> AsyncIterator[House]:
    async with open_house(settings_of(data_dir, hub)) as opened:
        yield opened


async def model_of(person: Person, **changed: Any) -> str:
    answer = await person.post("/api/models", json=MODEL | changed)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def begun(person: Person, model: str, source: dict[str, Any], **said: Any) -> dict[str, Any]:
    answer = await person.post(f"/api/models/{model}/imports", json={"source": source} | said)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def brought(person: Person, model: str, source: dict[str, Any], **said: Any) -> dict[str, Any]:
    """The version, once its job has ended well."""
    job = await ended(person, await begun(person, model, source, **said))
    assert job["state"] == "succeeded", job
    answer = await person.get(f"/api/models/{model}/versions/{job['facts']['version']}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def versions(person: Person, model: str) -> list[dict[str, Any]]:
    return (await person.get(f"/api/models/{model}/versions")).json()["items"]


async def test_a_version_comes_from_a_hub_with_all_that_its_files_say(admin: Person, house: House) -> None:
    model = await model_of(admin)
    job = await ended(admin, await begun(admin, model, HUB, notes="from the hub"))
    assert (job["kind"], job["state"], job["done"]) == ("import", "succeeded", len(WEIGHTS))
    assert job["subject"] == f"{model}:{job['facts']['version']}"
    (version,) = await versions(admin, model)
    assert version["source"] == {"kind": "huggingface", "where": "org/tiny", "revision": COMMIT}
    assert (version["making"], version["stage"], version["notes"]) == (
        "imported",
        "candidate",
        "from the hub",
    )
    assert (version["format"], version["precision"], version["engines"]) == ("gguf", "Q3_K_M", ["llamacpp"])
    assert version["files"] == [
        {"role": "model", "name": NAME, "bytes": len(WEIGHTS), "sha256": digest_of(WEIGHTS)}
    ]
    detail = (await admin.get(f"/api/models/{model}")).json()
    assert (detail["state"], detail["variants"][0]["state"]) == ("downloaded", "downloaded")
    assert (detail["architecture"]["layers"], detail["architecture"]["kv_heads"]) == (2, 2)
    asked = {"model_id": model, "context": 1024, "parallel": 1}
    preview = await admin.post("/api/deployments/preview", json=asked)
    # Layers, keys and values, tokens, heads, their size, and two bytes a number.
    assert preview.json()["fit"]["cache_bytes"] == 2 * 2 * 1024 * 2 * 16 * 2
    assert preview.json()["download_bytes"] == 0


async def test_a_folder_of_safetensors_comes_without_its_pickles(
    app: ASGIApp, admin: Person, hub: ScriptedHub
) -> None:
    hub.files = FOLDER
    developer = await colleague(app, admin, "developer")
    source = {"kind": "modelscope", "repo": "org/tiny", "revision": "v1"}
    version = await brought(developer, await model_of(developer), source)
    assert {file["name"] for file in version["files"]} == set(FOLDER) - {"pytorch_model.bin"}
    assert (version["format"], version["precision"]) == ("safetensors", "AWQ-INT4")
    assert version["engines"] == ["vllm", "sglang", "transformers"]
    assert (await developer.get(f"/api/models/{version['model_id']}")).json()["architecture"]["layers"] == 3


@pytest.mark.parametrize(
    ("name", "content", "form", "layers"),
    [("X.GGUF", WEIGHTS, "gguf", 2), ("Model.SAFETENSORS", safetensors(bytes(200_000)), "safetensors", 3)],
)
async def test_a_file_whose_name_ends_in_capitals_is_what_it_is(
    admin: Person, hub: ScriptedHub, name: str, content: bytes, form: str, layers: int
) -> None:
    hub.files = {name: content} | ({"config.json": FOLDER["config.json"]} if form == "safetensors" else {})
    version = await brought(admin, await model_of(admin), HUB)
    assert (version["format"], version["making"]) == (form, "imported")
    model = (await admin.get(f"/api/models/{version['model_id']}")).json()
    assert model["architecture"]["layers"] == layers


async def test_an_adapter_says_what_it_was_tuned_from(admin: Person, hub: ScriptedHub) -> None:
    hub.files = {
        "adapter_model.safetensors": safetensors(bytes(16) + bytes(16)),
        "adapter_config.json": b'{"peft_type": "LORA"}',
    }
    said = {"base_id": "smollm2", "precision": "F16"}
    version = await brought(admin, await model_of(admin), HUB, **said)
    assert (version["making"], version["base_id"]) == ("tuned", "smollm2-135m-instruct")
    assert version["precision"] == "F16"


async def test_of_several_models_in_a_repository_one_is_named(admin: Person, hub: ScriptedHub) -> None:
    hub.files = {f"tiny-{quant}.gguf": gguf(bytes(64 * at)) for at, quant in enumerate(("q4", "q8"), 1)}
    hub.files["mmproj-f16.gguf"] = gguf(bytes(96))
    model = await model_of(admin)
    job = await ended(admin, await begun(admin, model, HUB))
    assert (job["state"], job["reason"]["code"]) == ("failed", "model_ambiguous")
    assert "tiny-q4.gguf, tiny-q8.gguf" in job["reason"]["message"]
    version = await brought(admin, model, HUB | {"include": ["*q8.gguf", "mmproj*"]})
    assert {(file["role"], file["name"]) for file in version["files"]} == {
        ("model", "tiny-q8.gguf"),
        ("mmproj-f16.gguf", "mmproj-f16.gguf"),
    }


async def test_the_first_part_of_a_model_in_parts_is_what_an_engine_is_pointed_at(
    admin: Person, hub: ScriptedHub
) -> None:
    hub.files = {f"tiny-0000{part}-of-00002.gguf": gguf(bytes(64 * part), LLAMA) for part in (1, 2)}
    version = await brought(admin, await model_of(admin), HUB)
    assert [file["name"] for file in version["files"] if file["role"] == "model"] == [
        "tiny-00001-of-00002.gguf"
    ]


async def test_weights_in_two_formats_need_a_word_about_which(admin: Person, hub: ScriptedHub) -> None:
    hub.files = {**FOLDER, NAME: WEIGHTS}
    model = await model_of(admin)
    job = await ended(admin, await begun(admin, model, HUB))
    assert job["reason"]["code"] == "model_ambiguous"
    assert (await brought(admin, model, HUB, format="gguf"))["format"] == "gguf"
    assert (await brought(admin, model, HUB, format="safetensors"))["format"] == "safetensors"


async def test_addresses_and_buckets_are_for_the_platforms_administrator(
    app: ASGIApp, admin: Person, hub: ScriptedHub
) -> None:
    address = {"kind": "url", "url": f"{hub.address}/cdn/{NAME}?signature=secret"}
    bucket = {"kind": "s3", "bucket": "bucket-of-models", "key": "a/", "endpoint": hub.address}
    model = await model_of(admin)
    first, second = await brought(admin, model, address), await brought(admin, model, bucket)
    assert first["source"] == {"kind": "url", "where": f"{hub.address}/cdn/{NAME}", "revision": ""}
    assert second["source"]["where"] == "s3://bucket-of-models/a/"
    assert first["files"] == second["files"]
    for role in ("tenant_admin", "developer"):
        member = await colleague(app, admin, role)
        for source in (address, bucket):
            answer = await member.post(f"/api/models/{model}/imports", json={"source": source})
            assert (answer.status_code, answer.json()["code"]) == (403, "role_forbidden")


async def test_the_servers_token_goes_with_what_its_administrator_asks_for_alone(
    app: ASGIApp, admin: Person, hub: ScriptedHub, house: House
) -> None:
    hub.token = "hf_secret"
    developer = await colleague(app, admin, "developer")
    model = await model_of(developer)
    job = await ended(developer, await begun(developer, model, HUB))
    assert (job["state"], job["reason"]["code"]) == ("failed", "model_unreachable")
    assert "the token is missing" in job["reason"]["message"]
    assert not any("hf_secret" in str(headers) for _, headers in hub.seen)
    assert await versions(developer, model) == []
    assert (await brought(admin, model, HUB))["format"] == "gguf"


async def test_what_the_servers_token_brought_is_nobody_elses_until_the_hub_gives_it_to_everybody(
    app: ASGIApp, admin: Person, hub: ScriptedHub
) -> None:
    hub.token, hub.gated = "hf_secret", True
    developer = await colleague(app, admin, "developer")
    model = await model_of(developer)
    kept = (await brought(admin, await model_of(admin), HUB))["files"]
    job = await ended(developer, await begun(developer, model, HUB))
    assert (job["state"], job["reason"]["code"]) == ("failed", "model_unreachable")
    assert "the token is missing" in job["reason"]["message"]
    assert await versions(developer, model) == []
    hub.token, hub.ranges = None, []
    assert (await brought(developer, model, HUB))["files"] == kept
    assert hub.ranges == ["bytes=0-0"], "what is here was fetched again"


@pytest.mark.parametrize(
    ("files", "status", "code", "words"),
    [
        ({"pytorch_model.bin": b"\x80\x04evil", "config.json": b"{}"}, 200, "model_incomplete", "run code"),
        ({}, 404, "model_unreachable", "no such repository"),
        ({}, 401, "model_unreachable", "the token is missing"),
        ({NAME: b"GGML" + WEIGHTS[4:]}, 200, "model_file_refused", "not a GGUF"),
        ({**FOLDER, "config.json": b'{"auto_map": {}}'}, 200, "model_file_refused", "auto_map"),
        ({"tiny-00001-of-00002.gguf": WEIGHTS}, 200, "model_incomplete", "tiny-00002-of-00002.gguf"),
    ],
)
async def test_what_cannot_be_a_version_is_told_and_leaves_none(
    admin: Person,
    hub: ScriptedHub,
    house: House,
    files: dict[str, bytes],
    status: int,
    code: str,
    words: str,
) -> None:
    hub.files, hub.status = files, status
    model = await model_of(admin)
    job = await ended(admin, await begun(admin, model, HUB))
    assert (job["state"], job["reason"]["code"]) == ("failed", code)
    assert words in job["reason"]["message"]
    assert await versions(admin, model) == []
    assert list((house.settings.data_dir / "models" / model).glob("*")) == []


async def test_what_does_not_fit_on_the_disk_is_refused_before_it_comes(
    admin: Person, hub: ScriptedHub, house: House
) -> None:
    hub.sizes[NAME] = 2**50
    model = await model_of(admin)
    job = await ended(admin, await begun(admin, model, HUB))
    assert (job["state"], job["reason"]["code"]) == ("failed", "disk_full")
    assert (hub.ranges, await versions(admin, model)) == ([], [])


async def test_files_that_do_not_say_their_precision_need_a_word_about_it(
    admin: Person, hub: ScriptedHub, house: House
) -> None:
    hub.files = FOLDER | {"config.json": b'{"quantization_config": {"quant_method": "own"}}'}
    model = await model_of(admin)
    job = await ended(admin, await begun(admin, model, HUB))
    assert (job["reason"]["code"], await versions(admin, model)) == ("precision_unknown", [])
    assert published(house.settings.data_dir / "models") == []
    assert (await brought(admin, model, HUB, precision="INT4"))["precision"] == "INT4"
    # One that fails takes nothing from another that has the same files.
    job = await ended(admin, await begun(admin, model, HUB))
    (version,) = await versions(admin, model)
    assert (job["state"], (await admin.get(f"/api/models/{model}")).json()["state"]) == (
        "failed",
        "downloaded",
    )
    here = published(house.settings.data_dir / "models")
    assert {file["sha256"] for file in version["files"] if file["name"].endswith(".safetensors")} <= {*here}
    assert {file["name"] for file in version["files"]} <= {*here}


async def test_a_cancelled_import_leaves_nothing_and_a_second_one_goes_on(
    admin: Person, hub: ScriptedHub, house: House
) -> None:
    hub.stall_after = 1_000_000
    model = await model_of(admin)
    job = await begun(admin, model, HUB)
    await hub_asked(hub)
    assert (await begun(admin, model, HUB))["id"] == job["id"]
    assert (await begun(admin, model, HUB, notes="another"))["id"] != job["id"]
    for each in (await admin.get("/api/jobs")).json()["items"]:
        assert (await admin.post(f"/api/jobs/{each['id']}/cancel")).status_code == 202
        assert (await ended(admin, each))["state"] == "cancelled"
    store = house.settings.data_dir / "models"
    assert (await versions(admin, model), published(store / model)) == ([], [])
    hub.stall_after, hub.ranges = None, []
    assert (await brought(admin, model, HUB))["number"] == 1
    assert hub.ranges
    assert all(asked != "bytes=0-16777215" for asked in hub.ranges), "what had come was fetched again"


async def test_the_imports_of_one_tenant_keep_neither_downloads_nor_another_tenants_imports_waiting(
    app: ASGIApp, admin: Person, hub: ScriptedHub, house: House
) -> None:
    stranger = await neighbour(app, admin)
    model, theirs = await model_of(admin), await model_of(stranger)
    hub.stall_after = 1_000_000
    many = [await begun(admin, model, HUB, notes=str(at)) for at in range(house.settings.downloads_at_once)]
    await hub_asked(hub)
    check = await admin.post("/api/models/smollm2/verifications", json={})
    assert (await ended(admin, check.json()))["reason"]["code"] == "model_not_here"
    hub.stall_after, hub.files = None, {NAME: gguf(bytes(64), LLAMA)}
    assert (await brought(stranger, theirs, HUB))["number"] == 1
    for each in many:
        await admin.post(f"/api/jobs/{each['id']}/cancel")


async def test_a_server_that_ends_goes_on_with_an_import_when_it_starts_again(
    hub: ScriptedHub, tmp_path: Path
) -> None:
    settings = settings_of(tmp_path / "twice", hub)
    hub.stall_after = 1_000_000
    async with open_house(settings) as house:
        admin = await first_administrator(create_app(house), house.setup_link or "")
        model = await model_of(admin)
        job = await begun(admin, model, HUB)
        await hub_asked(hub)
    hub.stall_after = None
    async with open_house(settings) as house:
        again = visitor(create_app(house))
        again.client.headers, again.client.cookies = admin.client.headers, admin.client.cookies
        assert (await ended(again, job))["state"] == "succeeded"
        assert [version["number"] for version in await versions(again, model)] == [1]


async def test_another_organisations_model_is_like_one_that_never_was(
    app: ASGIApp, admin: Person, hub: ScriptedHub
) -> None:
    stranger = await neighbour(app, admin)
    theirs, shared = await model_of(admin), await model_of(admin, shared=True)
    for name in (theirs, shared, "mdl_unknown", "qwen3-8b"):
        answer = await stranger.post(f"/api/models/{name}/imports", json={"source": HUB})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), name
    own = await model_of(stranger)
    base = (await brought(admin, theirs, HUB))["id"]
    answer = await stranger.post(f"/api/models/{own}/imports", json={"source": HUB, "base_id": base})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await brought(admin, shared, HUB))["number"] == 1
    assert (await brought(stranger, own, HUB))["number"] == 1


async def test_the_files_of_a_version_are_let_go_by_those_who_may_change_it(
    app: ASGIApp, admin: Person, hub: ScriptedHub, house: House
) -> None:
    model = await model_of(admin)
    version = await brought(admin, model, HUB)
    place = f"/api/models/{model}/versions/{version['id']}"
    stranger = await neighbour(app, admin)
    assert (await stranger.delete(f"{place}/files")).json()["code"] == "not_found"
    assert (await admin.get(f"/api/models/{model}")).json()["state"] == "downloaded"
    assert (await admin.patch(place, json={"stage": "retired"})).status_code == 200
    for _ in range(2):
        assert (await admin.delete(f"{place}/files")).status_code == 204
    assert published(house.settings.data_dir / "models") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": {"kind": "folder", "path": "/etc"}},
        {"source": {"kind": "huggingface", "repo": "../../etc"}},
        {"source": HUB | {"anonymous": False}},
        {"source": {"kind": "url", "url": "ftp://hub.example/weights.gguf"}},
        {"source": HUB, "precision": "Q99"},
        {"source": HUB, "engines": []},
    ],
)
async def test_an_import_of_nothing_that_can_be_brought_is_refused(
    admin: Person, wrong: dict[str, Any]
) -> None:
    answer = await admin.post(f"/api/models/{await model_of(admin)}/imports", json=wrong)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_value")


async def test_an_address_inside_the_network_is_not_fetched(admin: Person) -> None:
    model = await model_of(admin)
    source = {"kind": "url", "url": "http://192.168.0.1/tiny.gguf"}
    job = await ended(admin, await begun(admin, model, source))
    assert (job["state"], job["reason"]["code"]) == ("failed", "egress_refused")


async def test_a_server_that_is_offline_begins_no_import(hub: ScriptedHub, tmp_path: Path) -> None:
    async with open_house(settings_of(tmp_path / "offline", hub, offline=True)) as house:
        alone = await first_administrator(create_app(house), house.setup_link or "")
        answer = await alone.post(f"/api/models/{await model_of(alone)}/imports", json={"source": HUB})
        assert (answer.status_code, answer.json()["code"]) == (409, "offline")


def test_an_import_by_the_command_line_goes_on_when_the_server_is_killed(tmp_path: Path) -> None:
    (tmp_path / "jixi.toml").write_text(SETTINGS)
    with hub_in_thread() as hub:
        hub.files = {NAME: WEIGHTS}
        reached = threading.Event()
        hub.on_sent = lambda sent: reached.set() if sent > len(WEIGHTS) // 2 else None
        hub.cut_after, hub.cut_all = len(WEIGHTS) * 3 // 4, True
        with serving(tmp_path, "--data-dir", "data", **pointing_at(hub)) as server:
            key = administrators_key(server)
            with Client(server.url, key) as client, connected(server, key) as other:
                model = other.post("/api/models", json=MODEL).json()["id"]
                source = HubOrigin(kind="modelscope", repo="org/tiny", include=["*.gguf"])
                job = client.import_model(model, ModelImportRequest(source=source)).id
            assert reached.wait(60)
            server.process.kill()
            server.process.wait(30)
        hub.cut_after, hub.cut_all = None, False
        with serving(tmp_path, "--data-dir", "data", **pointing_at(hub)) as server:
            with Client(server.url, key) as client:
                assert list(client.follow_job(job))[-1].state == "succeeded"
            said = ("--model", model, "--include", "*.gguf")
            env = {"JIXI_URL": server.url, "JIXI_API_KEY": key}
            done = jixi("models", "import", "hf:org/tiny@main", *said, home=tmp_path, env=env)
            assert done.returncode == 0, done.stderr
            hub.status = 404
            lacking = jixi("models", "import", "ms:org/none", "--model", model, home=tmp_path, env=env)
            assert (lacking.returncode, "no such repository" in lacking.stderr) == (1, True)
            with Client(server.url, key) as client:
                second, first = client.model_versions(model)
        assert first.source is not None
        assert (first.source.kind, first.files) == ("modelscope", second.files)
        assert second.id in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["hf:org/tiny"], "--model"),
        (["hf:org", "--model", "mdl_1"], "repo"),
        (["https://example.com/x.gguf", "--model", "mdl_1", "--sha256", "0"], "--sha256"),
        (["x.gguf", "--model", "mdl_1", "--include", "*"], "--include"),
    ],
)
def test_a_command_that_names_no_place_outside_says_what_is_wrong(
    tmp_path: Path, words: list[str], told: str
) -> None:
    done = jixi("models", "import", *words, home=tmp_path)
    assert (done.returncode, told in done.stderr, "Traceback" in done.stderr) == (2, True, False)
