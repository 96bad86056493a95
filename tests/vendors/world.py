"""The real server with every vendor added as a provider, each with a model for chat and one for each of its media."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx2
import openai

from jixi.assembly.settings import Settings
from tests.behaviour.servers import administrator, new_key, running
from tests.vendors.server import Received, Vendors, running_vendors
from tests.vendors.shapes import CREDENTIAL, SHAPES, Json, Shape

UPSTREAM: Final = "up-model.v1"
PRICE: Final = {"input_micros": 1_000_000, "cached_input_micros": 500_000, "output_micros": 2_000_000}
FREE: Final = {"input_micros": 0, "cached_input_micros": 0, "output_micros": 0}
UNITS: Final = {
    "transcriptions": {"unit": "second", "unit_micros": 100},
    "speech": {"unit": "character", "unit_micros": 20},
    "images": {"unit": "image", "unit_micros": 40_000},
}


class World(NamedTuple):
    vendors: Vendors
    admin: httpx2.Client
    client: openai.OpenAI


@contextmanager
def opened_world(folder: Path) -> Iterator[World]:
    settings = Settings(
        data_dir=folder / "data",
        port=0,
        starter="none",
        ledger_writer="thread",
        allowed_hosts_outside=("127.0.0.1",),
        retries=0,
    )
    with (
        running_vendors() as vendors,
        running(settings) as server,
        administrator(server) as admin,
    ):
        for shape in SHAPES.values():
            answer = admin.post("/api/providers", json=provider(vendors, shape))
            assert answer.status_code == 201, answer.text
        with openai.OpenAI(
            base_url=f"{server.url}/v1", api_key=new_key(admin), max_retries=0, timeout=20
        ) as client:
            yield World(vendors, admin, client)


def provider(vendors: Vendors, shape: Shape, name: str = "") -> Json:
    kinds = ["chat"]
    kinds += ["embeddings"] if shape.embeddings else []
    kinds += ["completions"] if shape.completions else []
    kinds += ["rerank"] if shape.rerank else []
    models: list[dict[str, Any]] = [
        {
            "name": name or f"{shape.name}-chat",
            "upstream": UPSTREAM,
            "kinds": kinds,
            "context": 32_000,
            "max_output": 4_000,
            "vision": True,
            "price": PRICE,
        }
    ]
    models += [
        {
            "name": f"{name or shape.name}-{kind}",
            "upstream": UPSTREAM,
            "kinds": [kind],
            "context": 4_096,
            "price": FREE | unit,
        }
        for kind, unit in UNITS.items()
        if getattr(shape, kind) is not None
    ]
    return {
        "name": f"The {name or shape.name}",
        "vendor": shape.name,
        "base_url": vendors.base_url(shape.name),
        "api_version": "2024-10-21" if shape.name == "azure" else None,
        "credential": CREDENTIAL,
        "models": models,
    }


@contextmanager
def another(world: World, shape: Shape, name: str) -> Iterator[str]:
    """A provider of its own: who is told to wait, or fails, is left alone for a while."""
    made = world.admin.post("/api/providers", json=provider(world.vendors, shape, name))
    assert made.status_code == 201, made.text
    yield name
    assert world.admin.delete(f"/api/providers/{made.json()['id']}").status_code == 204


def sent(world: World, shape: Shape) -> Received:
    last = world.vendors.last()
    assert last.vendor == shape.name
    return last


def newest(world: World) -> Json:
    """The last charge."""
    (charge,) = world.admin.get("/api/charges", params={"limit": 1}).json()["items"]
    return charge
