"""`Cluster`: the other machines of a cluster, as they last told what is in use on them."""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Protocol

import msgspec
import structlog
from msgspec import Struct

from jixi.compute.inventory._values import Node
from jixi.core.clock import Clock
from jixi.core.errors import JixiError
from jixi.core.tasks import end_task

_log = structlog.get_logger()
_LOOK_S: Final = 5.0
_AGAIN_S: Final = 30.0
_REMEMBERED: Final = timedelta(days=1)

State = Literal["alive", "silent", "lost"]


class Seen(Struct, frozen=True):
    """An alive node of the cluster. `own`: it is the machine of the server. `counted` are its accelerators as the
    cluster counts them, by the model that it names; `memory_bytes` is what it gives out. `said` is a node of the
    inventory in plain values; None where it has not answered, and then `silent` may say why.
    """

    name: str
    own: bool
    counted: dict[str, float]
    memory_bytes: int
    said: dict[str, Any] | None = None
    silent: str | None = None


class Ask(Protocol):
    """Every alive node of the cluster, with what was read there within so many seconds; `beat`: with load and power
    since the last one that was asked so, where the cluster is reached already. Raises `cluster_unreachable`.
    """

    def __call__(self, *, beat: bool = False, within_s: float = ...) -> Awaitable[list[Seen]]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A node as it was at `seen_at`. "silent": it has not answered since; "lost": the cluster has it no more.

    `counted` are its accelerators as the cluster counts them, by the model that it names; `memory_bytes` is the main
    memory that the cluster gives out there.
    """

    node: Node
    state: State
    seen_at: datetime
    memory_bytes: int
    counted: Mapping[str, float] = field(default_factory=dict[str, float])


class Cluster:
    """Asks every few seconds once started, so that nobody waits for a machine that is slow or dead: what is lost is
    remembered for a day. The server's own machine is not among the members, for its inventory is here.
    """

    def __init__(self, ask: Ask, clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._members: dict[str, Member] = {}
        self._own: Seen | None = None
        self._unread: dict[str, str] = {}
        self._reached = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._keep_looking(), name="cluster")

    async def close(self) -> None:
        await end_task(self._task)
        self._task = None

    def members(self) -> list[Member]:
        """By name. One that has never answered is not among them; why is in the log."""
        return [self._members[name] for name in sorted(self._members)]

    @property
    def own(self) -> Seen | None:
        """The server's machine as the cluster has it; None where it has not, or not yet."""
        return self._own

    async def look(self) -> None:
        """Ask them now."""
        try:
            seen = await self._ask()
        except Exception as error:
            if self._reached or not self._members:
                _log.warning("cluster_unreadable", reason=str(error))
            self._reached = False
            self._own = None
            for name, each in self._members.items():
                if each.state == "alive":
                    self._become(name, replace(each, state="silent"))
            raise
        self._reached = True
        self._take_over(seen)

    async def beat(self) -> list[Node]:
        """Those that answer now, with load and power since they were last asked here; nobody else may ask it."""
        if not self._reached:
            return []
        try:
            seen = await self._ask(beat=True)
        except JixiError:
            # Whoever looks says so.
            return []
        return [node for each in seen if (node := self._read(each)) is not None]

    def _take_over(self, seen: list[Seen]) -> None:
        now = self._clock.now()
        self._own = next((each for each in seen if each.own), None)
        others = {each.name: each for each in seen if not each.own}
        for name, each in others.items():
            if (node := self._read(each)) is not None:
                self._become(name, _member(each, node, now))
            elif (known := self._members.get(name)) is not None:
                self._become(name, replace(known, state="silent"))
        for name in self._members.keys() - others.keys():
            self._become(name, replace(self._members[name], state="lost"))
        for name in self._unread.keys() - others.keys():
            del self._unread[name]
        self._members = {
            name: each
            for name, each in self._members.items()
            if each.state != "lost" or now - each.seen_at < _REMEMBERED
        }

    def _become(self, name: str, member: Member) -> None:
        before, self._members[name] = self._members.get(name), member
        if before is None or before.state != member.state:
            _log.info("node_changed", node=name, state=member.state)

    def _read(self, seen: Seen) -> Node | None:
        """What it said; None where it did not, or what another version says, and that is noted once."""
        why = seen.silent
        if seen.said is not None:
            try:
                node = replace(msgspec.convert(seen.said, Node), name=seen.name)
            except msgspec.ValidationError as error:
                why = str(error)
            else:
                self._unread.pop(seen.name, None)
                return node
        if why is not None and self._unread.get(seen.name) != why:
            self._unread[seen.name] = why
            _log.warning("node_unreadable", node=seen.name, reason=why)
        return None

    async def _keep_looking(self) -> None:
        while True:
            pause = _LOOK_S
            try:
                await self.look()
            except JixiError:
                pause = _AGAIN_S
            except Exception as error:  # noqa: BLE001  (one look that fails must not end the next)
                _log.error("cluster_not_looked_at", error=type(error).__name__)
                pause = _AGAIN_S
            await asyncio.sleep(pause)


def _member(seen: Seen, node: Node, now: datetime) -> Member:
    return Member(
        node=node,
        state="alive",
        seen_at=now,
        memory_bytes=seen.memory_bytes,
        counted=seen.counted,
    )
