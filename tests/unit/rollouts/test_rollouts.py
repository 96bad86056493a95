"""Deployments in the register: one name once, every revision kept, who changed what, nothing that does not fit."""

import asyncio
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from jixi.core.errors import JixiError, problem
from jixi.models.catalog import Catalog, Texts
from jixi.models.deployments import Reason
from jixi.models.engines import Engine, engine_registry
from jixi.models.registry import KeptFile, ModelDraft, ModelRegistry, VersionDraft, Viewer
from jixi.models.rollouts import Chooser, Draft, Models, Neighbours, Rollouts, Who, preview
from jixi.models.sources import ModelStore
from jixi.storage import Database
from tests.clocks import FrozenClock

CATALOG = Catalog.load()
LIN = Who("mem_1", Viewer("ten_1", keeps_house=True))
STUB = Draft(engine="stub", options={"tokens": 2})
RESEARCH = next(each for each in CATALOG if each.licence == "Qwen-Research" and each.variants)
HERE = {"stub", "llamacpp"}


def installed(engine: Engine) -> None:
    if engine.name not in HERE:
        raise problem("engine_not_installed", engine=engine.name, missing="it")


def register(database: Database, folder: Path, aliases: Sequence[str] = ()) -> Rollouts:
    async def behind(_models: Collection[str]) -> Sequence[str]:
        return aliases

    clock = FrozenClock()
    store = ModelStore(folder / "models", lambda _: [])
    models = Models(ModelRegistry(database, clock, CATALOG), store, Chooser(engine_registry(), installed))
    return Rollouts(database, clock, models, Neighbours(lambda _besides: {"outside"}, behind))


@pytest.fixture
def rollouts(database: Database, tmp_path: Path) -> Rollouts:
    return register(database, tmp_path)


async def refusal(action: Any) -> str:
    with pytest.raises(JixiError) as refused:
        await action
    return refused.value.code


async def test_revisions_are_kept_and_come_back(rollouts: Rollouts) -> None:
    made = await rollouts.add(LIN, "echo", "Echoes.", STUB)
    assert (made.revision, made.version, made.plan.options) == (1, 1, {"tokens": 2})
    done = await rollouts.revise(LIN, "echo", 1, {"options": {"tokens": 5}})
    assert (done.revision, done.version, done.plan.options) == (2, 2, {"tokens": 5})
    same = await rollouts.revise(LIN, "echo", None, {"options": {"tokens": 5}}, "Five.")
    assert (same.revision, same.description) == (2, "Five.")
    back = await rollouts.roll_back(LIN, "echo", None, 1)
    assert (back.revision, back.revisions, back.plan.options) == (1, 2, {"tokens": 2})
    third = await rollouts.revise(LIN, "echo", None, {"options": {"tokens": 9}})
    assert third.revision == 3
    assert [each.number for each in await rollouts.revisions(made.id)] == [3, 2, 1]
    assert [each.number for each in await rollouts.revisions(made.id, limit=1, before=3)] == [2]
    assert await refusal(rollouts.roll_back(LIN, "echo", None, 4)) == "not_found"


async def test_what_was_done_is_told_when_the_deployment_has_gone(rollouts: Rollouts) -> None:
    made = await rollouts.add(LIN, "echo", "", STUB)
    chen = Who("mem_2", LIN.viewer)
    await rollouts.want(chen, "echo", "stopped", "stop")
    assert (await rollouts.want(LIN, "echo", "running", "start")).wanted == "running"
    await rollouts.remove(chen, made.id, None)
    assert rollouts.find("echo") is None
    told = [(each.action, each.member_id, each.name) for each in await rollouts.changes(made.id)]
    assert told == [
        ("delete", "mem_2", "echo"),
        ("start", "mem_1", "echo"),
        ("stop", "mem_2", "echo"),
        ("create", "mem_1", "echo"),
    ]
    assert (await rollouts.add(LIN, "echo", "", STUB)).id != made.id


async def test_a_name_is_had_once_whoever_is_faster(database: Database, tmp_path: Path) -> None:
    first, second = register(database, tmp_path), register(database, tmp_path)
    adds = [each.add(LIN, "echo", "", STUB) for each in (first, second, first)]
    results = await asyncio.gather(*adds, return_exceptions=True)
    codes = [each.code for each in results if isinstance(each, JixiError)]
    assert codes == ["name_taken"] * 2
    assert await refusal(first.add(LIN, "outside", "", STUB)) == "name_taken"
    assert await refusal(second.add(LIN, "echo", "", STUB)) == "name_taken"


