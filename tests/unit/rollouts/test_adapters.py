"""Adapters of a deployment: versions of one's own that were tuned from what it runs, under names that nobody has."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from jixi.core.errors import JixiError
from jixi.models.catalog import Texts
from jixi.models.registry import KeptFile, ModelDraft, ModelRegistry, VersionDraft, Viewer
from jixi.models.rollouts import Draft, Rollouts, Who, preview
from jixi.storage import Database
from tests.clocks import FrozenClock
from tests.unit.rollouts.test_rollouts import CATALOG, LIN, RESEARCH, STUB, refusal, register

BASE = CATALOG.get("smollm2-135m-instruct")
CHAT = Draft(model=BASE.id, engine="llamacpp")
LORA = VersionDraft(
    making="tuned",
    format="gguf",
    precision="F16",
    engines=["llamacpp"],
    files=[KeptFile("model", "legal.gguf", 7, hashlib.sha256(b"adapter").hexdigest())],
    base_id=BASE.id,
)
PEFT = [
    KeptFile(name, name, 7, LORA.files[0].sha256)
    for name in ("adapter_config.json", "adapter_model.safetensors")
]


class Desk(NamedTuple):
    rollouts: Rollouts
    registry: ModelRegistry

    async def version(self, draft: VersionDraft = LORA, who: Who = LIN, licence: str = "Apache-2.0") -> str:
        """A version of a new model of one's own."""
        said = ModelDraft(
            name="Legal",
            publisher="Acme",
            family="Qwen",
            tasks=["chat"],
            languages=["zh"],
            licence=licence,
            description=Texts("x", "x"),
            card=Texts("x", "x"),
        )
        model = await self.registry.add(who.viewer, "mem_1", said)
        return (await self.registry.add_version(who.viewer, "mem_1", model.id, draft)).id

    def plan(self, version: str, name: str = "chat:legal", **changes: Any) -> Any:
        draft = replace(CHAT, **{"adapters": {name: version}} | changes)
        return self.rollouts.plan(LIN, draft, installed=False)


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    sha256 = LORA.files[0].sha256
    blob = tmp_path / "models" / ".blobs" / sha256[:2] / sha256
    blob.parent.mkdir(parents=True)
    blob.write_bytes(b"adapter")
    rollouts = register(database, tmp_path)
    return Desk(rollouts, ModelRegistry(database, FrozenClock(), CATALOG))


async def test_a_version_tuned_from_the_model_is_its_adapter(desk: Desk) -> None:
    version = await desk.version()
    choice = await desk.plan(version)
    assert choice.plan.adapters == {"chat:legal": version}
    assert choice.adapters["chat:legal"].variant.id == version
    large = "qwen3-8b"
    draft = replace(LORA, format="safetensors", engines=["vllm"], files=PEFT, base_id=large)
    folder = await desk.plan(await desk.version(draft), model=large, engine="vllm")
    assert folder.adapters["chat:legal"].is_gguf is False


@pytest.mark.parametrize(
    "changes",
    [
        {"base_id": "qwen3-8b"},
        {"making": "compressed"},
        {"making": "imported"},
        {"files": [KeptFile("model", "legal.bin", 7, LORA.files[0].sha256)]},
        {"format": "safetensors", "files": [KeptFile("model", "model.safetensors", 7, "ab" * 32)]},
    ],
)
async def test_what_is_no_adapter_or_one_for_another_model_is_refused(
    desk: Desk, changes: dict[str, Any]
) -> None:
    version = await desk.version(replace(LORA, **changes))
    assert await refusal(desk.plan(version)) == "adapter_unfit"


async def test_only_versions_in_use_that_one_sees_are_found_and_a_path_is_none(desk: Desk) -> None:
    theirs = await desk.version(who=Who("mem_9", Viewer("ten_9", keeps_house=False)))
    for unknown in (theirs, "ver_none", "/etc/passwd", "../../legal.gguf"):
        assert await refusal(desk.plan(unknown)) == "not_found", unknown
    retired = await desk.version()
    shelf = await desk.rollouts.shelf(LIN.viewer)
    where = shelf.version(retired)
    await desk.registry.change_version(LIN.viewer, where.model_id, retired, {"stage": "retired"}, None)
    assert await refusal(desk.plan(retired)) == "adapter_unfit"


async def test_an_adapter_of_ones_own_version_fits_what_that_was_compressed_to_and_not_what_it_came_from(
    desk: Desk,
) -> None:
    whole = replace(LORA, files=[KeptFile("model", "whole.gguf", 7, "cd" * 32)])
    tuned = await desk.version(whole)
    small = await desk.version(replace(whole, making="compressed", base_id=tuned))
    adapter = await desk.version(replace(LORA, base_id=tuned))
    shelf = await desk.rollouts.shelf(LIN.viewer)
    for version in (tuned, small):
        choice = await desk.plan(adapter, model=shelf.version(version).model_id, variant=version)
        assert choice.plan.variant == version
    assert await refusal(desk.plan(adapter)) == "adapter_unfit"


