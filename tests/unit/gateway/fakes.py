"""Neighbours of the gateway: a meter that remembers, a gate that lets in, a fleet of one stub, a scripted engine."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from jixi.compute.drivers import ProcessDriver
from jixi.core.clock import SystemClock
from jixi.core.errors import problem
from jixi.core.money import Price
from jixi.core.ports import Hold, Reservation, Settlement
from jixi.core.principal import Principal, Role, Scope
from jixi.core.trace import CallTrace
from jixi.core.usage import Usage
from jixi.models.engines import EngineClient, Launch, Profile, StubEngine, Upload, read_form
from jixi.models.gateway import Alias, AliasBook, Call, Gateway, Limits, Reply

PRINCIPAL = Principal(tenant_id="ten_1", member_id="mem_1", role=Role.DEVELOPER, key_id="key_1")
ONCE = Limits(retries=0, breaker=0)
"""One try, whatever has failed before."""
PRICE = Price(model="m", currency="CNY", input_micros=10, cached_input_micros=1, output_micros=100, version=1)


class RememberingMeter:
    """Says yes and remembers. `refusal` is raised by the next reserve, `failure` by the next settle."""

    def __init__(self) -> None:
        self.reserved: list[Reservation] = []
        self.settled: dict[str, Settlement] = {}
        self.tallied = 0
        self.marks: list[Usage] = []
        self.refusal: Exception | None = None
        self.failure: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self._news = asyncio.Event()

    async def reserve(self, reservation: Reservation) -> Hold:
        if self.refusal is not None:
            raise self.refusal
        self.reserved.append(reservation)
        return Hold(
            reservation=reservation,
            price=PRICE,
            amount_micros=1,
            opened_at=datetime.now(UTC),
        )

    async def settle(self, hold: Hold, settlement: Settlement) -> int:
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        self.settled.setdefault(hold.reservation.request_id, settlement)
        self._news.set()
        return 0

    async def tally(self, principal: Principal, model: str) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.tallied += 1

    def progress(self, hold: Hold, usage: Usage, target: str | None = None) -> None:
        self.marks.append(usage)

    async def settlement(self, request_id: str = "req_1") -> Settlement:
        """Wait until the call is settled."""
        while request_id not in self.settled:
            self._news.clear()
            await self._news.wait()
        return self.settled[request_id]


class OpenGate:
    """Lets everybody do everything but what is in `closed`."""

    def __init__(self) -> None:
        self.closed: set[tuple[Scope, str]] = set()

    def authorise(self, principal: Principal, scope: Scope, model: str) -> None:
        if (scope, model) in self.closed:
            raise problem("scope_missing", scope=scope.value)


@dataclass(frozen=True)
class Spec:
    parallel: int = 4


@dataclass(eq=False)
class OneReplica:
    client: EngineClient
    profile: Profile
    context: int = 512
    quota: str | None = None
    drains: bool = False
    spec: Spec = field(default_factory=Spec)
    asks: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict[str, Mapping[str, bytes]])
    in_flight: int = 0
    tokens: int = 0

    def begin(self) -> None:
        self.in_flight += 1

    def end(self) -> None:
        self.in_flight -= 1

    def progress(self, tokens: int) -> None:
        self.tokens += tokens


@dataclass(frozen=True)
class Listed:
    name: str
    kinds: frozenset[Scope]
    context: int
    source: str = "stub"
    state: str = "ready"
    since: datetime = datetime(2026, 11, 1, tzinfo=UTC)


class Fleet:
    kind: Final = "deployment"

    def __init__(self, running: Mapping[str, Sequence[OneReplica]]) -> None:
        self.running = dict(running)

    def replicas(self, model: str) -> tuple[OneReplica, ...]:
        if model not in self.running:
            raise problem("model_not_found", model=model, param="model")
        return tuple(self.running[model])

    def awaited(self, model: str) -> bool:
        return False

    async def wake(self, model: str) -> bool:
        return False

    def listings(self) -> Sequence[Listed]:
        return [Listed(name, one[0].profile.kinds, one[0].context) for name, one in self.running.items()]


@asynccontextmanager
async def stub_client(folder: Path, model: str = "stub", **options: Any) -> AsyncIterator[EngineClient]:
    """A stub engine in a process of its own, ready for calls."""
    with tempfile.TemporaryDirectory(prefix="jx", dir="/tmp") as short:
        path = Path(short) / "s"
        launch = Launch(model=model, socket=path, context=512, parallel=4, options=options)
        process = await ProcessDriver().start("stub", StubEngine().command(launch))
        client = EngineClient(path)
        try:
            await _ready(client)
            yield client
        finally:
            await client.close()
            await process.stop(0.1)


async def _ready(client: EngineClient) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                if (await client.send("/health", method="GET")).status == 200:
                    return
            except OSError:
                await asyncio.sleep(0)


class ScriptedEngine:
    """Answers every request with `wire`, in blocks of `size` bytes; `bodies` and `forms` are the requests it got."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.wire = b""
        self.size = 1 << 20
        self.hold_at: int | None = None
        self.until: asyncio.Event | None = None
        """It says nothing before that, where there is one."""
        self.bodies: list[dict[str, Any]] = []
        self.forms: list[list[tuple[str, bytes]]] = []
        self.paths: list[str] = []
        self.left = asyncio.Event()
        self.close_after = False
        self.dies_of = ""
        """It ends as a killed process does when a request has this word, where there is one."""
        self.dead = False
        self.listening: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                body = await reader.readexactly(length)
                if b"\r\nContent-Type: application/json\r\n" in head:
                    self.bodies.append(msgspec.json.decode(body))
                else:
                    self.forms.append(read_form(body))
                self.paths.append(head.split(b" ")[1].decode())
                if self.until is not None:
                    await self.until.wait()
                if self.dies_of and self.dies_of.encode() in body:
                    self._die()
                    return
                await self._say(writer)
                if self.hold_at is not None:
                    await reader.read()
                    self.left.set()
                    return
                if self.close_after:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            self.left.set()
        finally:
            writer.close()

    async def _say(self, writer: asyncio.StreamWriter) -> None:
        wire = self.wire if self.hold_at is None else self.wire[: self.hold_at]
        for start in range(0, len(wire), self.size):
            writer.write(wire[start : start + self.size])
            await writer.drain()
            await asyncio.sleep(0)

    def _die(self) -> None:
        self.dead = True
        if self.listening is not None:
            self.listening.close()
        for writer in self._writers:
            writer.transport.abort()

    def stop(self) -> None:
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def scripted_engine(folder: Path) -> AsyncIterator[ScriptedEngine]:
    engine = ScriptedEngine(folder / "engine.sock")
    engine.listening = listening = await asyncio.start_unix_server(engine.accept, str(engine.path))
    try:
        yield engine
    finally:
        listening.close()
        engine.stop()