async def test_of_two_changes_to_one_version_one_is_made(database: Database, tmp_path: Path) -> None:
    rollouts = register(database, tmp_path)
    await rollouts.add(LIN, "echo", "", STUB)
    changes = [rollouts.revise(LIN, "echo", 1, {"parallel": number}) for number in (3, 4)]
    results = await asyncio.gather(*changes, return_exceptions=True)
    assert [each.code for each in results if isinstance(each, JixiError)] == ["precondition_failed"]
    (kept,) = rollouts.all()
    assert (kept.version, kept.revision) == (2, 2)


async def test_another_process_sees_a_change_and_is_told_once(database: Database, tmp_path: Path) -> None:
    here, there = register(database, tmp_path), register(database, tmp_path)
    told: list[int] = []

    async def changed() -> None:
        told.append(len(there.all()))

    there.changed = changed
    await here.add(LIN, "echo", "", STUB)
    await there.refresh()
    await there.refresh()
    assert told == [1]


@pytest.mark.parametrize("names_version", [True, False])
async def test_a_change_to_what_another_process_has_changed_keeps_that_change(
    database: Database, tmp_path: Path, names_version: bool
) -> None:
    here, there = register(database, tmp_path), register(database, tmp_path)
    await here.add(LIN, "echo", "", STUB)
    await there.refresh()
    await here.revise(LIN, "echo", None, {"parallel": 3})
    done = await there.revise(LIN, "echo", 2 if names_version else None, {"context": 512})
    assert (done.version, done.plan.parallel, done.plan.context) == (3, 3, 512)


async def test_of_many_changes_at_once_none_is_lost(rollouts: Rollouts) -> None:
    await rollouts.add(LIN, "echo", "", STUB)
    changes: list[dict[str, Any]] = [{"parallel": 3}, {"context": 512}, {"threads": 2}]
    await asyncio.gather(*(rollouts.revise(LIN, "echo", None, each) for each in changes))
    (kept,) = rollouts.all()
    assert (kept.version, kept.plan.parallel, kept.plan.context, kept.plan.threads) == (4, 3, 512, 2)


EXITED = Reason("exited", {"status": 3, "line": "no such device"})


async def test_what_could_not_be_run_goes_back_once_whichever_servers_say_so(
    database: Database, tmp_path: Path
) -> None:
    here, there = register(database, tmp_path), register(database, tmp_path)
    made = await here.add(LIN, "echo", "", STUB)
    bad = await here.revise(LIN, "echo", None, {"options": {"exit_at_start": 3}})
    await there.refresh()
    await asyncio.gather(*(each.give_up(made.id, bad.version, 1, EXITED) for each in (here, there)))
    for each in (here, there):
        (kept,) = each.all()
        assert (kept.revision, kept.revisions, kept.version, kept.plan) == (1, 2, 3, made.plan)
    changes = await there.changes(made.id)
    assert [each.action for each in changes] == ["auto_rollback", "update", "create"]
    back = changes[0]
    assert (back.revision, back.tried, back.reason, back.member_id) == (1, 2, EXITED, None)
    assert (await here.revise(LIN, "echo", None, {"parallel": 3})).revision == 3


async def test_what_somebody_has_chosen_meanwhile_stays(database: Database, tmp_path: Path) -> None:
    here, there = register(database, tmp_path), register(database, tmp_path)
    made = await here.add(LIN, "echo", "", STUB)
    bad = await here.revise(LIN, "echo", None, {"options": {"exit_at_start": 3}})
    await there.refresh()
    await there.revise(LIN, "echo", None, {"options": {"tokens": 5}})
    await here.give_up(made.id, bad.version, 1, EXITED)
    (kept,) = here.all()
    assert (kept.revision, kept.plan.options) == (3, {"tokens": 5})
    assert [each.action for each in await here.changes(made.id)] == ["update", "update", "create"]


async def test_a_deployment_does_not_go_back_to_what_it_never_was(rollouts: Rollouts) -> None:
    made = await rollouts.add(LIN, "echo", "", STUB)
    await rollouts.give_up(made.id, made.version, 7, EXITED)
    await rollouts.give_up("dep_nobody", made.version, 1, EXITED)
    assert rollouts.all() == [made]


async def test_who_reads_while_another_does_comes_after_it(database: Database, tmp_path: Path) -> None:
    here, there = register(database, tmp_path), register(database, tmp_path)
    told: list[str] = []
    first, go_on = asyncio.Event(), asyncio.Event()

    async def changed() -> None:
        told.append(f"from {len(there.all())}")
        first.set()
        await go_on.wait()
        told.append(f"to {len(there.all())}")

    there.changed = changed
    await here.add(LIN, "one", "", STUB)
    async with asyncio.timeout(60):
        early = asyncio.create_task(there.refresh())
        await first.wait()
        await here.add(LIN, "two", "", STUB)
        late = asyncio.create_task(there.refresh())
        await here.refresh()
        go_on.set()
        await asyncio.gather(early, late)
    assert told == ["from 1", "to 1", "from 2", "to 2"]


