"""One engine with a model, started as Jixi starts it, for benches that ask it without a gateway between."""

import asyncio
import contextlib
import json
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from _harness import PEERS, say
from jixi.assembly.settings import Settings
from jixi.assembly.store import model_store
from jixi.compute.drivers import ProcessDriver
from jixi.core.errors import JixiError
from jixi.models.catalog import Entry
from jixi.models.engines import Address, EngineClient, Launch, engine_registry

CALL_S = 600


class Replica(NamedTuple):
    """`process` tells its `pid` and the bytes that it holds."""

    client: EngineClient
    process: Any

    async def ask(self, path: str, body: Mapping[str, Any]) -> Any:
        """The answer to a call; raises RuntimeError for a refusal."""
        answer = await self.client.send(path, json.dumps(body).encode())
        said = await answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}: {said[:200]!r}")
        return json.loads(said)


async def files_of(entry: Entry) -> Mapping[str, Path] | None:
    """The files of a model, fetched as `jixi models pull` does; None where nobody has them."""
    store = model_store(Settings(data_dir=PEERS / "data"))
    try:
        return store.files(entry) or await store.fetch(entry)
    except JixiError as error:
        say(f"  {entry.id} is left out: {error}")
        return None


@contextlib.asynccontextmanager
async def replica(
    engine: str,
    files: Mapping[str, Path],
    context: int,
    parallel: int,
    threads: int | None = None,
    **options: Any,
) -> AsyncIterator[Replica]:
    """An engine at work; it ends with the block."""
    with tempfile.TemporaryDirectory(prefix="jixi-bench-") as home:
        launch = Launch(
            model="m",
            socket=Path(home) / "engine.sock",
            files=files,
            context=context,
            parallel=parallel,
            threads=threads,
            options=options,
        )
        process = await ProcessDriver().start("m", engine_registry().get(engine).command(launch))
        client = EngineClient(Address(launch.socket))
        try:
            async with asyncio.timeout(CALL_S):
                while not await _healthy(client):
                    await asyncio.sleep(0.05)
                yield Replica(client, process)
        finally:
            await client.close()
            await process.stop(5)


async def _healthy(client: EngineClient) -> bool:
    try:
        answer = await client.send("/health", method="GET")
        await answer.read()
    except OSError:
        return False
    return answer.status == 200