class Watcher:
    """An observer that keeps every trace by its request."""

    def __init__(self) -> None:
        self.keeps_content = False
        self.traces: dict[str, CallTrace] = {}

    def finished(self, trace: CallTrace) -> None:
        assert self.traces.get(trace.request_id) is not trace, "a call is finished once"
        self.traces[trace.request_id] = trace


class Shelf:
    """Aliases in memory."""

    def __init__(self, *aliases: Alias) -> None:
        self.aliases = aliases

    def find(self, name: str) -> Alias | None:
        return next((alias for alias in self.aliases if alias.name == name and alias.enabled), None)

    def entries(self) -> Sequence[Alias]:
        return self.aliases


class House:
    """A gateway with its neighbours, and short ways to call it."""

    def __init__(
        self,
        replica: OneReplica,
        limits: Limits | None = None,
        model: str = "stub",
        *,
        more: Mapping[str, Sequence[OneReplica]] | None = None,
        aliases: AliasBook | None = None,
    ) -> None:
        self.replica = replica
        self.meter = RememberingMeter()
        self.gate = OpenGate()
        self.fleet = Fleet({model: [replica], **(more or {})})
        self.watcher = Watcher()
        limits = limits or ONCE
        self.gateway = Gateway(
            [self.fleet],
            self.gate,
            self.meter,
            SystemClock(),
            aliases=aliases,
            limits=limits,
            observer=self.watcher,
        )
        self.model = model

    async def open(self, kind: Scope = Scope.CHAT, request_id: str = "req_1", **fields: Any) -> Reply:
        return await self.raw(msgspec.json.encode({"model": self.model, **fields}), kind, request_id)

    async def raw(
        self,
        body: bytes,
        kind: Scope = Scope.CHAT,
        request_id: str = "req_1",
        audio: Upload | None = None,
    ) -> Reply:
        call = Call(principal=PRINCIPAL, kind=kind, body=body, request_id=request_id, audio=audio)
        return await self.gateway.open(call)

    async def ask(self, kind: Scope = Scope.CHAT, **fields: Any) -> dict[str, Any]:
        """A whole answer."""
        reply = await self.open(kind, **fields)
        assert reply.body is not None
        return msgspec.json.decode(reply.body)

    async def listen(self, kind: Scope = Scope.CHAT, **fields: Any) -> list[Any]:
        """A stream's payloads, decoded; the end mark as the text `[DONE]`."""
        return payloads(await self.wire(kind, **fields))

    async def wire(self, kind: Scope = Scope.CHAT, **fields: Any) -> bytes:
        reply = await self.open(kind, stream=True, **fields)
        assert reply.stream is not None
        return b"".join([block async for block in reply.stream])


def payloads(wire: bytes) -> list[Any]:
    assert wire.endswith(b"\n\n")
    frames = wire[:-2].split(b"\n\n")
    assert all(frame.startswith(b"data: ") and b"\n" not in frame for frame in frames)
    return ["[DONE]" if frame == b"data: [DONE]" else msgspec.json.decode(frame[6:]) for frame in frames]


def said(chunks: Sequence[Any], index: int = 0) -> str:
    """The text of one choice of a chat stream."""
    choices = [choice for chunk in chunks if isinstance(chunk, dict) for choice in chunk.get("choices", [])]
    return "".join(c["delta"].get("content") or "" for c in choices if c["index"] == index)


def chat(text: str = "Say something") -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def sse(*payloads: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """A stream as an engine sends it, chunk by chunk."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    frames = [b"data: " + payload + b"\n\n" for payload in payloads]
    return head + b"".join(b"%x\r\n%s\r\n" % (len(frame), frame) for frame in frames) + end


def whole(body: bytes, status: bytes = b"200 OK", extra: bytes = b"") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n%s" % (status, len(body), extra, body)


def chunk(content: str | None = None, finish: str | None = None, **fields: Any) -> bytes:
    delta = {} if content is None else {"content": content}
    base = {"id": "chatcmpl-e", "object": "chat.completion.chunk", "created": 7, "model": "stub"}
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return msgspec.json.encode({**base, "choices": choices, **fields})


def usage_chunk(prompt: int, completion: int, cached: int = 0) -> bytes:
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
    }
    return chunk(choices=[], usage=usage)
