"""What a preview explains: figures that are not the file's, and options that an engine does not have."""

from tests.behaviour.people import MODEL, MODEL_VERSION, Person


async def test_a_preview_tells_what_comes_on_top_of_the_file_when_weights_are_laid_out_anew(
    admin: Person,
) -> None:
    body = {"model_id": "qwen3-8b", "variant": "q4-k-m", "engine": "llamacpp"}
    seen = (await admin.post("/api/deployments/preview", json=body)).json()
    assert seen["fit"]["repacked_bytes"] == seen["fit"]["weights_bytes"] - seen["size_bytes"] > 0


async def test_options_that_an_engine_lacks_are_answered_with_those_that_it_has(admin: Person) -> None:
    refused = await admin.post("/api/deployments/preview", json={"engine": "stub", "options": {"foo": 1}})
    assert refused.json()["code"] == "invalid_value"
    assert "unknown field `foo`; it knows " in refused.json()["detail"]
    assert "tokens" in refused.json()["detail"]


async def test_that_a_model_is_one_organisations_own_is_said_before_it_answers_all(admin: Person) -> None:
    model = (await admin.post("/api/models", json=MODEL | {"context": 2048})).json()
    version = (await admin.post(f"/api/models/{model['id']}/versions", json=MODEL_VERSION)).json()
    for model_id, variant, private in ((model["id"], version["id"], True), ("qwen3-8b", "q4-k-m", False)):
        body = {"model_id": model_id, "variant": variant, "engine": "llamacpp", "context": 512}
        seen = (await admin.post("/api/deployments/preview", json=body)).json()
        assert (seen["model_id"], seen["private"]) == (model_id, private)
