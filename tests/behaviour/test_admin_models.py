"""The model store over the admin API: found, compared, described; models of one's own in versions with stages."""

from typing import Any

import pytest
from starlette.types import ASGIApp

from tests.behaviour.people import MODEL, MODEL_VERSION, Person, colleague, neighbour

KEY = "Idempotency-Key"


async def listed(person: Person, **query: Any) -> list[dict[str, Any]]:
    answer = await person.get("/api/models", params={"limit": 200} | query)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def ids(person: Person, **query: Any) -> list[str]:
    return [model["id"] for model in await listed(person, **query)]


async def made(person: Person, **changed: Any) -> dict[str, Any]:
    answer = await person.post("/api/models", json=MODEL | changed)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def versioned(person: Person, model: dict[str, Any], **changed: Any) -> dict[str, Any]:
    answer = await person.post(f"/api/models/{model['id']}/versions", json=MODEL_VERSION | changed)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_models_are_found_by_words_and_filters_together(admin: Person) -> None:
    found = await listed(admin, q="qwen", task="embedding", license_class="commercial", engine="llamacpp")
    assert {model["id"] for model in found} == {
        "qwen3-embedding-0.6b",
        "qwen3-embedding-4b",
        "qwen3-embedding-8b",
    }
    assert all(model["license_class"] == "commercial" for model in found)
    assert await ids(admin, license_class="research", task="code") == [
        "codestral-22b-v0.1",
        "mistral-large-instruct-2411",
        "qwen2.5-3b-instruct",
    ]
    small = await listed(admin, sort="-parameters", max_parameters=1_000_000_000, access="open")
    sizes = [model["total_parameters"] for model in small]
    assert sizes == sorted(sizes, reverse=True)
    assert {model["access"] for model in await listed(admin, access="closed")} == {"closed"}
    assert await ids(admin, q="no such model") == []


async def test_every_page_together_is_the_whole_list_in_its_order(admin: Person) -> None:
    whole = await ids(admin, sort="-released")
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(len(whole)):
        query: dict[str, Any] = {"sort": "-released", "limit": 25} | ({"cursor": cursor} if cursor else {})
        page = (await admin.get("/api/models", params=query)).json()
        seen += [model["id"] for model in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == whole
    foreign = await admin.get("/api/models", params={"cursor": "of-another-list"})
    assert (foreign.status_code, foreign.json()["code"]) == (400, "invalid_value")


@pytest.mark.parametrize(
    "wrong", [{"task": "cooking"}, {"license_class": "free"}, {"sort": "beauty"}, {"max_bytes": "0"}]
)
async def test_a_filter_that_means_nothing_is_refused(admin: Person, wrong: dict[str, str]) -> None:
    answer = await admin.get("/api/models", params=wrong)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_value")


async def test_a_model_is_described_with_its_licence_architecture_and_variants(admin: Person) -> None:
    chinese = (await admin.get("/api/models/deepseek-v3.2", headers={"Accept-Language": "zh"})).json()
    assert chinese["card"].startswith("能负担")
    model = (await admin.get("/api/models/deepseek-v3.2")).json()
    assert model["architecture"]["latent"]["kv_rank"] == 512
    assert model["cache_bytes"] == 8192 * 61 * (512 + 64 + 128) * 2
    assert model["license_details"]["text"].startswith("MIT License")
    assert model["lineage"] == ["deepseek-v3.1"]
    assert [(each["precision"], each["size_estimated"]) for each in model["variants"]] == [("FP8", True)]
    assert model["variants"][0]["sources"][0]["where"] == "deepseek-ai/DeepSeek-V3.2"
    pinned = (await admin.get("/api/models/smollm2")).json()
    assert pinned["id"] == "smollm2-135m-instruct"
    assert pinned["variants"][0]["files"][0]["sha256"].startswith("b179c952")
    closed = (await admin.get("/api/models/claude-opus-5")).json()
    assert (closed["state"], closed["variants"]) == ("outside", [])
    assert closed["provider"] == {"vendor": "anthropic", "model": "claude-opus-5", "base_url": None}


async def test_models_stand_side_by_side(admin: Person) -> None:
    answer = (await admin.get("/api/comparisons", params={"ids": "phi-4,qwen3-14b,gpt-5.5"})).json()
    assert answer["ids"] == ["phi-4", "qwen3-14b", "gpt-5.5"]
    rows = {row["fact"]: row for row in answer["facts"]}
    assert rows["context"]["values"] == [16384, 40960, 1_000_000]
    assert rows["vendor"]["values"] == [None, None, "openai"]
    assert rows["licence_class"]["same"]
    assert rows["layers"]["values"] == [40, 40, None]
    assert rows["cache_1k_bytes"]["values"][1] == 1024 * 40 * 2 * 8 * 128 * 2
    for wrong in ("phi-4", "phi-4,phi-4", ",".join(f"m{number}" for number in range(7))):
        assert (await admin.get("/api/comparisons", params={"ids": wrong})).status_code == 400
    assert (await admin.get("/api/comparisons", params={"ids": "phi-4,unknown"})).status_code == 404


async def test_a_model_of_ones_own_goes_from_candidate_to_retired(app: ASGIApp, admin: Person) -> None:
    developer = await colleague(app, admin, "developer")
    model = await made(developer, level="L2")
    assert (model["origin"], model["variants"], model["version"]) == ("tenant", [], 1)
    version = await versioned(developer, model)
    assert (version["stage"], version["number"], version["is_default"]) == ("candidate", 1, False)
    assert version["lineage"] == ["qwen3-8b"]
    place = f"/api/models/{model['id']}/versions/{version['id']}"
    released = await developer.patch(place, json={"stage": "released"}, headers={"If-Match": '"1"'})
    assert (released.json()["stage"], released.json()["is_default"]) == ("released", True)
    assert released.headers["ETag"] == '"2"'
    shown = (await developer.get(f"/api/models/{model['id']}")).json()
    assert shown["default_version_id"] == version["id"]
    assert shown["formats"] == ["gguf"]
    assert model["id"] in await ids(developer, q="claims", engine="llamacpp", level="L2")
    back = await developer.patch(place, json={"stage": "candidate"})
    assert (back.status_code, back.json()["code"]) == (409, "stage_forbidden")
    assert (await developer.patch(place, json={"stage": "retired"})).json()["is_default"] is False
    assert (await developer.get(place)).json()["stage"] == "retired"
    assert model["id"] not in await ids(developer, q="claims", engine="llamacpp")


async def test_compressed_comes_from_tuned_comes_from_base(admin: Person) -> None:
    model = await made(admin)
    tuned = await versioned(admin, model)
    small = await versioned(admin, model, making="compressed", precision="Q4_0", base_id=tuned["id"])
    assert small["lineage"] == [tuned["id"], "qwen3-8b"]
    descendants = (await admin.get("/api/models/qwen3-8b")).json()["descendants"]
    assert tuned["id"] in descendants
    circle = await admin.patch(
        f"/api/models/{model['id']}/versions/{tuned['id']}", json={"base_id": small["id"]}
    )
    assert (circle.status_code, circle.json()["code"]) == (409, "lineage_cyclic")
    listing = (await admin.get(f"/api/models/{model['id']}/versions", params={"limit": 1})).json()
    assert [each["id"] for each in listing["items"]] == [small["id"]]
    assert listing["next_cursor"] == small["id"]


async def test_what_is_tuned_from_a_research_model_is_for_research(admin: Person) -> None:
    model = await made(admin, license="MIT")
    tuned = await versioned(admin, model, base_id="qwen2.5-3b-instruct")
    assert tuned["license_class"] == "research"
    assert (await versioned(admin, model, base_id="qwen3-8b"))["license_class"] == "commercial"
    assert (await admin.get(f"/api/models/{model['id']}")).json()["license_class"] == "research"
    assert model["id"] in await ids(admin, license_class="research")


async def test_another_organisation_sees_of_a_model_what_it_sees_of_one_that_never_was(
    app: ASGIApp, admin: Person
) -> None:
    model = await made(admin)
    version = await versioned(admin, model)
    stranger = await neighbour(app, admin)
    for name in (model["id"], "mdl_unknown"):
        place = f"/api/models/{name}"
        answers = [
            await stranger.get(place),
            await stranger.patch(place, json={"name": "Mine"}),
            await stranger.get(f"{place}/versions"),
            await stranger.post(f"{place}/versions", json=MODEL_VERSION),
            await stranger.get(f"{place}/versions/{version['id']}"),
            await stranger.patch(f"{place}/versions/{version['id']}", json={"stage": "released"}),
            await stranger.get("/api/comparisons", params={"ids": f"phi-4,{name}"}),
        ]
        assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "not_found")}
    assert model["id"] not in await ids(stranger)
    own = await made(stranger)
    built = await stranger.post(
        f"/api/models/{own['id']}/versions", json=MODEL_VERSION | {"base_id": version["id"]}
    )
    assert built.status_code == 404


