"""`Fleet`: every deployment of this house, and the way from a public name to a replica."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from jixi.compute.drivers import Driver
from jixi.core.clock import Clock
from jixi.core.errors import JixiError, problem
from jixi.core.registry import Registry
from jixi.models.deployments._deployment import Deployment, Surroundings, launch
from jixi.models.deployments._replica import Replica
from jixi.models.deployments._spec import DeploymentSpec, DeploymentStatus, Patience, Reason, State
from jixi.models.engines import Engine

# A Unix socket's path has 107 bytes; what we add to the folder stays below 40.
_LONGEST_FOLDER: Final = 60


def _settled(status: DeploymentStatus) -> bool:
    return status.state in {"ready", "failed", "stopped"}


class Fleet:
    """Starts and keeps the deployments. `run_dir` is for sockets; a path too long for them gives way to a short one."""

    def __init__(
        self,
        driver: Driver,
        engines: Registry[Engine],
        run_dir: Path,
        clock: Clock,
        patience: Patience | None = None,
    ) -> None:
        self._engines = engines
        self._sockets = _socket_folder(run_dir)
        self._around = Surroundings(
            driver=driver, clock=clock, sockets=self._sockets, patience=patience or Patience()
        )
        self._deployments: dict[str, Deployment] = {}
        self._expected: set[str] = set()

    async def start(self, specs: Iterable[DeploymentSpec]) -> None:
        """Begin to run `specs`; returns before they are ready. Raises what `add` raises, and then starts none."""
        specs = list(specs)
        names = [spec.name for spec in specs]
        for spec in specs:
            self._check(spec)
            if names.count(spec.name) > 1:
                raise _taken(spec)
        for spec in specs:
            self.add(spec)

    def add(self, spec: DeploymentSpec) -> None:
        """Begin to run one more, or one that was expected.

        Raises `conflict` where its name is taken, `unknown_extension` and `invalid_value` for its engine and options.
        """
        self._check(spec)
        self._enter(spec).start()
        self._expected.discard(spec.name)

    def expect(self, spec: DeploymentSpec, state: State = "pulling", reason: Reason | None = None) -> None:
        """Show a deployment that cannot start yet, and why; may be repeated as its facts change, until `add`."""
        if self._is_taken(spec):
            raise _taken(spec)
        self._enter(spec).expect(state, reason)
        self._expected.add(spec.name)

    async def stop(self) -> None:
        """End every engine; returns when all are gone, at most a few seconds after the grace they are given."""
        stops = [asyncio.create_task(deployment.stop()) for deployment in self._deployments.values()]
        if stops:
            await asyncio.wait(stops, timeout=self._around.patience.grace_s + 5)
        await asyncio.to_thread(shutil.rmtree, self._sockets, ignore_errors=True)

    def route(self, model: str) -> Replica:
        """The replica that serves `model`; raises `model_not_found` or `model_unavailable`."""
        deployment = self._find(model)
        if deployment.replica is not None:
            return deployment.replica
        wait = deployment.retry_in_s
        retry_after = (
            None if deployment.state in {"failed", "stopped"} else 5 if wait is None else int(wait) + 2
        )
        raise problem("model_unavailable", model=model, state=deployment.state, retry_after=retry_after)

    def models(self) -> list[DeploymentStatus]:
        """Every deployment, in the order in which they came."""
        return [deployment.status() for deployment in self._deployments.values()]

    def status(self, name: str) -> DeploymentStatus:
        """Raises `model_not_found`."""
        return self._find(name).status()

    def log(self, name: str, lines: int = 200) -> list[str]:
        """The last lines that its engine wrote, oldest first; raises `model_not_found`."""
        return self._find(name).log(lines)

    async def restart(self, name: str) -> None:
        """End its engine and start it again, now; raises `model_not_found`."""
        self._find(name).restart()

    async def until(self, name: str, fits: Callable[[DeploymentStatus], bool] = _settled) -> DeploymentStatus:
        """Wait until the deployment's status fits: by default, until it is ready or will not become so by itself."""
        return await self._find(name).until(fits)

    def _find(self, name: str) -> Deployment:
        if name not in self._deployments:
            raise problem("model_not_found", model=name, param="model")
        return self._deployments[name]

    def _is_taken(self, spec: DeploymentSpec) -> bool:
        return spec.name in self._deployments and spec.name not in self._expected

    def _check(self, spec: DeploymentSpec) -> None:
        if self._is_taken(spec):
            raise _taken(spec)
        self._engines.get(spec.engine).command(launch(spec, self._sockets))

    def _enter(self, spec: DeploymentSpec) -> Deployment:
        engine = self._engines.get(spec.engine)
        if (expected := self._deployments.get(spec.name)) is not None:
            expected.revise(spec, engine)
            return expected
        made = Deployment(spec, engine, self._around, len(self._deployments))
        self._deployments[spec.name] = made
        return made


def _taken(spec: DeploymentSpec) -> JixiError:
    return problem("conflict", noun=f"deployment {spec.name!r}", param="name")


def _socket_folder(run_dir: Path) -> Path:
    """A private folder with a short name; those of houses that ended without tidying up are removed."""
    run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    fits = len(os.fsencode(run_dir.absolute())) <= _LONGEST_FOLDER
    parent = run_dir.absolute() if fits else Path(tempfile.gettempdir())
    for old in parent.glob("jixi-*-*"):
        if _is_left_behind(old):
            shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"jixi-{os.getpid()}-", dir=parent))


def _is_left_behind(folder: Path) -> bool:
    """Whether it is ours and the process in its name is gone."""
    try:
        os.kill(int(folder.name.split("-")[1]), 0)
    except ProcessLookupError:
        return folder.stat(follow_symlinks=False).st_uid == os.geteuid()
    except (ValueError, PermissionError):
        return False
    return False
