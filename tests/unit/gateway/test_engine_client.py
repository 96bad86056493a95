"""EngineClient against a scripted server on a real Unix socket."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from jixi.core.trace import CONTEXT, TraceContext
from jixi.models.engines import Address, EngineClient, EngineConnectionError, EngineResponse

Script = Callable[["Peer"], Awaitable[None]]


class Peer:
    """One accepted connection: reads requests, writes what the script says."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def request(self) -> tuple[str, bytes]:
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        return head.split(b"\r\n")[0].decode(), await self.reader.readexactly(length)

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def gone(self) -> None:
        """Return once the client has closed its side."""
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            return


class Server:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.connections = 0
        self.script: Script | None = None
        self.peers: list[Peer] = []

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        peer = Peer(reader, writer)
        self.peers.append(peer)
        assert self.script is not None
        try:
            await self.script(peer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    made = Server(tmp_path / "engine.sock")
    listening = await asyncio.start_unix_server(made.accept, str(made.path))
    yield made
    listening.close()
    for peer in made.peers:
        peer.writer.close()


@pytest.fixture
async def client(server: Server) -> AsyncIterator[EngineClient]:
    made = EngineClient(server.path)
    yield made
    await made.close()


WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Engine: Yes\r\n\r\nhello"


async def echo(peer: Peer) -> None:
    while True:
        _, body = await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


async def collect(answer: EngineResponse, into: bytearray) -> None:
    async for block in answer.blocks():
        into += block


async def test_calls_in_turn_share_one_connection(server: Server, client: EngineClient) -> None:
    server.script = echo
    for turn in range(5):
        answer = await client.send("/v1/echo", b"turn %d" % turn)
        assert (answer.status, await answer.read()) == (200, b"turn %d" % turn)
    assert server.connections == 1


async def test_calls_at_once_each_get_their_own_answer(server: Server, client: EngineClient) -> None:
    server.script = echo

    async def call(number: int) -> bytes:
        return await (await client.send("/v1/echo", b"call %d" % number)).read()

    assert await asyncio.gather(*map(call, range(20))) == [b"call %d" % number for number in range(20)]
    assert server.connections == 20


async def test_the_context_of_a_trace_goes_with_the_calls_that_have_one(
    server: Server, client: EngineClient
) -> None:
    heads: list[bytes] = []

    async def script(peer: Peer) -> None:
        for _ in range(2):
            heads.append(await peer.reader.readuntil(b"\r\n\r\n"))
            await peer.send(WHOLE)

    server.script = script
    onward = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    entered = CONTEXT.set(TraceContext(None, onward))
    await (await client.send("/v1/echo")).read()
    CONTEXT.reset(entered)
    await (await client.send("/v1/echo")).read()
    assert f"Traceparent: {onward}\r\n".encode() in heads[0]
    assert b"traceparent" not in heads[1].lower()


async def test_status_headers_and_path_arrive(server: Server, client: EngineClient) -> None:
    seen: list[str] = []

    async def script(peer: Peer) -> None:
        seen.append((await peer.request())[0])
        await peer.send(WHOLE.replace(b"200 OK", b"503 Busy"))

    server.script = script
    answer = await client.send("/health", method="GET")
    assert seen == ["GET /health HTTP/1.1"]
    assert (answer.status, answer.headers) == (503, {"content-length": "5", "x-engine": "Yes"})


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
async def test_a_chunked_body_is_put_together_whatever_the_cuts(
    server: Server, client: EngineClient, size: int
) -> None:
    wire = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n"

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            for start in range(0, len(wire), size):
                await peer.send(wire[start : start + size])
                await asyncio.sleep(0)

    server.script = script
    for _ in range(2):
        answer = await client.send("/v1/x", b"{}")
        assert b"".join([block async for block in answer.blocks()]) == b"hello, world"
    assert server.connections == 1


@pytest.mark.parametrize(
    "cut",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nhello",
    ],
    ids=["content-length", "no terminator", "half a terminator", "until the end"],
)
async def test_a_cut_body_is_an_error_and_what_came_is_kept(
    server: Server, client: EngineClient, cut: bytes
) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(cut)

    server.script = script
    answer = await client.send("/v1/x", b"{}")
    with pytest.raises(EngineConnectionError):
        await answer.read()
    answer = await client.send("/v1/x", b"{}")
    came = bytearray()
    with pytest.raises(EngineConnectionError):
        await collect(answer, came)
    assert came == b"hello"


