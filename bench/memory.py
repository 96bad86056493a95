"""What replicas take of memory, as it is predicted before they start, and as it is measured while they work.

Each replica is a real engine with a real model. Every slot is given a prompt, so that buffers are touched, and the
memory that its processes hold is read. Prompts that have lost their slot are not kept here (`cache_mib` 0): that they
are at most so many bytes is what the option says. Models that are not here are fetched as `jixi models pull` does;
those that cannot be are left out.
"""

import asyncio
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from _harness import PEERS, Figures, asked, say
from jixi.assembly import Settings, model_store
from jixi.compute.drivers import ProcessDriver
from jixi.core.errors import JixiError
from jixi.models.catalog import Catalog
from jixi.models.engines import Address, EngineClient, Launch, Load, engine_registry, footprint_of
from jixi.models.memory import weights_of

CALL_S = 600


class Case(NamedTuple):
    model: str
    context: int
    parallel: int
    words: int
    """Of each prompt: about as many tokens."""


QUICK = (
    Case("smollm2-135m-instruct", 512, 1, 300),
    Case("smollm2-135m-instruct", 4096, 4, 300),
    Case("multilingual-e5-small", 512, 2, 100),
)
FULL = (
    Case("smollm2-135m-instruct", 512, 1, 400),
    Case("smollm2-135m-instruct", 2048, 2, 1000),
    Case("smollm2-135m-instruct", 8192, 4, 300),
    Case("qwen2.5-coder-0.5b-instruct", 1024, 1, 500),
    Case("qwen2.5-coder-0.5b-instruct", 4096, 2, 300),
    Case("qwen2.5-coder-0.5b-instruct", 8192, 4, 150),
    Case("multilingual-e5-small", 256, 1, 200),
    Case("multilingual-e5-small", 512, 2, 300),
)


async def resident(case: Case, engine: str, files: Mapping[str, Path], options: Mapping[str, Any]) -> int:
    """The bytes that a replica holds once every slot has worked."""
    with tempfile.TemporaryDirectory(prefix="jixi-bench-") as home:
        launch = Launch(
            model="m",
            socket=Path(home) / "engine.sock",
            files=files,
            context=case.context,
            parallel=case.parallel,
            options=options,
        )
        process = await ProcessDriver().start("m", engine_registry().get(engine).command(launch))
        client = EngineClient(Address(launch.socket))
        try:
            async with asyncio.timeout(CALL_S):
                while not await healthy(client):
                    await asyncio.sleep(0.05)
                calls = [
                    call(client, engine, f"{number} " + "word " * case.words)
                    for number in range(case.parallel)
                ]
                await asyncio.gather(*calls)
            return process.resident_bytes()
        finally:
            await client.close()
            await process.stop(5)


async def healthy(client: EngineClient) -> bool:
    try:
        answer = await client.send("/health", method="GET")
        await answer.read()
    except OSError:
        return False
    return answer.status == 200


async def call(client: EngineClient, engine: str, text: str) -> None:
    if engine == "embedding":
        path, body = "/v1/embeddings", {"model": "m", "input": [text]}
    else:
        path = "/v1/chat/completions"
        body = {"model": "m", "messages": [{"role": "user", "content": text}], "max_tokens": 4}
    answer = await client.send(path, json.dumps(body).encode())
    await answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{engine} answered {answer.status}")


async def main() -> None:
    quick = asked(__doc__).quick
    catalog, store = Catalog.load(), model_store(Settings(data_dir=PEERS / "data"))
    errors: dict[str, list[float]] = {}
    for case in QUICK if quick else FULL:
        entry = catalog.get(case.model)
        engine = entry.variant().engines[0]
        try:
            files = await store.fetch(entry) if store.files(entry) is None else store.files(entry) or {}
        except JixiError as error:
            say(f"  {case.model} is left out: {error}")
            continue
        options = {"cache_mib": 0} if engine == "llamacpp" else {}
        load = Load(
            weights=weights_of(files),
            architecture=entry.architecture,
            context=case.context,
            parallel=case.parallel,
            options=options,
        )
        predicted = footprint_of(engine_registry().get(engine), load).total
        measured = await resident(case, engine, files, options)
        error = predicted / measured - 1
        errors.setdefault(engine, []).append(error)
        say(
            f"  {case.model:28} {case.context:5} x {case.parallel}: predicted {predicted / 2**20:6.0f} MiB,"
            f" measured {measured / 2**20:6.0f} MiB, {error:+.1%}"
        )
    figures = Figures()
    figures.add("memory_llamacpp_worst_error_percent", 100 * max(map(abs, errors["llamacpp"])), "<=", 10)
    # Its words are read as they first come, so that few texts show less than it may take.
    figures.add("memory_embedding_most_of_predicted_percent", 100 / (1 + min(errors["embedding"])), "<=", 100)
    figures.print()


if __name__ == "__main__":
    asyncio.run(main())