async def test_an_engine_takes_adapters_in_its_own_form_and_one_with_its_own_model_none(desk: Desk) -> None:
    version = await desk.version(replace(LORA, base_id="qwen3-8b"))
    assert await refusal(desk.plan(version, model="qwen3-8b", engine="vllm")) == "invalid_value"
    none = replace(STUB, adapters={"echo:legal": version})
    assert await refusal(desk.rollouts.plan(LIN, none)) == "invalid_value"


async def test_an_adapter_for_research_needs_its_licence(desk: Desk) -> None:
    version = await desk.version(licence=RESEARCH.licence)
    assert await refusal(desk.plan(version)) == "license_not_accepted"
    assert (await desk.plan(version, accept_license=RESEARCH.licence)).plan.adapters
    seen = await preview(desk.rollouts, LIN, replace(CHAT, adapters={"chat:legal": version}), "chat")
    assert seen.restricting is not None
    assert seen.restricting.id == RESEARCH.licence


async def test_the_files_of_an_adapter_must_be_here(desk: Desk) -> None:
    version = await desk.version(replace(LORA, files=[KeptFile("model", "gone.gguf", 7, "ab" * 32)]))
    assert await refusal(desk.rollouts.check_files(await desk.plan(version))) == "model_not_here"


async def test_a_public_name_is_had_once_be_it_an_adapter(desk: Desk) -> None:
    rollouts, version = desk.rollouts, await desk.version()

    def draft(*names: str) -> Draft:
        return replace(CHAT, adapters=dict.fromkeys(names, version))

    adds = [rollouts.add(LIN, name, "", draft("legal")) for name in ("one", "two")]
    done = await asyncio.gather(*adds, return_exceptions=True)
    assert [each.code for each in done if isinstance(each, JixiError)] == ["name_taken"]
    for names in (("outside",), ("legal",), ("new",), ("one",)):
        assert await refusal(rollouts.add(LIN, "new", "", draft(*names))) == "name_taken", names
    assert await refusal(rollouts.add(LIN, "legal", "", STUB)) == "name_taken"
    seen = await preview(rollouts, LIN, draft("outside", "fresh"), "legal")
    assert [
        (each.code, each.facts["name"], each.param) for each in seen.problems if each.code == "name_taken"
    ] == [
        ("name_taken", "legal", "name"),
        ("name_taken", "outside", "adapters"),
    ]


async def test_of_two_servers_that_give_an_adapter_one_name_one_is_refused(
    database: Database, tmp_path: Path, desk: Desk
) -> None:
    version, unaware = await desk.version(), register(database, tmp_path)
    await desk.rollouts.add(LIN, "one", "", CHAT)
    await unaware.refresh()
    await desk.rollouts.revise(LIN, "one", None, {"adapters": {"legal": version}})
    assert await refusal(unaware.add(LIN, "legal", "", STUB)) == "name_taken"
    await unaware.add(LIN, "two", "", CHAT)
    await desk.rollouts.revise(LIN, "one", None, {"adapters": {}})
    await unaware.refresh()
    await unaware.revise(LIN, "two", None, {"adapters": {"legal": version}})
    assert (
        await refusal(desk.rollouts.revise(LIN, "one", None, {"adapters": {"legal": version}}))
        == "name_taken"
    )


async def test_adapters_come_and_go_with_revisions(desk: Desk) -> None:
    rollouts, version = desk.rollouts, await desk.version()
    await rollouts.add(LIN, "chat", "", replace(CHAT, memory_bytes=5, cpus=0.5, gpus=2))
    one = await rollouts.revise(LIN, "chat", None, {"adapters": {"chat:legal": version}})
    assert (one.revision, one.plan.memory_bytes, one.plan.cpus, one.plan.gpus) == (2, 5, 0.5, 2)
    assert (await rollouts.roll_back(LIN, "chat", None, 1)).plan.adapters == {}
    assert (await rollouts.roll_back(LIN, "chat", None, 2)).plan.adapters == {"chat:legal": version}
    await rollouts.roll_back(LIN, "chat", None, 1)
    await rollouts.add(LIN, "chat:legal", "", STUB)
    assert await refusal(rollouts.roll_back(LIN, "chat", None, 2)) == "name_taken"
    other = await rollouts.revise(LIN, "chat", None, {"model": None, "engine": "stub"})
    assert (other.plan.memory_bytes, other.plan.adapters, other.plan.cpus) == (None, {}, 0.5)


async def test_an_adapter_behind_an_alias_stays(database: Database, tmp_path: Path, desk: Desk) -> None:
    version = await desk.version()
    await desk.rollouts.add(LIN, "chat", "", replace(CHAT, adapters={"chat:legal": version}))
    behind = register(database, tmp_path, aliases=["lawyer"])
    await behind.refresh()
    assert await refusal(behind.revise(LIN, "chat", None, {"adapters": {}})) == "model_in_use"
    assert (await behind.revise(LIN, "chat", None, {"parallel": 3})).plan.parallel == 3
