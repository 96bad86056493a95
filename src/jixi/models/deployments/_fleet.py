"""`Fleet`: every deployment of this house, and the way from a public name to a replica."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, Literal

import structlog

from jixi.compute.drivers import Driver
from jixi.core.clock import Clock
from jixi.core.errors import JixiError, problem
from jixi.core.principal import Scope
from jixi.core.registry import Registry
from jixi.models.deployments._changes import Changes
from jixi.models.deployments._deployment import Deployment
from jixi.models.deployments._replica import Replica, Work
from jixi.models.deployments._served import Served
from jixi.models.deployments._spec import DeploymentSpec, Patience, Reason, State
from jixi.models.deployments._status import DeploymentStatus
from jixi.models.deployments._surroundings import (
    Interpreter,
    Lack,
    RoomFor,
    Surroundings,
    anywhere,
    launch,
)
from jixi.models.engines import Address, Engine, asks_of, beside, profile_of

# A Unix socket's path has 107 bytes; what we add to the folder stays below 40.
_LONGEST_FOLDER: Final = 60


def _settled(status: DeploymentStatus) -> bool:
    return status.state in {"ready", "failed", "stopped"}


class Fleet:
    """Starts and keeps the deployments. `run_dir` is for sockets; a path too long for them gives way to a short one.

    `shared`: other processes send calls to the engines, too. They are told by `served` where, and tell by `heard` how
    it goes, so that an engine that is busy for them does not look frozen from here.
    """

    def __init__(
        self,
        driver: Driver,
        engines: Registry[Engine],
        run_dir: Path,
        clock: Clock,
        patience: Patience | None = None,
        *,
        shared: bool = False,
        interpreter: Interpreter = beside,
        room: RoomFor = anywhere,
    ) -> None:
        self.kind: Literal["deployment"] = "deployment"
        self._engines = engines
        self._changes = Changes()
        self._sockets = _socket_folder(run_dir)
        self._around = Surroundings(
            driver=driver,
            clock=clock,
            sockets=self._sockets,
            patience=patience or Patience(),
            shared=shared,
            interpreter=interpreter,
            room=room,
            clear=self._clear,
            noted=self._note,
        )
        self._deployments: dict[str, Deployment] = {}
        self._expected: set[str] = set()
        self._tending: asyncio.Task[None] | None = None
        self.waiting: Callable[[], Mapping[str, int]] = dict[str, int]
        """Is asked how many calls wait for a place at each deployment, by its name."""
        self.changed: Callable[[], None] = lambda: None
        """Is called whenever something has changed, and must not take long."""

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

        Raises `name_taken` where its name is taken, `unknown_extension` and `invalid_value` for its engine and options.
        """
        self._check(spec)
        self._enter(spec).start()
        self._expected.discard(spec.name)
        if self._tending is None:
            self._tending = asyncio.create_task(self._tend(), name="scale of the fleet")
            self._tending.add_done_callback(_note_defect)

    async def update(self, spec: DeploymentSpec) -> None:
        """Begin to replace the replicas by such of another revision; `status` says how far that is.

        Raises `model_not_found`, and what `add` raises for its engine and options; then nothing changes.
        """
        deployment = self._find(spec.name)
        self._try(spec)
        deployment.update(spec, self._engines.get(spec.engine))

    def refuse(self, name: str, revision: int, reason: Reason) -> None:
        """Show an update that failed before it began, and why; raises `model_not_found`."""
        self._find(name).refuse(revision, reason)

    async def remove(self, name: str) -> None:
        """Forget a deployment, once its calls have ended and its engines after them; raises `model_not_found`."""
        deployment = self._find(name)
        await deployment.halt()
        if self._deployments.get(name) is deployment:
            del self._deployments[name]
        self._expected.discard(name)
        self._changes.note(name)

    async def halt(self, name: str) -> None:
        """End its engines once their calls have ended, until `resume`; raises `model_not_found`."""
        await self._find(name).halt()

    def resume(self, name: str) -> None:
        """Run again what was halted; does nothing for what was not. Raises `model_not_found`."""
        self._find(name).resume()

    async def wake(self, model: str) -> bool:
        """Start it, where it sleeps because nobody called it, and wait until calls have no reason to wait any more.

        False at once where there is nothing to wait for; else whether it serves.
        """
        deployment = self._known(model)
        if deployment is None or not deployment.awaited:
            return False
        deployment.wake()
        await deployment.until_awake()
        return bool(deployment.replicas)

    def awaited(self, model: str) -> bool:
        """Whether calls should wait for it, by `wake`, rather than be refused: it sleeps, or is about to serve."""
        deployment = self._known(model)
        return deployment is not None and deployment.awaited

    def wake_now(self, name: str) -> None:
        """The same, for who does not wait; does nothing for a name that there is not."""
        if (deployment := self._known(name)) is not None:
            deployment.wake()

    def changes(self) -> AsyncGenerator[frozenset[str]]:
        """The names of the deployments that have changed since the last look, at first of all; gone ones, too.

        It never ends; whoever looks late is told of each name once.
        """
        return self._changes.follow(self._deployments)

    def kinds(self, spec: DeploymentSpec) -> frozenset[Scope]:
        """What `spec` will serve; raises what `add` raises for its engine and options."""
        return profile_of(self._engines.get(spec.engine), spec.options).kinds

    def expect(self, spec: DeploymentSpec, state: State = "pulling", reason: Reason | None = None) -> None:
        """Show a deployment that cannot start yet, and why; may be repeated as its facts change, until `add`."""
        if self._is_taken(spec):
            raise _taken(spec)
        self._enter(spec).expect(state, reason)
        self._expected.add(spec.name)

    async def stop(self) -> None:
        """End every engine; returns when all are gone, at most a few seconds after the grace they are given."""
        if self._tending is not None:
            self._tending.cancel()
        stops = [asyncio.create_task(deployment.stop()) for deployment in self._deployments.values()]
        if stops:
            await asyncio.wait(stops, timeout=self._around.patience.grace_s + 5)
        await asyncio.to_thread(shutil.rmtree, self._sockets, ignore_errors=True)

    def replicas(self, model: str) -> tuple[Replica, ...]:
        """The replicas that serve `model`, be it an adapter; raises `model_not_found` or `model_unavailable`."""
        deployment = self._serving(model)
        serving = deployment.replicas
        if model != deployment.spec.name:
            serving = tuple(each for each in serving if each.serves(model))
        if serving:
            return serving
        raise deployment.served_as(model).refusal()

    def models(self) -> list[DeploymentStatus]:
        """Every deployment, in the order in which they came."""
        return [deployment.status() for deployment in self._deployments.values()]

    def names(self, besides: str = "") -> set[str]:
        """Every public name: those of deployments, and those of the adapters that they serve; but for those of the
        deployment `besides`.
        """
        others = (each for name, each in self._deployments.items() if name != besides)
        return {name for deployment in others for name in _names(deployment.spec)}

    def on_engine(self, engine: str) -> set[str]:
        """The names of the deployments of which a replica runs on the engine, or would start on it without anybody's
        asking: not of those that were halted.
        """
        return {name for name, each in self._deployments.items() if each.needs(engine)}

    def listings(self) -> list[Served]:
        """Every public name with what it can do, those of adapters behind their base."""
        return [
            deployment.served_as(name)
            for deployment in self._deployments.values()
            for name in _names(deployment.spec)
        ]

    def served(self) -> list[Served]:
        """Every public name, as other processes need it."""
        return self.listings()

    def heard(self, process: str, work: Iterable[Work]) -> None:
        """What another process has had to do with the engines; those that it does not name, nothing."""
        said = {each.socket: each for each in work}
        for deployment in self._deployments.values():
            for replica in deployment.watched:
                socket = str(replica.client.address)
                replica.heard(process, said.get(socket) or Work(socket, 0, 0, 0))

    def status(self, name: str) -> DeploymentStatus:
        """Raises `model_not_found`."""
        return self._find(name).status()

    def log(self, name: str, lines: int = 200, replica: int | None = None) -> list[str]:
        """The last lines that the engine of a replica wrote, oldest first, by default of the first.

        Raises `model_not_found`, and `not_found` for a number that no replica has.
        """
        found = self._find(name).log(lines, replica)
        if found is None:
            raise problem("not_found", noun="replica")
        return found

    async def restart(self, name: str) -> None:
        """End its engine and start it again, now; raises `model_not_found`."""
        self.restart_now(name)

    def restart_now(self, name: str) -> None:
        """The same, for who cannot wait."""
        self._find(name).restart()

    async def until(self, name: str, fits: Callable[[DeploymentStatus], bool] = _settled) -> DeploymentStatus:
        """Wait until the deployment's status fits: by default, until it is ready or will not become so by itself."""
        return await self._find(name).until(fits)

    def _find(self, name: str) -> Deployment:
        if name not in self._deployments:
            raise problem("model_not_found", model=name, param="model")
        return self._deployments[name]

    def _known(self, model: str) -> Deployment | None:
        try:
            return self._serving(model)
        except JixiError:
            return None

    def _serving(self, model: str) -> Deployment:
        """The deployment that goes by the name, or serves an adapter of that name."""
        if model in self._deployments:
            return self._deployments[model]
        for deployment in self._deployments.values():
            if model in deployment.spec.adapters:
                return deployment
        raise problem("model_not_found", model=model, param="model")

    def _is_taken(self, spec: DeploymentSpec) -> bool:
        """Whether another deployment has one of its names, or it stands already and was not only expected."""
        stands = spec.name in self._deployments and spec.name not in self._expected
        return stands or not self.names(spec.name).isdisjoint(_names(spec))

    def _check(self, spec: DeploymentSpec) -> None:
        if self._is_taken(spec):
            raise _taken(spec)
        self._try(spec)

    def _try(self, spec: DeploymentSpec) -> None:
        engine, asked = self._engines.get(spec.engine), launch(spec, Address(self._sockets))
        engine.command(asked)
        asks_of(engine, asked)

    def _enter(self, spec: DeploymentSpec) -> Deployment:
        engine = self._engines.get(spec.engine)
        if (expected := self._deployments.get(spec.name)) is not None:
            expected.revise(spec, engine)
            return expected
        made = Deployment(spec, engine, self._around)
        self._deployments[spec.name] = made
        return made

    def _note(self, name: str) -> None:
        self._changes.note(name)
        self.changed()

    async def _tend(self) -> None:
        """Look after every deployment's number of replicas, for ever."""
        while True:
            await asyncio.sleep(self._around.patience.look_s)
            waiting = self.waiting()
            for deployment in tuple(self._deployments.values()):
                deployment.tend(sum(waiting.get(each, 0) for each in _names(deployment.spec)))

    def _clear(self, spec: DeploymentSpec, lack: Lack) -> None:
        """End those deployments that may end when idle, and hold what `spec` lacks, where all of them together would
        give it enough. Those that were called last stay where the others suffice; none ends where it is enough to wait
        for those that end already.
        """
        every = self._deployments.values()
        ending = [each.spec.name for each in every if each.is_ending]
        if ending and lack.without(ending):
            return
        resting = [each for each in every if each.may_rest and each.spec.name != spec.name]
        going = {each.spec.name: each for each in resting}
        if not lack.without(going):
            return
        for each in sorted(resting, key=Deployment.idle_s):
            if lack.without(going.keys() - {each.spec.name}):
                del going[each.spec.name]
        for each in going.values():
            each.rest()


def _note_defect(task: "asyncio.Task[None]") -> None:
    """Nobody would scale any more, and nothing would end when idle: that must not happen unseen."""
    if not task.cancelled() and (error := task.exception()) is not None:
        structlog.get_logger().error("fleet_not_tended", exc_info=error)


def _names(spec: DeploymentSpec) -> tuple[str, ...]:
    return (spec.name, *spec.adapters)


def _taken(spec: DeploymentSpec) -> JixiError:
    return problem("name_taken", name=spec.name, param="name")


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
