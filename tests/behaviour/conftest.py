"""Real servers: in the test's own loop for most, over a real port with a real engine where that matters."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import openai
import pytest
from starlette.types import ASGIApp

from jixi.assembly.house import House, open_house
from jixi.assembly.settings import DeploymentSetting, Settings
from jixi.server.app import Running, create_app
from tests.behaviour.people import Person, first_administrator, visitor
from tests.behaviour.servers import Served, administrator, new_key, running, wait_until_ready
from tests.clocks import SettableClock


@pytest.fixture(scope="session")
def settled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Person]:
    """A data folder whose first administrator has come by the setup link, and that person: tests take copies."""
    data_dir = tmp_path_factory.mktemp("settled") / "data"

    async def settle() -> Person:
        async with open_house(Settings(data_dir=data_dir, starter="none", ledger_writer="thread")) as house:
            assert house.setup_link is not None
            return await first_administrator(create_app(house), house.setup_link)

    return data_dir, asyncio.run(settle())


@pytest.fixture
def data_dir(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A data folder of one's own: with its administrator where the test asks for `admin`, else with empty tables."""
    path = tmp_path / "data"
    if "admin" in request.fixturenames:
        shutil.copytree(request.getfixturevalue("settled")[0], path)
    else:
        path.mkdir(mode=0o700)
        shutil.copyfile(request.getfixturevalue("migrated_file"), path / "jixi.db")
    return path


@pytest.fixture
async def house(data_dir: Path) -> AsyncIterator[House]:
    """A house with nothing deployed: for the admin API no engine has to run."""
    settings = Settings(data_dir=data_dir, starter="none", ledger_writer="thread")
    async with open_house(settings, SettableClock()) as opened:
        yield opened


@pytest.fixture
def app(house: House) -> ASGIApp:
    return create_app(house)


@pytest.fixture
async def admin(app: ASGIApp, house: House, settled: tuple[Path, Person]) -> Person:
    """The first administrator, signed in to the console; comes by the link to a house that is not in `data_dir`."""
    if house.setup_link is not None:
        return await first_administrator(app, house.setup_link)
    known = settled[1]
    person = visitor(app)
    person.client.headers, person.client.cookies = known.client.headers, known.client.cookies
    return replace(person, member=known.member, tenant=known.tenant)


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The real server with the stub engine deployed as `stub`."""
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("live") / "data",
        port=0,
        starter="none",
        retries=0,
        breaker_failures=0,
        deployments=(DeploymentSetting(name="stub", engine="stub", options={"request_scripts": True}),),
    )
    with running(settings) as server:
        yield server


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The real server with real engines: `stub`, a language model as `smollm2`, embeddings as `e5`."""
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("models") / "data",
        port=0,
        starter="none",
        retries=0,
        breaker_failures=0,
        offline=True,
        deployments=(
            DeploymentSetting(name="stub", engine="stub", parallel=8, options={"request_scripts": True}),
            DeploymentSetting(
                name="smollm2",
                engine="llamacpp",
                model="smollm2",
                context=2048,
                # Threads of llama.cpp wait for each other: where others use the cores too, two are slower than one.
                threads=1,
                options={"batch_threads": 1},
            ),
            DeploymentSetting(name="e5", engine="embedding", model="multilingual-e5-small", context=512),
        ),
    )
    with running(settings) as server, administrator(server) as admin:
        wait_until_ready(admin, 3)
        yield Served(server, admin, new_key(admin))


@pytest.fixture
def client(models: Served) -> Iterator[openai.OpenAI]:
    """The official Python SDK with a key of `models`; what fails is not tried again."""
    with openai.OpenAI(
        base_url=f"{models.running.url}/v1", api_key=models.key, max_retries=0, timeout=60
    ) as made:
        yield made
