"""Real servers: in the test's own loop for most, over a real port with a real engine where that matters."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from starlette.types import ASGIApp

from jixi.assembly import DeploymentSetting, House, Settings, open_house
from jixi.server import Running, create_app, serve
from tests.behaviour.people import Person, first_administrator


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A house with nothing deployed: for the admin API no engine has to run."""
    settings = Settings(data_dir=tmp_path / "data", starter="none", ledger_writer="thread")
    async with open_house(settings) as opened:
        yield opened


@pytest.fixture
def app(house: House) -> ASGIApp:
    return create_app(house)


@pytest.fixture
async def admin(app: ASGIApp, house: House) -> Person:
    """The first administrator, signed in to the console."""
    assert house.setup_link is not None
    return await first_administrator(app, house.setup_link)


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The real server in a thread of its own, on a free port, with the stub engine deployed as `stub`."""
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("live") / "data",
        port=0,
        starter="none",
        deployments=(DeploymentSetting(name="stub", engine="stub", options={"request_scripts": True}),),
    )
    started: list[Running] = []
    up = threading.Event()

    def ready(running: Running) -> None:
        started.append(running)
        up.set()

    def run() -> None:
        try:
            asyncio.run(serve(settings, ready, signals=False))
        finally:
            up.set()

    thread = threading.Thread(target=run, name="jixi")
    thread.start()
    assert up.wait(30)
    assert started, "the server did not start"
    yield started[0]
    started[0].stop()
    thread.join(30)
    assert not thread.is_alive()