@pytest.mark.parametrize("wire", [b"HTTP/1.1 2", b"SSH-2.0-OpenSSH\r\n", b""], ids=["cut", "other", "empty"])
async def test_no_answer_is_an_error(server: Server, client: EngineClient, wire: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(wire)

    server.script = script
    with pytest.raises(EngineConnectionError):
        await client.send("/v1/x", b"{}")


async def test_a_missing_socket_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EngineConnectionError):
        await EngineClient(tmp_path / "nothing.sock").send("/health", method="GET")


async def test_a_kept_connection_that_the_engine_closed_is_replaced_unseen(
    server: Server, client: EngineClient
) -> None:
    """The engine reads the second request and closes without a byte: the moment that a keep-alive race hits."""

    async def first(peer: Peer) -> None:
        server.script = echo
        await peer.request()
        await peer.send(WHOLE)
        await peer.request()

    server.script = first
    assert await (await client.send("/v1/x", b"one")).read() == b"hello"
    assert await (await client.send("/v1/x", b"two")).read() == b"two"
    assert server.connections == 2


async def test_nothing_is_sent_twice_after_a_first_byte_of_an_answer(
    server: Server, client: EngineClient
) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(WHOLE)
        await peer.request()
        await peer.send(b"HTTP/1.1 200")

    server.script = script
    await (await client.send("/v1/x", b"one")).read()
    with pytest.raises(EngineConnectionError):
        await client.send("/v1/x", b"two")
    assert server.connections == 1


async def test_abort_closes_the_connection(server: Server, client: EngineClient) -> None:
    closed = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        await peer.gone()
        closed.set()

    server.script = script
    answer = await client.send("/v1/x", b"{}")
    answer.abort()
    await closed.wait()
    with pytest.raises(EngineConnectionError):
        await answer.read()


async def test_a_cancelled_call_closes_its_connection(server: Server, client: EngineClient) -> None:
    asked, closed = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        asked.set()
        await peer.gone()
        closed.set()

    server.script = script
    call = asyncio.create_task(client.send("/v1/x", b"{}"))
    await asked.wait()
    call.cancel()
    await closed.wait()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_a_slow_consumer_holds_the_engine_back(server: Server, client: EngineClient) -> None:
    block, total = b"x" * 65536, 64 * 1024 * 1024
    sent = 0

    async def script(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
        while sent < total:
            await peer.send(block)
            sent += len(block)

    server.script = script
    answer = await client.send("/v1/x", b"{}")
    while True:
        before = sent
        for _ in range(50):
            await asyncio.sleep(0)
        if before == sent and sent:
            break
    assert sent < 8 * 1024 * 1024
    assert sum([len(part) async for part in answer.blocks()]) == total


async def test_an_answer_nobody_asked_for_ends_the_connection(server: Server, client: EngineClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(WHOLE + WHOLE.replace(b"hello", b"WRONG"))
        await peer.gone()

    server.script = script
    for _ in range(2):
        assert await (await client.send("/v1/x", b"{}")).read() == b"hello"
    assert server.connections == 2


async def test_connection_close_is_obeyed(server: Server, client: EngineClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(WHOLE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        await peer.gone()

    server.script = script
    for _ in range(2):
        assert await (await client.send("/v1/x", b"{}")).read() == b"hello"
    assert server.connections == 2


async def test_an_interim_answer_is_passed_over(server: Server, client: EngineClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE)
        await peer.gone()

    server.script = script
    answer = await client.send("/v1/x", b"{}")
    assert (answer.status, await answer.read()) == (200, b"hello")


async def test_close_ends_calls_that_still_run(server: Server, client: EngineClient) -> None:
    asked = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        asked.set()
        await peer.gone()

    server.script = script
    call = asyncio.create_task(client.send("/v1/x", b"{}"))
    await asked.wait()
    await client.close()
    with pytest.raises(EngineConnectionError):
        await call


async def test_the_same_client_speaks_tcp() -> None:
    made = Server(Path("unused"))
    made.script = echo
    listening = await asyncio.start_server(made.accept, "127.0.0.1", 0)
    port: int = listening.sockets[0].getsockname()[1]
    client = EngineClient(Address(Path("no.sock"), port))
    assert await (await client.send("/v1/echo", b"hi")).read() == b"hi"
    await client.close()
    listening.close()
