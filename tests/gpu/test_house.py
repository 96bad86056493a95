"""The whole house on a real accelerator: what the node shows, what calls cost, and what a kill leaves behind."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from anthropic import Anthropic

from jixi.compute.inventory import NvidiaReader
from jixi.core.clock import SystemClock
from jixi.governance.ledger import Statement
from jixi.models.engines import engine_registry, missing
from jixi.storage import Database
from tests.behaviour.commands import serving
from tests.behaviour.servers import furnished

pytestmark = pytest.mark.timeout(1800)
_TOOL: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"enum": ["Paris", "Oslo"]}},
            "required": ["city"],
        },
    },
}


def _used() -> int:
    (card, *_) = NvidiaReader()()
    return card.used_bytes or 0


def _until(found: Callable[[], Any], within_s: float) -> Any:
    """What is found, once it is something."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if said := found():
            return said
        threading.Event().wait(0.2)
    raise AssertionError(f"not within {within_s:.0f} s")


def test_a_house_on_an_accelerator_shows_meters_and_frees_it(
    engine: tuple[str, Path], model: Path, tmp_path: Path
) -> None:
    name = engine[0]
    if missing(engine_registry().get(name)):
        pytest.skip("for this one the engine lies beside Jixi")
    before = _used()
    (tmp_path / "jixi.toml").write_text(
        'starter = "none"\nport = 0\n[[deployments]]\nname = "chat"\n'
        f'engine = "{name}"\npath = "{model}"\ncontext = 4096\nparallel = 32\n[deployments.options]\ngpu_memory = 0.5\n'
    )
    with serving(tmp_path, "--data-dir", "data") as server:
        assert server.setup_link is not None
        key = furnished(server.url, server.setup_link)
        headers = {"Authorization": f"Bearer {key}"}
        with httpx2.Client(base_url=server.url, headers=headers, timeout=60) as admin:
            price = admin.put("/api/prices/resources/gpu_hour", json={"micros": 3_600_000_000})
            assert price.status_code == 200
            _until(lambda: _is_ready(admin), 900)
            (node,) = admin.get("/api/nodes").json()["items"]
            (card,) = node["accelerators"]
            assert card["vendor"] == "nvidia"
            assert card["used_bytes"] > 0.45 * card["memory_bytes"]
            assert card["power_w"] > 10
            with openai.OpenAI(
                base_url=f"{server.url}/v1", api_key=key, max_retries=0, timeout=120
            ) as client:
                _answers(client)
            with Anthropic(base_url=server.url, api_key=key, max_retries=0) as client:
                message = client.messages.create(
                    model="chat", max_tokens=12, messages=[{"role": "user", "content": "Hello"}]
                )
                assert message.usage.output_tokens > 0
            row = _until(lambda: _metered(admin), 60)
            assert row["name"] == "chat"
        print(f"\n{card}\n{row}")  # noqa: T201
        server.process.kill()
        server.process.wait(30)
        began = time.monotonic()
        _until(lambda: _used() < before + 2**26, 30)
        print(f"the accelerator was free {time.monotonic() - began:.1f} s after the kill")  # noqa: T201
    assert asyncio.run(_discrepancies(tmp_path / "data" / "jixi.db")) == []


async def _discrepancies(file: Path) -> list[Any]:
    database = Database(f"sqlite:///{file}")
    try:
        return await Statement(database, SystemClock()).discrepancies()
    finally:
        await database.close()


def _is_ready(admin: httpx2.Client) -> bool:
    (chat,) = admin.get("/api/deployments").json()["items"]
    assert chat["state"] != "failed", chat
    return chat["state"] == "ready"


def _metered(admin: httpx2.Client) -> Any:
    """What of accelerators the deployment was charged; None so far."""
    rows = admin.get("/api/usage").json()["resources"]
    return next((row for row in rows if row["resource"] == "gpu_hour" and row["cost_micros"] > 0), None)


def _answers(client: openai.OpenAI) -> None:
    hello: Any = [{"role": "user", "content": "Hello"}]
    whole = client.chat.completions.create(model="chat", messages=hello, max_tokens=12)
    assert whole.usage is not None
    assert 0 < whole.usage.completion_tokens <= 12
    chunks = list(
        client.chat.completions.create(
            model="chat", messages=hello, max_tokens=32, stream=True, stream_options={"include_usage": True}
        )
    )
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens <= 32
    called = client.chat.completions.create(
        model="chat",
        messages=hello,
        tools=[_TOOL],
        tool_choice={"type": "function", "function": {"name": "weather"}},
        max_tokens=64,
    )
    assert called.choices[0].message.tool_calls
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(
            model="chat", messages=[{"role": "user", "content": "the " * 5000}], max_tokens=8
        )
    began = time.monotonic()
    with ThreadPoolExecutor(32) as pool:
        asked = [
            pool.submit(client.chat.completions.create, model="chat", messages=hello, max_tokens=128)
            for _ in range(128)
        ]
        written = sum(usage.completion_tokens for done in asked if (usage := done.result().usage) is not None)
    print(f"\n{written / (time.monotonic() - began):.0f} tokens/s through the gateway, 32 at once")  # noqa: T201