async def test_what_the_platform_shares_all_see_and_nobody_else_changes(app: ASGIApp, admin: Person) -> None:
    stranger = await neighbour(app, admin)
    assert (await stranger.post("/api/models", json=MODEL | {"shared": True})).status_code == 403
    shared = await made(admin, shared=True)
    assert shared["origin"] == "house"
    assert shared["id"] in await ids(stranger)
    refused = await stranger.patch(f"/api/models/{shared['id']}", json={"name": "Mine"})
    assert refused.status_code == 404


async def test_a_retry_adds_no_second_model_and_a_late_writer_changes_nothing(admin: Person) -> None:
    twice = [await admin.post("/api/models", json=MODEL, headers={KEY: "once"}) for _ in range(2)]
    assert twice[0].json() == twice[1].json()
    model = twice[0].json()
    place = f"/api/models/{model['id']}"
    first = await admin.patch(place, json={"name": "First"}, headers={"If-Match": '"1"'})
    assert (first.json()["name"], first.headers["ETag"]) == ("First", '"2"')
    late = await admin.patch(place, json={"name": "Second"}, headers={"If-Match": '"1"'})
    assert late.status_code == 412
    body = {KEY: "version"}
    versions = [
        (await admin.post(f"{place}/versions", json=MODEL_VERSION, headers=body)).json() for _ in range(2)
    ]
    assert versions[0] == versions[1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"license": "my-own"},
        {"tasks": []},
        {"tasks": ["cooking"]},
        {"level": "L3"},
        {"card": {"en": "Only English."}},
        {"languages": ["Chinese"]},
    ],
)
async def test_a_model_that_says_too_little_is_refused(admin: Person, wrong: dict[str, Any]) -> None:
    answer = await admin.post("/api/models", json=MODEL | wrong)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_value")


async def test_the_catalogues_own_models_do_not_change(admin: Person) -> None:
    assert (await admin.patch("/api/models/qwen3-8b", json={"name": "Mine"})).status_code == 404
    answer = await admin.post("/api/models/qwen3-8b/versions", json=MODEL_VERSION)
    assert answer.status_code == 404
