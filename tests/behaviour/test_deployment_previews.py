"""What a preview explains: figures that are not the file's, and options that an engine does not have."""

from tests.behaviour.people import Person


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
