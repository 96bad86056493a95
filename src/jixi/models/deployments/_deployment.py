"""`Deployment`: a model under one name, and how many replicas of which revision serve it."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import structlog

from jixi.models.deployments._changes import Pulse
from jixi.models.deployments._crew import Crew
from jixi.models.deployments._life import RESTART_ASKED
from jixi.models.deployments._replica import Replica
from jixi.models.deployments._rolling import replace_all
from jixi.models.deployments._scaling import Course, Load, steer
from jixi.models.deployments._served import Served, Way
from jixi.models.deployments._spec import DeploymentSpec, Reason, State
from jixi.models.deployments._state import Standing, overall
from jixi.models.deployments._status import DeploymentStatus, Update
from jixi.models.deployments._surroundings import Surroundings
from jixi.models.engines import Engine, Profile, profile_of

HALTED: Final = Reason("halted")
IDLE: Final = Reason("idle")
_SOON_S: Final = 5


class Deployment:
    """Until `start` it is what `expect` says. `queued` is how many calls wait for it, as far as it was told."""

    def __init__(self, spec: DeploymentSpec, engine: Engine, around: Surroundings) -> None:
        self.spec = spec
        self.queued = 0
        self._engine = engine
        self._around = around
        self._held: Standing | None = ("pending", None)
        self._standing: Standing = ("pending", None)
        self._since = around.clock.now()
        self._changed = Pulse()
        self._crew = Crew(around, self._look)
        self._course = Course(wanted=0)
        self._update: Update | None = None
        self._rolling: asyncio.Task[None] | None = None
        self._called = False
        self._loaded_s: float | None = None

    @property
    def profile(self) -> Profile:
        return profile_of(self._engine, self.spec.options)

    @property
    def state(self) -> State:
        return self._standing[0]

    @property
    def replicas(self) -> tuple[Replica, ...]:
        """Those that calls may go to."""
        return self._crew.rotation

    @property
    def watched(self) -> list[Replica]:
        """Every replica with an engine that runs, be it loading, doubted or leaving."""
        return [each.watched for each in self._crew.every if each.watched is not None]

    def needs(self, engine: str) -> bool:
        """Whether a replica runs on the engine, or would start on it without anybody's asking."""
        halted = self._held is not None and self._held[1] == HALTED
        return (self.spec.engine == engine and not halted) or any(
            each.spec.engine == engine for each in self._crew.every
        )

    @property
    def sleeps(self) -> bool:
        return self._held is not None and self._held[1] is IDLE

    @property
    def awaited(self) -> bool:
        """Whether calls should wait for it: nothing is wrong, it only does not serve at this moment."""
        if self.replicas:
            return False
        return self.sleeps or (self._held is None and (self._called or self._rolling is not None))

    @property
    def retry_in_s(self) -> float | None:
        return min(
            (each.retry_in_s for each in self._crew.staying if each.retry_in_s is not None), default=None
        )

    @property
    def retry_after(self) -> int | None:
        """After how many seconds one may ask again for a deployment that is not ready; None where that is no use."""
        if self.sleeps:
            return int(self._loaded_s or _SOON_S) + 1
        if self.state in {"failed", "stopped"}:
            return None
        if (wait := self.retry_in_s) is not None:
            return int(wait) + 2
        loading = [began for each in self._crew.staying if (began := each.loading_s()) is not None]
        if self._loaded_s is None or not loading:
            return _SOON_S
        return max(1, int(self._loaded_s - max(loading)) + 1)

    def status(self) -> DeploymentStatus:
        spec, replicas = self.spec, tuple(each.status() for each in self._crew.every)
        failures = [each.last_failure for each in self._crew.staying if each.last_failure is not None]
        return DeploymentStatus(
            name=spec.name,
            engine=spec.engine,
            model_id=spec.model_id,
            description=spec.description,
            kinds=self.profile.kinds,
            context=spec.context,
            parallel=spec.parallel,
            state=self.state,
            reason=self._standing[1],
            since=self._since,
            restarts=self._crew.restarts_before + sum(each.restarts for each in replicas),
            last_failure=failures[-1] if failures else None,
            retry_in_s=self.retry_in_s,
            wanted=self._course.wanted if self._held is None else 0,
            revision=spec.revision,
            replicas=replicas,
            update=self._update,
            queued=self.queued,
        )

    def served(self) -> Served:
        """The deployment as other processes need it to send it calls."""
        return self.served_as(self.spec.name)

    def served_as(self, name: str) -> Served:
        """The same under one of its names: its own, or an adapter's."""
        spec = self.spec
        return Served(
            name=name,
            source=spec.engine,
            context=spec.context,
            parallel=spec.parallel,
            state=self.state,
            reason=None if self._standing[1] is None else self._standing[1].code,
            since=self._since,
            profile=self.profile,
            retry_after=self.retry_after,
            awaited=self.awaited,
            ways=tuple(_way(each) for each in self.replicas if each.serves(name)),
        )

    def log(self, lines: int, number: int | None = None) -> list[str] | None:
        """The last output of a replica, by default of the first; None where no replica has the number."""
        for keeper in self._crew.every:
            if number in (None, keeper.number):
                return keeper.log(lines)
        return [] if number is None else None

    def revise(self, spec: DeploymentSpec, engine: Engine) -> None:
        """Take a better description, before `start`."""
        self.spec, self._engine = spec, engine

    def expect(self, state: State, reason: Reason | None) -> None:
        """Show a state that others bring about, such as a model that is being fetched."""
        self._hold(state, reason)

    def start(self) -> None:
        """Begin to run; one whose least is none waits for its first call."""
        if self.spec.scale.least == 0:
            self._hold("stopped", IDLE)
        else:
            self._run()

    def resume(self) -> None:
        """Run again what was halted."""
        if self._held is not None and self._held[1] is HALTED:
            self._run()

    def wake(self) -> None:
        """A call has come: run, where it sleeps."""
        if self.sleeps:
            self._called = True
            self._run()

    def rest(self) -> None:
        """End every replica until a call comes."""
        self._hold("stopped", IDLE)
        for keeper in self._crew.staying:
            self._crew.dismiss(keeper)

    def restart(self) -> None:
        """End the engines and start them at once, whatever the state."""
        for keeper in self._crew.staying:
            keeper.restart()

    def update(self, spec: DeploymentSpec, engine: Engine) -> None:
        """Begin to replace the replicas by such of `spec`, but for those that suit it; an update that runs is given up
        for this one.
        """
        self._give_up_update(Reason("superseded"))
        idle = not self._crew.staying or self._held is not None
        if idle or self._crew.take_over(spec):
            self.spec, self._engine = spec, engine
            self._update = self._begun(spec.revision, 0)
            self._crew.rooms.end()
            if self._held is None:
                self._fill()
            elif self.sleeps and spec.scale.rests_after_s is None:
                # It is to run whether anybody calls it or not.
                self._run()
            self._end_update(None)
            return
        to_go = sum(each.spec is not spec for each in self._crew.staying)
        self._update = self._begun(spec.revision, to_go)
        self._crew.rooms.begin()
        name = f"update of {spec.name}"
        self._rolling = asyncio.create_task(self._roll(spec, engine), name=name)
        self._rolling.add_done_callback(self._note_defect)

    def refuse(self, revision: int, reason: Reason) -> None:
        """Tell of an update that failed before it began; one that runs goes on."""
        if self._rolling is None:
            self._update = self._begun(revision, len(self._crew.staying))
            self._end_update(reason)

    async def halt(self) -> None:
        """Let every replica leave, and stay so."""
        self._hold("stopped", HALTED)
        self._give_up_update(HALTED)
        self._crew.rooms.end()
        await self._crew.gone()

    async def stop(self) -> None:
        """End every engine now and leave it ended."""
        self._hold("stopped", None)
        self._give_up_update(None)
        self._crew.rooms.end()
        await self._crew.end()

    def tend(self, waiting: int) -> None:
        """Look whether it should have more replicas or fewer, or none. `waiting` calls wait for a place."""
        flying = sum(each.in_flight for each in self.watched)
        self.queued = waiting + max(0, flying - len(self.replicas) * self.spec.parallel)
        if self._held is not None or self._rolling is not None:
            return
        rests_after_s = self.spec.scale.rests_after_s
        if rests_after_s is not None and self.may_rest and self.idle_s() >= rests_after_s:
            self.rest()
            return
        load = Load(
            ready=len(self.replicas),
            parallel=self.spec.parallel,
            in_flight=flying,
            waiting=waiting,
            tokens_per_second=sum(each.tokens_per_second() for each in self.replicas),
        )
        before, now = self._course.wanted, self._around.clock.monotonic()
        self._course = steer(self.spec.scale, load, self._course, now)
        if self._course.wanted != before:
            self._scaled(before, load)

    @property
    def may_rest(self) -> bool:
        """Whether it serves, may end when idle, and has nothing to do."""
        if self.spec.scale.rests_after_s is None or self._held is not None or self._rolling is not None:
            return False
        return bool(self.replicas) and not self.queued and not any(each.in_flight for each in self.watched)

    @property
    def is_ending(self) -> bool:
        """Whether a replica is about to give its room back."""
        return len(self._crew.staying) < len(self._crew.every)

    def idle_s(self) -> float:
        """For how long nobody has called it."""
        return min((each.unused_s() for each in self.watched), default=0.0)

    async def until(self, fits: Callable[[DeploymentStatus], bool]) -> DeploymentStatus:
        """Wait until the status fits; looks whenever something changes."""
        changed = self._changed.next()
        while not fits(status := self.status()):
            await changed.wait()
            changed = self._changed.next()
        return status

    async def until_awake(self) -> None:
        """Wait until calls have no reason to wait any more: it serves, or will not by itself."""
        while self.awaited:
            await self._changed.next().wait()

    def _run(self) -> None:
        self._held = None
        self._course = Course(wanted=max(1, self.spec.scale.least))
        self._adjust()
        self._look()

    def _hold(self, state: State, reason: Reason | None) -> None:
        self._held = (state, reason)
        self._called = False
        self._look()

    def _fill(self) -> None:
        """Have as many replicas as its scale allows now."""
        self._course = Course(wanted=self.spec.scale.within(self._course.wanted))
        self._adjust()

    def _adjust(self) -> None:
        """Have as many replicas as are wanted: rather those that serve, and the busiest, stay."""
        staying = self._crew.staying
        for _ in range(self._course.wanted - len(staying)):
            self._crew.start(self.spec, self._engine)
        by_use = sorted(staying, key=lambda each: (each.replica is not None, each.in_flight))
        for keeper in by_use[: max(0, len(staying) - self._course.wanted)]:
            self._crew.dismiss(keeper)

    def _scaled(self, before: int, load: Load) -> None:
        structlog.get_logger().info(
            "deployment_scaled",
            deployment=self.spec.name,
            before=before,
            wanted=self._course.wanted,
            in_flight=load.in_flight,
            waiting=load.waiting,
            tokens_per_second=round(load.tokens_per_second, 1),
        )
        self._adjust()
        self._look()

    def _look(self) -> None:
        """Something has changed: say so, and what the state is now."""
        states: list[Standing] = [(each.state, each.reason) for each in self._crew.staying]
        standing = self._held or overall(states, max(1, self.spec.scale.least))
        fell = standing[0] == "starting" and standing[1] not in (None, RESTART_ASKED)
        if fell or standing[0] in ("ready", "degraded", "failed"):
            self._called = False
        times = [each.loaded_s for each in self._crew.staying if each.loaded_s is not None]
        self._loaded_s = times[-1] if times else self._loaded_s
        if standing != self._standing:
            self._standing, self._since = standing, self._around.clock.now()
            state, reason = standing
            facts = {} if reason is None else {"reason": reason.code, **reason.facts}
            structlog.get_logger().info("deployment_changed", deployment=self.spec.name, state=state, **facts)
        self._changed.beat()
        self._around.noted(self.spec.name)

    async def _roll(self, spec: DeploymentSpec, engine: Engine) -> None:
        room_s = self._around.patience.room_s
        wanted = spec.scale.within(self._course.wanted)
        reason = await replace_all(self._crew, spec, engine, wanted, room_s, self._replaced)
        if reason is None:
            self.spec, self._engine = spec, engine
            self._end_update(None)
        else:
            self._end_update(reason)
            wanted = self.spec.scale.within(self._course.wanted)
            await replace_all(self._crew, self.spec, self._engine, wanted, room_s, lambda: None)
        self._fill()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(room_s):
                await self._crew.until(lambda: all(each.state != "pending" for each in self._crew.staying))
        # Where there was no room for one more and the new one failed, the old revision has yet to come back.
        self._called = self._called or not self.replicas
        self._rolling = None
        self._crew.rooms.end()
        self._look()

    def _begun(self, revision: int, to_go: int) -> Update:
        now = self._around.clock.now()
        return Update(revision=revision, state="running", replaced=0, replicas=to_go, since=now)

    def _replaced(self) -> None:
        if self._update is not None:
            self._update = replace(self._update, replaced=self._update.replaced + 1)
            self._look()

    def _end_update(self, reason: Reason | None) -> None:
        """It ends once: what befalls the replicas after that is no part of it."""
        if self._update is not None and self._update.state == "running":
            state = "done" if reason is None else "failed"
            facts = {} if reason is None else {"reason": reason.code, **reason.facts}
            structlog.get_logger().info(
                "deployment_updated",
                deployment=self.spec.name,
                revision=self._update.revision,
                state=state,
                **facts,
            )
            self._update = replace(self._update, state=state, reason=reason)
            self._look()

    def _give_up_update(self, reason: Reason | None) -> None:
        if self._rolling is not None:
            self._rolling.cancel()
            # Calls wait for as long as it is there; another may take its place before anybody looks again.
            self._end_update(reason or HALTED)
            self._rolling = None

    def _note_defect(self, task: "asyncio.Task[None]") -> None:
        """An update must not end unseen."""
        if not task.cancelled() and (error := task.exception()) is not None:
            structlog.get_logger().error("update_failed", deployment=self.spec.name, exc_info=error)
            self._rolling = None
            self._crew.rooms.end()
            self._end_update(Reason("cannot_start", {"cause": str(error)}))


def _way(replica: Replica) -> Way:
    address, asks = replica.client.address, replica.asks
    told = {name: dict(fields) for name, fields in asks.items()}
    return Way(str(address), address.port, address.key, address.host, told)
