"""Models of one's own: who sees them, which moves their versions may make, and where they come from."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from jixi.core.errors import JixiError
from jixi.models.catalog import Catalog, Texts
from jixi.models.registry import (
    KeptFile,
    ModelDraft,
    ModelRegistry,
    ModelVersion,
    OwnModel,
    Stage,
    VersionDraft,
    Viewer,
    entry_of,
)
from jixi.storage import Database
from tests.clocks import FrozenClock

CATALOG = Catalog.load()
OURS, THEIRS = Viewer("ten_1"), Viewer("ten_2")
KEEPER = Viewer("ten_0", keeps_house=True)
DRAFT = ModelDraft(
    name="Claims assistant",
    publisher="Acme",
    family="Qwen3",
    tasks=["chat"],
    languages=["zh", "en"],
    licence="Apache-2.0",
    description=Texts("Answers claims.", "回答理赔问题。"),
    card=Texts("Tuned on claims of 2025.", "以 2025 年理赔数据微调。"),
)
FILE = KeptFile("model", "claims.gguf", 5_000, "ab" * 32)
TUNED = VersionDraft(
    making="tuned", format="gguf", precision="Q4_K_M", engines=["llamacpp"], files=[FILE], base_id="qwen3-8b"
)


@pytest.fixture
def registry(database: Database) -> ModelRegistry:
    return ModelRegistry(database, FrozenClock(), CATALOG)


async def refusal(action: Any) -> str:
    with pytest.raises(JixiError) as refused:
        await action
    return refused.value.code


async def grown(registry: ModelRegistry, base: str = "qwen3-8b") -> tuple[OwnModel, ModelVersion]:
    model = await registry.add(OURS, "mem_1", DRAFT)
    draft = replace(TUNED, base_id=base)
    return model, await registry.add_version(OURS, "mem_1", model.id, draft)


async def test_a_file_of_several_versions_is_kept_once_by_each_tenant(registry: ModelRegistry) -> None:
    assert await registry.kept() == {}
    model, _ = await grown(registry)
    large = KeptFile("model", "large.gguf", 2**40 + 1, "cd" * 32)
    await registry.add_version(OURS, "mem_1", model.id, replace(TUNED, files=[FILE, large]))
    await registry.add_version(OURS, "mem_1", model.id, TUNED)
    theirs = await registry.add(THEIRS, "mem_2", DRAFT)
    await registry.add_version(THEIRS, "mem_2", theirs.id, TUNED)
    shared = await registry.add(KEEPER, "mem_0", DRAFT, shared=True)
    await registry.add_version(KEEPER, "mem_0", shared.id, TUNED)
    assert await registry.kept() == {"ten_1": 2**40 + 5_001, "ten_2": 5_000, None: 5_000}


async def test_a_model_is_its_tenants_and_a_foreign_one_is_like_an_unknown_one(
    registry: ModelRegistry,
) -> None:
    model, version = await grown(registry)
    assert await registry.get(OURS, model.id) == replace(model, version=2, numbers=1)
    assert (await registry.shelf(THEIRS)).own(model.id) is None
    for name in (model.id, "mdl_unknown"):
        assert await refusal(registry.get(THEIRS, name)) == "not_found"
        assert await refusal(registry.versions(THEIRS, name, limit=5)) == "not_found"
        assert await refusal(registry.change(THEIRS, name, {"name": "Mine"}, None)) == "not_found"
        assert await refusal(registry.add_version(THEIRS, "mem_2", name, TUNED)) == "not_found"
        move = registry.change_version(THEIRS, name, version.id, {"stage": "released"}, None)
        assert await refusal(move) == "not_found"
    assert (await registry.version(OURS, model.id, version.id)).stage == "candidate"


async def test_what_the_house_shares_all_see_and_its_keeper_alone_changes(registry: ModelRegistry) -> None:
    shared = await registry.add(KEEPER, "mem_0", DRAFT, shared=True)
    assert (await registry.shelf(THEIRS)).own(shared.id) == shared
    assert await refusal(registry.change(THEIRS, shared.id, {"name": "Mine"}, None)) == "not_found"
    assert (await registry.change(KEEPER, shared.id, {"name": "Ours"}, None)).name == "Ours"
    own = await registry.add(KEEPER, "mem_0", DRAFT)
    assert await refusal(registry.get(THEIRS, own.id)) == "not_found"


async def test_nobody_builds_on_a_version_that_he_may_not_see(registry: ModelRegistry) -> None:
    _, foreign = await grown(registry)
    mine = await registry.add(THEIRS, "mem_2", DRAFT)
    for base in (foreign.id, "ver_unknown", "no-such-entry"):
        draft = VersionDraft(
            making="tuned", format="gguf", precision="Q8_0", engines=["llamacpp"], files=[FILE], base_id=base
        )
        assert await refusal(registry.add_version(THEIRS, "mem_2", mine.id, draft)) == "not_found"


async def test_the_first_released_version_is_the_default_and_the_newest_follows_it(
    registry: ModelRegistry,
) -> None:
    model, first = await grown(registry)
    second = await registry.add_version(OURS, "mem_1", model.id, TUNED)
    third = await registry.add_version(OURS, "mem_1", model.id, TUNED)
    assert [each.number for each in await registry.versions(OURS, model.id, limit=9)] == [3, 2, 1]
    assert (
        await refusal(registry.change(OURS, model.id, {"default_version_id": first.id}, None))
        == "stage_forbidden"
    )
    for version in (first, second, third):
        await registry.change_version(OURS, model.id, version.id, {"stage": "released"}, None)
    assert (await registry.get(OURS, model.id)).default_version_id == first.id
    await registry.change_version(OURS, model.id, first.id, {"stage": "retired"}, None)
    assert (await registry.get(OURS, model.id)).default_version_id == third.id
    assert (
        await registry.change(OURS, model.id, {"default_version_id": second.id}, None)
    ).default_version_id == second.id
    for version in (third, second):
        await registry.change_version(OURS, model.id, version.id, {"stage": "retired"}, None)
    assert (await registry.get(OURS, model.id)).default_version_id is None


@pytest.mark.parametrize(
    ("moves", "legal"),
    [
        (["released"], True),
        (["retired"], True),
        (["released", "retired"], True),
        (["released", "candidate"], False),
        (["retired", "released"], False),
        (["retired", "candidate"], False),
    ],
)
async def test_a_version_goes_forward_only(registry: ModelRegistry, moves: list[Stage], legal: bool) -> None:
    model, version = await grown(registry)
    *before, last = moves
    for stage in before:
        await registry.change_version(OURS, model.id, version.id, {"stage": stage}, None)
    move = registry.change_version(OURS, model.id, version.id, {"stage": last}, None)
    if legal:
        assert (await move).stage == last
    else:
        assert await refusal(move) == "stage_forbidden"


async def test_no_version_comes_from_itself_or_from_what_came_from_it(registry: ModelRegistry) -> None:
    model, first = await grown(registry)
    _, second = await grown(registry, first.id)
    shelf = await registry.shelf(OURS)
    assert shelf.lineage(second.id) == [second.id, first.id, "qwen3-8b"]
    assert shelf.descendants(shelf.get(model.id)) == [second.id]
    assert first.id in shelf.descendants(shelf.get("qwen3-8b"))
    for base in (second.id, first.id):
        change = registry.change_version(OURS, model.id, first.id, {"base_id": base}, None)
        assert await refusal(change) == "lineage_cyclic"
    await registry.change_version(OURS, model.id, first.id, {"base_id": "qwen3-14b"}, None)
    assert (await registry.shelf(OURS)).lineage(second.base_id) == [first.id, "qwen3-14b"]
    await registry.change_version(OURS, model.id, first.id, {"stage": "released"}, None)
    late = registry.change_version(OURS, model.id, first.id, {"base_id": "qwen3-8b"}, None)
    assert await refusal(late) == "stage_forbidden"


async def test_two_changes_at_once_cannot_close_a_circle(registry: ModelRegistry) -> None:
    (one, first), (two, second) = await grown(registry), await grown(registry)
    answers = await asyncio.gather(
        registry.change_version(OURS, one.id, first.id, {"base_id": second.id}, None),
        registry.change_version(OURS, two.id, second.id, {"base_id": first.id}, None),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if isinstance(answer, JixiError)]
    assert [error.code for error in refused] == ["lineage_cyclic"]


async def test_what_is_made_of_a_research_model_stays_for_research(registry: ModelRegistry) -> None:
    model, first = await grown(registry, "codestral-22b-v0.1")
    free, _ = await grown(registry)
    derived, _ = await grown(registry, first.id)
    shelf = await registry.shelf(OURS)
    classes = [shelf.licence_class(shelf.get(each.id)) for each in (model, derived, free)]
    assert classes == ["research", "research", "commercial"]


async def test_a_candidate_for_research_changes_nothing_for_the_version_beside_it(
    registry: ModelRegistry,
) -> None:
    model, first = await grown(registry)
    await registry.change_version(OURS, model.id, first.id, {"stage": "released"}, None)
    draft = replace(TUNED, base_id="codestral-22b-v0.1")
    second = await registry.add_version(OURS, "mem_1", model.id, draft)
    shelf = await registry.shelf(OURS)
    entry = shelf.get(model.id)
    assert shelf.restricting(entry, first.id) is None
    assert shelf.restricting(entry, second.id) is not None
    assert shelf.licence_class(entry) == "commercial"
    await registry.change_version(OURS, model.id, second.id, {"stage": "released"}, None)
    shelf = await registry.shelf(OURS)
    assert shelf.restricting(shelf.get(model.id), first.id) is None
    assert shelf.licence_class(shelf.get(model.id)) == "research"


async def test_what_is_made_of_ones_own_research_model_stays_for_research(registry: ModelRegistry) -> None:
    research = next(each.id for each in CATALOG.licences() if each.licence_class == "research")
    first = await registry.add(OURS, "mem_1", replace(DRAFT, licence=research))
    brought = replace(TUNED, making="imported", base_id=None)
    version = await registry.add_version(OURS, "mem_1", first.id, brought)
    derived, _ = await grown(registry, version.id)
    shelf = await registry.shelf(OURS)
    assert shelf.licence_class(shelf.get(derived.id)) == "research"


async def test_a_model_of_the_house_comes_from_nothing_that_others_do_not_see(
    registry: ModelRegistry,
) -> None:
    own = await registry.add(KEEPER, "mem_0", DRAFT)
    version = await registry.add_version(KEEPER, "mem_0", own.id, TUNED)
    shared = await registry.add(KEEPER, "mem_0", DRAFT, shared=True)
    draft = replace(TUNED, base_id=version.id)
    assert await refusal(registry.add_version(KEEPER, "mem_0", shared.id, draft)) == "invalid_value"
    made = await registry.add_version(KEEPER, "mem_0", shared.id, TUNED)
    change = registry.change_version(KEEPER, shared.id, made.id, {"base_id": version.id}, None)
    assert await refusal(change) == "invalid_value"


async def test_who_read_an_older_state_does_not_write_over_a_newer_one(registry: ModelRegistry) -> None:
    model, version = await grown(registry)
    seen = (await registry.get(OURS, model.id)).version
    await registry.change(OURS, model.id, {"name": "First"}, seen)
    assert await refusal(registry.change(OURS, model.id, {"name": "Second"}, seen)) == "precondition_failed"
    await registry.change_version(OURS, model.id, version.id, {"notes": "good"}, 1)
    late = registry.change_version(OURS, model.id, version.id, {"notes": "bad"}, 1)
    assert await refusal(late) == "precondition_failed"
    assert (await registry.version(OURS, model.id, version.id)).notes == "good"


async def test_versions_that_are_added_at_once_have_numbers_of_their_own(registry: ModelRegistry) -> None:
    model, _ = await grown(registry)
    await asyncio.gather(*(registry.add_version(OURS, "mem_1", model.id, TUNED) for _ in range(8)))
    numbers = [each.number for each in await registry.versions(OURS, model.id, limit=20)]
    assert sorted(numbers) == list(range(1, 10))


async def test_what_cannot_be_is_refused(registry: ModelRegistry) -> None:
    model, _ = await grown(registry)
    rootless = VersionDraft(
        making="compressed", format="gguf", precision="Q4_0", engines=["llamacpp"], files=[FILE]
    )
    assert await refusal(registry.add_version(OURS, "mem_1", model.id, rootless)) == "invalid_value"
    unknown = VersionDraft(
        making="imported", format="gguf", precision="Q1", engines=["llamacpp"], files=[FILE]
    )
    assert await refusal(registry.add_version(OURS, "mem_1", model.id, unknown)) == "invalid_value"
    assert await refusal(registry.change(OURS, model.id, {"licence": "mine"}, None)) == "invalid_value"


@given(st.lists(st.sampled_from(["candidate", "released", "retired"]), max_size=8), st.data())
def test_an_own_model_is_shown_with_the_versions_in_use_the_default_first(
    stages: list[Stage], data: st.DataObject
) -> None:
    now = FrozenClock().now()
    versions = [
        ModelVersion(
            **{name: getattr(TUNED, name) for name in TUNED.__struct_fields__},
            id=f"ver_{number}",
            model_id="mdl_1",
            number=number,
            member_id="mem_1",
            created_at=now,
            stage=stage,
        )
        for number, stage in enumerate(stages, 1)
    ]
    released = [each.id for each in versions if each.stage == "released"]
    default = data.draw(st.sampled_from(released)) if released else None
    model = OwnModel(
        **{name: getattr(DRAFT, name) for name in DRAFT.__struct_fields__},
        id="mdl_1",
        tenant_id="ten_1",
        member_id="mem_1",
        created_at=now,
        default_version_id=default,
    )
    entry = entry_of(model, versions)
    alive = {each.id for each in versions if each.stage != "retired"}
    assert {variant.id for variant in entry.variants} == alive
    assert default is None or entry.variant().id == default
    assert not entry.closed
