"""A fleet of stub engines with little patience, a gateway before it, and callers who judge every answer."""

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from functools import partial
from typing import Any, Final

from jixi.compute.drivers import Process
from jixi.core.clock import SystemClock
from jixi.core.principal import Scope
from jixi.models.deployments import DeploymentSpec, DeploymentStatus, Fleet, Lack, Patience, Reason, Scale
from jixi.models.gateway import Call, Gateway, Limits
from tests.unit.gateway.fakes import PRINCIPAL, OpenGate, RememberingMeter, payloads, said

QUICK: Final = Patience(
    canary_s=60,
    back_off_s=0.05,
    back_off_most_s=0.2,
    grace_s=1,
    crashes=3,
    drain_s=30,
    linger_s=0.1,
    room_s=0.2,
    look_s=0.05,
)
MakeFleet = Callable[..., Fleet]
TOKENS: Final = 8


def stub(
    name: str = "m",
    *,
    start_s: float = 20,
    stall_s: float = 20,
    scale: Scale | None = None,
    revision: int = 1,
    **options: Any,
) -> DeploymentSpec:
    """A later revision is another engine, by its seed: where nothing but the number differs, replicas stay."""
    return DeploymentSpec(
        name=name,
        engine="stub",
        options=options if revision == 1 else {"seed": revision} | options,
        start_s=start_s,
        stall_s=stall_s,
        scale=scale or Scale(),
        revision=revision,
    )


def fixed(count: int) -> Scale:
    return Scale(least=count, most=count)


def all_ready(count: int) -> Callable[[DeploymentStatus], bool]:
    """Ready, with so many replicas that are ready and no other."""

    def fits(status: DeploymentStatus) -> bool:
        states = [each.state for each in status.replicas]
        return status.state == "ready" and states == ["ready"] * count

    return fits


def asleep(status: DeploymentStatus) -> bool:
    return (status.state, status.reason) == ("stopped", Reason("idle")) and not status.replicas


def ended(status: DeploymentStatus) -> bool:
    """The last update has come to its end, and nothing of it is left to do."""
    settled = all(each.state == "ready" and not each.leaving for each in status.replicas)
    return status.update is not None and status.update.state != "running" and settled


async def flying(fleet: Fleet, count: int) -> None:
    """Wait until so many calls are at the engines."""
    while sum(each.in_flight for each in fleet.replicas("m")) < count:
        await asyncio.sleep(0)


def gateway_before(fleet: Fleet, **limits: Any) -> Gateway:
    gateway = Gateway([fleet], OpenGate(), RememberingMeter(), SystemClock(), limits=Limits(**limits))
    fleet.waiting, fleet.changed = gateway.queues, gateway.look
    return gateway


class Callers:
    """How many answers came whole, and what befell the others."""

    def __init__(self, gateway: Gateway, model: str = "m") -> None:
        self.whole = 0
        self.failed: list[str] = []
        self._gateway = gateway
        self._model = model
        self._numbers = itertools.count()
        self._counted = asyncio.Event()

    async def ask(self, *, stream: bool = False) -> str:
        """One call; the words of the answer."""
        body = {
            "model": self._model,
            "stream": stream,
            "max_tokens": TOKENS,
            "messages": [{"role": "user", "content": f"call {next(self._numbers)}"}],
        }
        call = Call(
            principal=PRINCIPAL,
            kind=Scope.CHAT,
            body=json.dumps(body).encode(),
            request_id=f"req_{next(self._numbers)}",
        )
        reply = await self._gateway.open(call)
        if reply.stream is None:
            assert reply.body is not None
            answer = json.loads(reply.body)
            assert answer["usage"]["completion_tokens"] == TOKENS
            return str(answer["choices"][0]["message"]["content"])
        chunks = payloads(b"".join([block async for block in reply.stream]))
        assert chunks[-1] == "[DONE]"
        assert chunks[-2]["choices"][0]["finish_reason"], chunks[-2]
        return said(chunks)

    async def more(self, count: int) -> None:
        """Wait until so many more answers have come whole."""
        goal = self.whole + count
        while self.whole < goal:
            self._counted.clear()
            await self._counted.wait()

    async def call_on(self, *, stream: bool) -> None:
        while True:
            try:
                await self.ask(stream=stream)
            except Exception as error:  # noqa: BLE001  (whatever befell it is what the test wants to know)
                self.failed.append(repr(error))
            else:
                self.whole += 1
            self._counted.set()
            await asyncio.sleep(0)


class Bytes:
    """So many bytes, of which each deployment holds what it says of itself, or one."""

    def __init__(self, capacity: int) -> None:
        self._free = capacity
        self._held = Counter[str]()

    def __call__(self, spec: DeploymentSpec) -> "_Bytes | Lack":
        needed = spec.memory_bytes or 1
        if needed > self._free:
            return Lack(needed=needed, free=self._free, without=lambda ended: self._has(needed, ended))
        self.take(spec.name, needed)
        return _Bytes(self, spec.name, needed)

    def take(self, name: str, count: int) -> None:
        self._free -= count
        self._held[name] += count

    def _has(self, needed: int, ended: Collection[str]) -> bool:
        return needed <= self._free + sum(self._held[name] for name in ended)


class GivenRoom:
    """Room of which its engine is told nothing."""

    def __init__(self) -> None:
        self.env: Mapping[str, str] = {}
        self.options: Mapping[str, object] = {}
        self.memory_bytes = 0

    def occupied(self, process: Process, /) -> AbstractContextManager[Mapping[str, int]]:
        return nullcontext({})


class _Bytes(GivenRoom):
    def __init__(self, of: Bytes, name: str, count: int) -> None:
        super().__init__()
        self.release = partial(of.take, name, -count)


@asynccontextmanager
async def under_load(
    gateway: Gateway, callers: int = 4, *, streams: bool = True, model: str = "m"
) -> AsyncIterator[Callers]:
    """Callers, every second with streams, until the block ends; their last calls are ended with it."""
    made = Callers(gateway, model)
    tasks = [
        asyncio.create_task(made.call_on(stream=streams and number % 2 == 1)) for number in range(callers)
    ]
    try:
        yield made
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
