"""Engines that run apart from Jixi: their environments are made once, through Jixi's own door, and kept in `.cache`."""

import asyncio
import os
import platform
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from jixi.compute.drivers import ProcessDriver
from jixi.models.engines import EngineClient, Launch, engine_registry
from jixi.models.environments import Environments
from tests.engines.weights import CACHE

_START_S = 240
Start = Callable[..., AbstractAsyncContextManager[EngineClient]]


def python_of(name: str) -> Path:
    """The interpreter of the engine's environment; skips where the platform has no wheels for it."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        pytest.skip("the wheels that these tests pin are for Linux on x86-64")
    pip = {key: value for key, value in os.environ.items() if key.startswith(("PIP_", "SSL_CERT_"))}
    engines = engine_registry()
    environments = Environments(CACHE / "environments", engines, ProcessDriver(), pip)
    asyncio.run(environments.install(name))
    python = environments.python(engines.get(name))
    assert python is not None
    return python


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short: the path of a Unix socket has 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="jx-") as name:
        yield Path(name)


@pytest.fixture
def start(folder: Path) -> Start:
    """Start an engine under its own interpreter; a client for as long as the block lasts."""

    @asynccontextmanager
    async def started(
        name: str, python: Path, files: Mapping[str, Path], context: int = 512, **options: Any
    ) -> AsyncIterator[EngineClient]:
        launch = Launch(
            model=name, socket=folder / "e.sock", files=files, context=context, options=options, python=python
        )
        process = await ProcessDriver().start(name, engine_registry().get(name).command(launch))
        client = EngineClient(launch.socket)
        ended = asyncio.create_task(process.wait())
        try:
            async with asyncio.timeout(_START_S):
                while not await _ready(client):
                    done, _ = await asyncio.wait({ended}, timeout=0.1)
                    assert not done, process.log()
            yield client
        finally:
            await client.close()
            await process.stop(1)
            await ended
            # Shown where the test fails.
            sys.stdout.write("\n".join(process.log()))

    return started


async def _ready(client: EngineClient) -> bool:
    try:
        response = await client.send("/health", method="GET")
        await response.read()
    except OSError:
        return False
    return response.status == 200
