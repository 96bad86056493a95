"""`Keeper`: keeps one replica running. It starts its engine, watches it get on, and starts it again."""

import asyncio
import contextlib
import random
from collections.abc import Callable
from typing import Final

import structlog

from jixi.compute.drivers import Process
from jixi.core.errors import JixiError
from jixi.models.deployments._begin import FULL, UNPLACED, begin
from jixi.models.deployments._life import RESTART_ASKED, Life
from jixi.models.deployments._places import SharedReplica
from jixi.models.deployments._replica import Replica, told_asks
from jixi.models.deployments._spec import DeploymentSpec, Reason, State
from jixi.models.deployments._status import ReplicaStatus
from jixi.models.deployments._surroundings import Lack, Room, Surroundings, launch
from jixi.models.engines import Address, Engine, EngineClient, profile_of
from jixi.storage import whole

_EARLIER_LINES: Final = 200
_LONGEST_LOOK_S: Final = 0.1
NOT_INSTALLED: Final = "engine_not_installed"


class Keeper:
    """One replica of a deployment, by its `number`. `changed` is called whenever its state or its way has.

    `proves`: it must have made one token before it is called ready, because another is to end for it.
    """

    def __init__(
        self,
        spec: DeploymentSpec,
        engine: Engine,
        around: Surroundings,
        number: int,
        changed: Callable[[], None],
        *,
        proves: bool = False,
    ) -> None:
        self.spec = spec
        self.number = number
        self.watched: Replica | None = None
        self.leaving = False
        self.state: State = "pending"
        self.reason: Reason | None = None
        self.last_failure: Reason | None = None
        self.failures = 0
        """How often in a row it has failed, without a steady time between."""
        self.loaded_s: float | None = None
        """How long its engine took until it was ready, the last time."""
        self._engine = engine
        self._around = around
        self._changed = changed
        self._proves = proves
        self._profile = profile_of(engine, spec.options)
        self._replica: Replica | None = None
        self._since = around.clock.now()
        self._began = 0.0
        self._asked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._process: Process | None = None
        self._earlier: list[str] = []
        self._starts = 0
        self._retry_at: float | None = None
        self._ended = False

    @property
    def replica(self) -> Replica | None:
        """The way to its engine, while calls may go there."""
        return None if self.leaving else self._replica

    @property
    def lacks_room(self) -> bool:
        return self.state == "pending" and self.reason is not None

    @property
    def holds_nothing(self) -> bool:
        """Whether it waits for room, or for its driver to find some, so that none comes free when it leaves."""
        return self.lacks_room or (self.state == "starting" and self._process is None)

    @property
    def retry_in_s(self) -> float | None:
        return None if self._retry_at is None else max(0.0, self._retry_at - self._now())

    @property
    def restarts(self) -> int:
        return max(0, self._starts - 1)

    @property
    def in_flight(self) -> int:
        return 0 if self.watched is None else self.watched.in_flight

    def suits(self, spec: DeploymentSpec) -> bool:
        """Whether it may go on as one of `spec`: one that has yet to prove itself was started by another update, which
        waits for that.
        """
        return self.spec.runs_as(spec) and not (self._proves and self.loaded_s is None)

    def loading_s(self) -> float | None:
        """For how long its engine has been loading; None where it is not."""
        return self._now() - self._began if self.state == "starting" else None

    def status(self) -> ReplicaStatus:
        watched, process = self.watched, self._process
        return ReplicaStatus(
            number=self.number,
            state=self.state,
            reason=self.reason,
            revision=self.spec.revision,
            since=self._since,
            restarts=self.restarts,
            last_failure=self.last_failure,
            retry_in_s=self.retry_in_s,
            leaving=self.leaving,
            pid=None if process is None else process.pid,
            in_flight=self.in_flight,
            tokens_per_second=0.0 if watched is None else watched.tokens_per_second(),
            resident_bytes=0 if process is None else process.resident_bytes(),
        )

    def log(self, lines: int) -> list[str]:
        """The last output of this engine process and, before it, of the one that it replaced."""
        said = [*self._earlier, *(self._process.log(lines) if self._process else [])][-lines:]
        key = self.watched.client.address.key if self.watched is not None else ""
        return [line.replace(key, "…") for line in said] if key else said

    def start(self) -> None:
        """Begin to keep the engine running."""
        self._task = asyncio.create_task(
            self._keep_running(), name=f"replica {self.number} of {self.spec.name}"
        )
        self._task.add_done_callback(self._note_defect)

    def restart(self) -> None:
        """End the engine and start it at once, whatever the state."""
        if not self.leaving:
            self._become("starting", RESTART_ASKED)
            self._asked.set()
            self._around.freed.beat()
            if self._task is not None and self._task.done():
                # An error that nobody foresaw has ended it.
                self.start()

    async def leave(self) -> None:
        """Take no more calls, and end once those that are there have ended or have taken too long."""
        self.leaving = True
        if self.watched is not None:
            self.watched.client.dismiss()
        self._changed()
        await self._drained()
        await self.end()

    async def end(self) -> None:
        """End the engine now and leave it ended."""
        if self._task is not None:
            if not self._ended:
                self._task.cancel()
            self._ended = self.leaving = True
            await asyncio.wait({self._task})
        self._become("stopped", None)

    async def _drained(self) -> None:
        """Wait until its calls have ended, and for those of whom it is not known yet that they come."""
        patience = self._around.patience
        quiet_since = began = self._now()
        if self.state == "starting":
            return
        while self.watched is not None and (now := self._now()) < began + patience.drain_s:
            if self.watched.in_flight:
                quiet_since = now
            elif now >= quiet_since + patience.linger_s:
                return
            await asyncio.sleep(min(_LONGEST_LOOK_S, patience.linger_s / 4))

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _become(self, state: State, reason: Reason | None) -> None:
        if (state, reason) != (self.state, self.reason):
            self.state, self.reason, self._since = state, reason, self._around.clock.now()
            facts = {} if reason is None else {"reason": reason.code, **reason.facts}
            structlog.get_logger().info(
                "replica_changed", deployment=self.spec.name, replica=self.number, state=state, **facts
            )
        self._changed()

    async def _keep_running(self) -> None:
        """One engine process after the other, until cancelled or told to leave."""
        patience, crashes = self._around.patience, 0
        while not self.leaving:
            reason, ready_s = await self._live_once()
            if reason is RESTART_ASKED:
                self.failures = crashes = 0
                continue
            self.last_failure = reason
            if reason.code == FULL:
                await self._until_freed(self._around.freed.next())
                continue
            if reason.code not in UNPLACED:
                crashes = crashes + 1 if ready_s is None else 0
            self.failures = self.failures + 1 if ready_s is None or ready_s < patience.steady_s else 1
            if self.leaving:
                return
            if reason.code == NOT_INSTALLED:
                # No waiting helps; whoever installs the engine asks for a restart.
                await self._give_up(reason)
            elif crashes < patience.crashes:
                await self._rest()
                continue
            else:
                facts = {**reason.facts, "last": reason.code, "crashes": crashes}
                await self._give_up(Reason("crash_loop", facts))
            self.failures = crashes = 0

    async def _give_up(self, reason: Reason) -> None:
        """Stay as it is until somebody asks for a restart."""
        self._become("failed", reason)
        await self._asked.wait()

    async def _rest(self) -> None:
        """Wait before the next start: twice as long each time, and never in step with others."""
        patience = self._around.patience
        longest = min(patience.back_off_s * 2 ** (self.failures - 1), patience.back_off_most_s)
        wait = longest * random.uniform(0.8, 1.0)  # noqa: S311
        self._retry_at = self._now() + wait
        self._changed()
        await _set_within(self._asked, wait)
        self._retry_at = None

    async def _live_once(self) -> tuple[Reason, float | None]:
        """Run one engine process to its end: why it ended, and for how long it was ready (None: it never was)."""
        why = self.reason if self._starts else None
        room = await self._room()
        try:
            self._asked.clear()
            self._starts += 1
            self._began = self._now()
            self._become("starting", why)
            return await self._live_in(room)
        finally:
            room.release()
            self._around.freed.beat()

    async def _room(self) -> Room:
        """Wait until there is room for it."""
        around = self._around
        while isinstance(found := around.room(self.spec), Lack):
            freed = around.freed.next()
            self._become("pending", found.reason)
            around.clear(self.spec, found)
            await self._until_freed(freed)
        return found

    async def _until_freed(self, freed: asyncio.Event) -> None:
        """Wait for the room of another that ends; it is asked for again in any case after a while."""
        await _set_within(freed, self._around.patience.room_s)

    async def _live_in(self, room: Room) -> tuple[Reason, float | None]:
        around = self._around
        socket = around.socket()
        self._earlier = self.log(_EARLIER_LINES)
        self._process = None
        try:
            python = around.interpreter(self._engine)
            process, address = await begin(around.driver, self.spec, self._engine, socket, python, room)
            self._process = process
        except JixiError as error:
            if error.code in {NOT_INSTALLED, *UNPLACED}:
                return self._fallen(Reason(error.code, error.facts)), None
            return self._fallen(Reason("cannot_start", {"cause": str(error)})), None
        self.watched = replica = self._replica_at(address)
        life = Life(replica, self.spec, process, self._ready, self._doubt, proves=self._proves)
        # Who cancels this wants it ended, as does who asks for a restart.
        reason = RESTART_ASKED
        with room.occupied(process):
            try:
                reason = await life.run(self._asked, around.patience)
                return self._fallen(reason), life.ready_s()
            finally:
                self._replica = self.watched = None
                if reason is RESTART_ASKED:
                    replica.client.dismiss()
                await self._clear_away(process, replica)

    @whole
    async def _clear_away(self, process: Process, replica: Replica) -> None:
        """Leave nothing of an engine, though its replica be ended amid: its room is given to others next."""
        await process.stop(self._around.patience.grace_s)
        await replica.close()
        socket = replica.client.address.socket
        for file in (socket, socket.with_suffix(".places")):
            file.unlink(missing_ok=True)

    def _replica_at(self, address: Address) -> Replica:
        spec, clock = self.spec, self._around.clock
        shared = self._around.shared
        made = (
            SharedReplica(spec, self._profile, address, clock)
            if shared
            else Replica(spec, self._profile, EngineClient(address), clock)
        )
        made.asks = told_asks(self._engine, launch(spec, address))
        return made

    def _ready(self, replica: Replica) -> None:
        if self.state == "starting":
            self.loaded_s = self._now() - self._began
            replica.ready()
        self._replica = replica
        self._become("ready", None)

    def _doubt(self, reason: Reason) -> None:
        """No call is routed here while the engine makes no progress; those that wait may still be answered."""
        self._replica = None
        self._become("degraded", reason)

    def _fallen(self, reason: Reason) -> Reason:
        """From now on no call is routed here, even while the process takes its time to end; it is started again."""
        self._replica = None
        if reason is RESTART_ASKED:
            self._changed()
        else:
            self._become("pending" if reason.code == FULL else "starting", reason)
        return reason

    def _note_defect(self, task: asyncio.Task[None]) -> None:
        """Supervision itself must not end unseen."""
        if not task.cancelled() and (error := task.exception()) is not None:
            structlog.get_logger().error("supervision_failed", deployment=self.spec.name, exc_info=error)
            self._become("failed", Reason("cannot_start", {"cause": str(error)}))


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    """Wait for it, but not longer. `asyncio.wait_for` would lose who ends this in the moment in which it is set."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
