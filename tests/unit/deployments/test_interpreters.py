"""Deployments whose engines do not run beside Jixi: one that is not installed, and one that listens on a port."""

import asyncio
import sys
from pathlib import Path

from jixi.compute.drivers import Command, ProcessDriver
from jixi.core.clock import SystemClock
from jixi.core.errors import problem
from jixi.core.registry import Registry
from jixi.models.deployments import DeploymentSpec, Fleet, Patience
from jixi.models.engines import Engine, EngineClient, Launch, Profile, StubEngine

_SERVER = Path(__file__).parents[2] / "contract" / "fakes"


class PortEngine:
    """A fake on a port of loopback, with a key."""

    name = "port"
    profile = Profile(
        kinds=StubEngine.profile.kinds, progress="/metrics", progress_lines="sglang:", listens="port"
    )

    def command(self, launch: Launch) -> Command:
        script = (
            "import asyncio, sys; sys.path.insert(0, sys.argv[1]); import server; print('key', sys.argv[3]);"
            "made = server.Served('m', 512, 'sglang:tokens', frozenset({'chat/completions'}), sys.argv[3]);"
            "asyncio.run(server.serve(made, port=int(sys.argv[2])))"
        )
        python = launch.python or Path("python-that-is-not-there")
        return Command(argv=(str(python), "-u", "-c", script, str(_SERVER), str(launch.port), launch.key))


class Shop:
    """Has the engine once it was bought."""

    def __init__(self) -> None:
        self.python: Path | None = None

    def interpreter(self, engine: Engine) -> Path | None:
        if self.python is None:
            raise problem("engine_not_installed", engine=engine.name, missing="port")
        return self.python


async def test_a_deployment_waits_for_its_engine_and_calls_go_to_its_port_with_its_key(
    tmp_path: Path,
) -> None:
    engines = Registry[Engine]("engine")
    engines.register("port", PortEngine)
    shop = Shop()
    patience = Patience(grace_s=1)
    fleet = Fleet(
        ProcessDriver(), engines, tmp_path / "run", SystemClock(), patience, interpreter=shop.interpreter
    )
    try:
        await fleet.start([DeploymentSpec(name="m", engine="port", start_s=30)])
        async with asyncio.timeout(60):
            status = await fleet.until("m")
        assert (status.state, status.reason and status.reason.code) == ("failed", "engine_not_installed")
        assert status.restarts == 0
        shop.python = Path(sys.executable)
        await fleet.restart("m")
        async with asyncio.timeout(60):
            status = await fleet.until("m", lambda now: now.state == "ready")
        (replica,) = fleet.replicas("m")
        body = b'{"model": "m", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 1}'
        response = await replica.client.send("/v1/chat/completions", body)
        assert response.status == 200
        await response.read()
        ((way,),) = [served.ways for served in fleet.served()]
        assert (way.port, way.key) == (replica.client.address.port, replica.client.address.key)
        assert "key" in " ".join(fleet.log("m"))
        assert way.key not in " ".join(fleet.log("m"))
        stranger = EngineClient(replica.client.address._replace(key="guessed"))
        assert (await stranger.send("/v1/chat/completions", body)).status == 401
        await stranger.close()
    finally:
        await fleet.stop()
