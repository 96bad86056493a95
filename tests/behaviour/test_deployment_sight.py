"""A deployment answers every organisation; whose own model it runs is the matter of those who see that model."""

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp

from jixi.assembly.house import House
from jixi.models.registry import Viewer
from tests.behaviour.people import MODEL, MODEL_VERSION, Person, colleague, neighbour

WITHIN_S = 60
PATHS = (
    "/api/deployments",
    "/api/deployments/claims",
    "/api/deployments/claims/events?seconds=1",
    "/api/overview",
)


async def deployed(admin: Person, house: House, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A model of one's own with its version, deployed and stopped; then somebody has taken its files away."""
    origin = house.supply.catalog.get("smollm2")
    file = (await house.store.fetch(origin))["model"]
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    kept = {"role": "model", "name": "own.gguf", "bytes": file.stat().st_size, "sha256": sha256}
    model = (await admin.post("/api/models", json=MODEL | {"context": 2048} | more)).json()
    versions = f"/api/models/{model['id']}/versions"
    version = (await admin.post(versions, json=MODEL_VERSION | {"files": [kept]})).json()
    body = {"name": "claims", "model_id": model["id"], "variant": version["id"], "context": 512}
    made = await admin.post("/api/deployments", json=body)
    assert made.status_code == 201, made.text
    await admin.post("/api/deployments/claims/stop")
    await until(admin, lambda seen: seen["state"] == "stopped")
    shelf = await house.registry.shelf(Viewer(admin.tenant["id"]))
    for entry, variant in ((shelf.get(model["id"]), version["id"]), (origin, None)):
        await house.store.remove(entry, variant)
    await admin.post("/api/deployments/claims/start")
    await until(admin, lambda seen: seen["update"] is not None and model["id"] in why(seen))
    return model, version


async def until(admin: Person, fits: Callable[[dict[str, Any]], bool]) -> None:
    seen: dict[str, Any] = {}
    try:
        async with asyncio.timeout(WITHIN_S):
            while not seen or not fits(seen):
                seen = (await admin.get("/api/deployments/claims")).json()
                await asyncio.to_thread(lambda: None)
    except TimeoutError:
        raise AssertionError(seen) from None


def why(seen: dict[str, Any]) -> str:
    """Why its update cannot be."""
    return (seen["update"]["reason"] or {"message": ""})["message"]


async def test_other_organisations_see_the_deployment_but_nothing_of_the_model_that_is_one_organisations_own(
    app: ASGIApp, admin: Person, house: House
) -> None:
    model, version = await deployed(admin, house)
    person, other = await colleague(app, admin, "developer"), await neighbour(app, admin)
    assert (await other.get(f"/api/models/{model['id']}")).status_code == 404
    for who, sees in ((admin, True), (person, True), (other, False)):
        for path in PATHS:
            answer = await who.get(path)
            assert answer.status_code == 200, answer.text
            assert '"claims"' in answer.text
            for told in (model["id"], version["id"], MODEL["name"]):
                assert (told in answer.text) == sees, (path, told)
        query = {"model_id": model["id"]}
        assert len((await who.get("/api/deployments", params=query)).json()["items"]) == sees
    seen = (await other.get("/api/deployments/claims")).json()
    assert (seen["update"]["reason"]["code"], seen["model_id"]) == ("fetch_failed", None)
    assert "…" in why(seen)
    assert (seen["plan"]["model_id"], seen["plan"]["variant"], seen["plan"]["engine"]) == (
        None,
        None,
        "llamacpp",
    )
    assert (await other.get("/api/deployments/claims/logs")).status_code == 403


async def test_a_model_of_the_house_is_seen_by_all(app: ASGIApp, admin: Person, house: House) -> None:
    model, version = await deployed(admin, house, shared=True)
    other = await neighbour(app, admin)
    seen = (await other.get("/api/deployments/claims")).json()
    assert (seen["model_id"], seen["variant"]) == (model["id"], version["id"])
    assert model["id"] in why(seen)
