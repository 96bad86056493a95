"""`Deployment`: keeps one engine running. It starts it, waits for it, watches it get on, and starts it again."""

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from jixi.compute.drivers import Driver, Process
from jixi.core.clock import Clock
from jixi.core.errors import JixiError
from jixi.models.deployments._life import RESTART_ASKED, Life
from jixi.models.deployments._replica import Replica
from jixi.models.deployments._spec import DeploymentSpec, DeploymentStatus, Patience, Reason, State
from jixi.models.engines import Engine, EngineClient, Launch

_EARLIER_LINES: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What every deployment of a fleet is given."""

    driver: Driver
    clock: Clock
    sockets: Path
    patience: Patience


def launch(spec: DeploymentSpec, socket: Path) -> Launch:
    """What the engine is asked for one replica of `spec`."""
    return Launch(
        model=spec.name,
        socket=socket,
        files=spec.files,
        context=spec.context,
        parallel=spec.parallel,
        threads=spec.threads,
        options=spec.options,
    )


class Deployment:
    """One deployment with one replica. `number` keeps its socket's name short."""

    def __init__(self, spec: DeploymentSpec, engine: Engine, around: Surroundings, number: int) -> None:
        self.spec = spec
        self.replica: Replica | None = None
        self._engine = engine
        self._around = around
        self._number = number
        self._state: State = "pending"
        self._reason: Reason | None = None
        self._since = around.clock.now()
        self._changed = asyncio.Event()
        self._asked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._process: Process | None = None
        self._earlier: list[str] = []
        self._starts = 0
        self._last_failure: Reason | None = None
        self._retry_at: float | None = None

    @property
    def state(self) -> State:
        return self._state

    @property
    def retry_in_s(self) -> float | None:
        return None if self._retry_at is None else max(0.0, self._retry_at - self._around.clock.monotonic())

    def status(self) -> DeploymentStatus:
        spec, replica = self.spec, self.replica
        return DeploymentStatus(
            name=spec.name,
            engine=spec.engine,
            model_id=spec.model_id,
            description=spec.description,
            kinds=self._engine.profile.kinds,
            context=spec.context,
            parallel=spec.parallel,
            state=self._state,
            reason=self._reason,
            since=self._since,
            restarts=max(0, self._starts - 1),
            last_failure=self._last_failure,
            retry_in_s=self.retry_in_s,
            pid=None if self._process is None else self._process.pid,
            in_flight=0 if replica is None else replica.in_flight,
            tokens_per_second=0.0 if replica is None else replica.tokens_per_second(),
            resident_bytes=0 if self._process is None else self._process.resident_bytes(),
        )

    def log(self, lines: int) -> list[str]:
        """The last output of this engine process and, before it, of the one that it replaced."""
        return [*self._earlier, *(self._process.log(lines) if self._process else [])][-lines:]

    def revise(self, spec: DeploymentSpec, engine: Engine) -> None:
        """Take a better description, before `start`."""
        self.spec, self._engine = spec, engine

    def expect(self, state: State, reason: Reason | None) -> None:
        """Show a state that others bring about, such as a model that is being fetched."""
        self._become(state, reason)

    def start(self) -> None:
        """Begin to keep the engine running."""
        if self._task is None:
            self._task = asyncio.create_task(self._keep_running(), name=f"deployment {self.spec.name}")
            self._task.add_done_callback(self._note_defect)

    def restart(self) -> None:
        """End the engine and start it at once, whatever the state."""
        if self._task is not None:
            self._become("starting", RESTART_ASKED)
            self._asked.set()

    async def stop(self) -> None:
        """End the engine and leave it ended."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
        self._become("stopped", None)

    async def until(self, fits: Callable[[DeploymentStatus], bool]) -> DeploymentStatus:
        """Wait until the status fits; looks whenever the state changes."""
        while not fits(status := self.status()):
            await self._changed.wait()
        return status

    def _become(self, state: State, reason: Reason | None) -> None:
        self._state, self._reason, self._since = state, reason, self._around.clock.now()
        facts = {} if reason is None else {"reason": reason.code, **reason.facts}
        structlog.get_logger().info("deployment_changed", deployment=self.spec.name, state=state, **facts)
        self._changed.set()
        self._changed = asyncio.Event()

    async def _keep_running(self) -> None:
        """One engine process after the other, until cancelled."""
        patience, failures, crashes = self._around.patience, 0, 0
        while True:
            reason, ready_s = await self._live_once()
            if reason is RESTART_ASKED:
                failures = crashes = 0
                continue
            self._last_failure = reason
            crashes = crashes + 1 if ready_s is None else 0
            failures = failures + 1 if ready_s is None or ready_s < patience.steady_s else 1
            if crashes < patience.crashes:
                await self._rest(failures)
            else:
                self._become(
                    "failed", Reason("crash_loop", {**reason.facts, "last": reason.code, "crashes": crashes})
                )
                await self._asked.wait()
                failures = crashes = 0

    async def _rest(self, failures: int) -> None:
        """Wait before the next start: twice as long each time, and never in step with others."""
        patience = self._around.patience
        longest = min(patience.back_off_s * 2 ** (failures - 1), patience.back_off_most_s)
        wait = longest * random.uniform(0.8, 1.0)  # noqa: S311
        self._retry_at = self._around.clock.monotonic() + wait
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._asked.wait(), wait)
        self._retry_at = None

    async def _live_once(self) -> tuple[Reason, float | None]:
        """Run one engine process to its end: why it ended, and for how long it was ready (None: it never was)."""
        self._asked.clear()
        self._starts += 1
        self._become("starting", self._reason if self._starts > 1 else None)
        socket = self._around.sockets / f"{self._number}-{self._starts}.sock"
        self._earlier = self.log(_EARLIER_LINES)
        self._process = None
        try:
            command = self._engine.command(launch(self.spec, socket))
            self._process = process = await self._around.driver.start(self.spec.name, command)
        except JixiError as error:
            return self._fallen(Reason("cannot_start", {"cause": str(error)})), None
        client = EngineClient(socket)
        life = Life(
            Replica(self.spec, self._engine.profile, client, self._around.clock), process, self._ready
        )
        try:
            reason = await life.run(self._asked, self._around.patience)
            return self._fallen(reason), life.ready_s()
        finally:
            self.replica = None
            await process.stop(self._around.patience.grace_s)
            await client.close()
            with contextlib.suppress(OSError):
                socket.unlink()

    def _ready(self, replica: Replica) -> None:
        self.replica = replica
        self._become("ready", None)

    def _fallen(self, reason: Reason) -> Reason:
        """From now on no call is routed here, even while the process takes its time to end."""
        self.replica = None
        if reason is not RESTART_ASKED:
            self._become("degraded", reason)
        return reason

    def _note_defect(self, task: asyncio.Task[None]) -> None:
        """Supervision itself must not end unseen."""
        if not task.cancelled() and (error := task.exception()) is not None:
            structlog.get_logger().error("supervision_failed", deployment=self.spec.name, exc_info=error)
            self._become("failed", Reason("cannot_start", {"cause": str(error)}))