async def test_a_change_that_could_not_be_told_is_told_again(database: Database, tmp_path: Path) -> None:
    here, there = register(database, tmp_path), register(database, tmp_path)
    told: list[int] = []

    async def changed() -> None:
        told.append(len(there.all()))
        if len(told) == 1:
            raise OSError("the disk is full")

    there.changed = changed
    await here.add(LIN, "echo", "", STUB)
    with pytest.raises(OSError, match="disk"):
        await there.refresh()
    await there.refresh()
    await there.refresh()
    assert told == [1, 1]


async def test_one_behind_an_alias_stays(database: Database, tmp_path: Path) -> None:
    rollouts = register(database, tmp_path, aliases=["chat"])
    await rollouts.add(LIN, "echo", "", STUB)
    assert await refusal(rollouts.remove(LIN, "echo", None)) == "model_in_use"


async def test_the_first_variant_that_runs_here_is_chosen(rollouts: Rollouts) -> None:
    model = next(
        each
        for each in CATALOG
        if each.variants and each.variants[0].engines[0] == "vllm" and _ggufs(each.variants)
    )
    choice = await rollouts.plan(LIN, Draft(model=model.id, accept_license=model.licence))
    assert choice.variant is not None
    assert (choice.plan.engine, choice.variant.format) == ("llamacpp", "gguf")
    elsewhere = Draft(model=model.id, engine="vllm", accept_license=model.licence)
    assert await refusal(rollouts.plan(LIN, elsewhere)) == "engine_not_installed"
    assert (await rollouts.plan(LIN, elsewhere, installed=False)).variant == model.variants[0]
    small = Draft(model=model.id, accept_license=model.licence)
    assert (await rollouts.plan(LIN, small)).plan.context == min(4096, model.context or 4096)


def _ggufs(variants: Sequence[Any]) -> bool:
    return any(variant.format == "gguf" for variant in variants)


async def test_a_licence_for_research_is_accepted_by_name_or_refused(rollouts: Rollouts) -> None:
    draft = Draft(model=RESEARCH.id)
    for wrong in (draft, replace(draft, accept_license="Apache-2.0")):
        assert await refusal(rollouts.plan(LIN, wrong, installed=False)) == "license_not_accepted"
    accepted = replace(draft, accept_license=RESEARCH.licence)
    assert (await rollouts.plan(LIN, accepted, installed=False)).plan.accept_license == RESEARCH.licence


async def test_a_preview_names_all_that_stands_in_the_way(rollouts: Rollouts) -> None:
    found = await preview(rollouts, LIN, Draft(model=RESEARCH.id, engine="vllm"), "outside")
    assert found.restricting is not None
    assert found.restricting.id == RESEARCH.licence
    codes = {each.code for each in found.problems}
    assert {"license_not_accepted", "engine_not_installed", "name_taken"} <= codes
    good = await preview(rollouts, LIN, STUB, "new")
    assert (good.problems, good.lacking, good.choice.entry) == ([], 0, None)


async def test_a_version_made_of_a_model_for_research_needs_its_licence_and_one_beside_it_does_not(
    database: Database, tmp_path: Path
) -> None:
    rollouts = register(database, tmp_path)
    own = ModelRegistry(database, FrozenClock(), CATALOG)
    said = ModelDraft(
        name="Claims",
        publisher="Acme",
        family="Qwen",
        tasks=["chat"],
        languages=["zh"],
        licence="Apache-2.0",
        description=Texts("x", "x"),
        card=Texts("x", "x"),
    )
    model = await own.add(LIN.viewer, "mem_1", said)
    version = VersionDraft(
        making="tuned",
        format="gguf",
        precision="Q4_K_M",
        engines=["llamacpp"],
        files=[KeptFile("model", "claims.gguf", 5_000, "ab" * 32)],
        base_id=RESEARCH.id,
    )
    made = await own.add_version(LIN.viewer, "mem_1", model.id, version)
    draft = Draft(model=model.id, variant=made.id)
    assert await refusal(rollouts.plan(LIN, draft)) == "license_not_accepted"
    choice = await rollouts.plan(LIN, replace(draft, accept_license=RESEARCH.licence))
    assert (choice.plan.variant, choice.plan.engine) == (made.id, "llamacpp")
    free = await own.add_version(LIN.viewer, "mem_1", model.id, replace(version, base_id="qwen3-8b"))
    beside = Draft(model=model.id, variant=free.id)
    assert (await rollouts.plan(LIN, beside)).plan.variant == free.id
    assert (await preview(rollouts, LIN, beside, None)).restricting is None
    # Nobody has its bytes, and no source could bring them.
    assert await refusal(rollouts.check_files(choice)) == "model_not_here"
