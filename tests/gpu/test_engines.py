"""vLLM and SGLang as Jixi starts them, for real: they take our flags, answer in OpenAI's form, and leave with us."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from jixi.compute.drivers import Process, ProcessDriver
from jixi.models.engines import Address, EngineClient, Launch, asks_of, engine_registry, free_port, profile_of
from tests.gpu.made import adapter

pytestmark = pytest.mark.timeout(1800)
_START_S = 900
_HELLO = [{"role": "user", "content": "Say hello."}]


@asynccontextmanager
async def started(
    engine: tuple[str, Path], model: Path, adapters: Mapping[str, Path] | None = None, **options: Any
) -> AsyncIterator[tuple[EngineClient, Process, Launch]]:
    name, python = engine
    made = engine_registry().get(name)
    with tempfile.TemporaryDirectory(prefix="jx-") as folder:
        port = free_port() if made.profile.listens == "port" else None
        launch = Launch(
            model="public-name",
            socket=Path(folder) / "e.sock",
            files={"model": model},
            context=2048,
            parallel=8,
            port=port,
            key="a-key-of-this-start" if port else "",
            python=python,
            adapters=adapters or {},
            options={"gpu_memory": 0.5, **options},
        )
        process = await ProcessDriver().start(name, made.command(launch))
        client = EngineClient(Address(launch.socket, launch.port, launch.key))
        ended = asyncio.create_task(process.wait())
        try:
            async with asyncio.timeout(_START_S):
                while not await _healthy(client):
                    done, _ = await asyncio.wait({ended}, timeout=1)
                    assert not done, "\n".join(process.log())
            yield client, process, launch
        finally:
            await client.close()
            await process.stop(10)
            await ended


async def _healthy(client: EngineClient) -> bool:
    try:
        response = await client.send("/health", method="GET")
        await response.read()
    except OSError:
        return False
    return response.status == 200


async def ask(client: EngineClient, **fields: Any) -> dict[str, Any]:
    body = json.dumps({"model": "public-name", "messages": _HELLO, "max_tokens": 16, **fields}).encode()
    response = await client.send("/v1/chat/completions", body)
    raw = await response.read()
    assert response.status == 200, raw
    return json.loads(raw)


async def test_it_serves_as_the_deployment_says_and_leaves_nothing_behind(
    engine: tuple[str, Path], model: Path
) -> None:
    async with started(engine, model) as (client, process, _):
        models = json.loads(await (await client.send("/v1/models", method="GET")).read())["data"]
        assert "public-name" in {each["id"] for each in models}
        profile = profile_of(engine_registry().get(engine[0]), {})
        assert profile.progress is not None
        before = await (await client.send(profile.progress, method="GET")).read()
        answer = await ask(client, temperature=0)
        assert answer["usage"]["prompt_tokens"] > 0
        assert 0 < answer["usage"]["completion_tokens"] <= 16
        after = await (await client.send(profile.progress, method="GET")).read()
        mark = profile.progress_lines.encode()
        assert [line for line in before.splitlines() if line.startswith(mark)] != [
            line for line in after.splitlines() if line.startswith(mark)
        ]
        form = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "integer"}}}
        json.loads(
            (await ask(client, response_format=form, max_tokens=8))["choices"][0]["message"]["content"]
        )
        long = [{"role": "user", "content": "word " * 600 + "How many words?"}]
        await ask(client, messages=long)
        again = await ask(client, messages=long)
        details = again["usage"].get("prompt_tokens_details") or {}
        assert (details.get("cached_tokens") or 0) > 0
        everybody = await asyncio.gather(*(ask(client, max_tokens=64) for _ in range(16)))
        assert len(everybody) == 16
        body = json.dumps({"model": "public-name", "messages": [{"role": "user", "content": "word " * 4000}]})
        refused = await client.send("/v1/chat/completions", body.encode())
        assert refused.status == 400
        assert b"context" in await refused.read()
        family = [process.pid, *(each.pid for each in psutil.Process(process.pid).children(recursive=True))]
    assert not [pid for pid in family if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]


async def test_an_adapter_answers_under_its_own_name_and_says_something_else(
    engine: tuple[str, Path], model: Path, tmp_path: Path
) -> None:
    shape = json.loads((model / "config.json").read_text())
    if shape["model_type"] != "qwen3":
        pytest.skip("the adapter is made for a Qwen3")
    tuned = adapter(tmp_path / "tuned", shape)
    options = {"eager": True} if engine[0] == "vllm" else {}
    async with started(engine, model, {"tuned": tuned}, adapter_rank=8, **options) as (client, _, launch):
        said: list[str] = []
        for asks in asks_of(engine_registry().get(engine[0]), launch).values():
            answer = await ask(client, **{"temperature": 0, **asks})
            said.append(answer["choices"][0]["message"]["content"])
        assert len(set(said)) == 2


async def test_a_stranger_on_the_port_is_refused(engine: tuple[str, Path], model: Path) -> None:
    if engine_registry().get(engine[0]).profile.listens != "port":
        pytest.skip("it listens on a socket that its user alone can open")
    async with started(engine, model) as (client, _, _):
        stranger = EngineClient(client.address._replace(key="guessed"))
        response = await stranger.send("/v1/chat/completions", b"{}")
        assert response.status == 401
        await stranger.close()
