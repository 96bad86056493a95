"""HTTP at the public address, spoken by hand over real sockets."""

import asyncio
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from jixi.server.http import CALLER, WHOLE, Connection, Departure, close_resting

App = Callable[[Any, Any, Any], Awaitable[None]]
_WITHIN_S = 20


class Server:
    """Where an app answers, and who is connected to it."""

    def __init__(self) -> None:
        self.state = ServerState()
        self.port = 0


@asynccontextmanager
async def serving(app: App) -> AsyncGenerator[Server]:
    config = uvicorn.Config(
        app, loop="none", interface="asgi3", lifespan="off", log_config=None, proxy_headers=False
    )
    config.load()
    server = Server()
    listening = await asyncio.get_running_loop().create_server(
        lambda: Connection(config=config, server_state=server.state, app_state={}), "127.0.0.1", 0
    )
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for each in tuple(server.state.connections):
            each.transport.abort()


class Whole:
    """Answers in one message."""

    def __init__(self, body: bytes = b"hello", status: int = 200, **headers: Any) -> None:
        told = [(name.encode(), value.encode()) for name, value in headers.items()]
        told.append((b"content-length", b"%d" % len(body)))
        self._message = {"type": WHOLE, "status": status, "headers": told, "body": body}

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        await send(dict(self._message))


async def read(receive: Any) -> None:
    """The whole of a request."""
    while (await receive()).get("more_body"):
        pass


async def said(server: Server, words: bytes) -> bytes:
    """All that the server says to `words` until it hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(words)
    try:
        async with asyncio.timeout(_WITHIN_S):
            return await reader.read()
    finally:
        writer.close()


def request(method: str = "GET", path: str = "/", version: str = "1.1", *headers: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/{version}", "Host: here", *headers, "", ""]).encode()


LAST = "Connection: close"


async def in_pieces(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for piece in (b"one", b"", b"two"):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def test_a_whole_answer_has_its_length_and_ends_where_it_says() -> None:
    async with serving(Whole()) as server:
        head, _, body = (await said(server, request("GET", "/", "1.1", LAST))).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\ncontent-length: 5" in head
    assert b"transfer-encoding" not in head
    assert body == b"hello"


async def test_a_stream_is_chunked_and_ends_with_the_empty_chunk() -> None:
    async with serving(in_pieces) as server:
        head, _, body = (await said(server, request("GET", "/", "1.1", LAST))).partition(b"\r\n\r\n")
    assert b"\r\ntransfer-encoding: chunked" in head
    assert body == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"


async def test_the_answer_to_head_is_a_head() -> None:
    async with serving(Whole()) as server:
        answer = await said(server, request("HEAD", "/", "1.1", LAST))
    assert b"\r\ncontent-length: 5\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("asked", [request("GET", "/", "1.1", LAST), request("GET", "/", "1.0")])
@pytest.mark.parametrize("app", [Whole(), Whole(connection="close"), Whole(connection="keep-alive")])
async def test_that_the_connection_closes_is_said_once(app: App, asked: bytes) -> None:
    async with serving(app) as server:
        answer = await said(server, asked)
    assert answer.count(b"connection: ") == 1
    assert b"\r\nconnection: close\r\n" in answer


@pytest.mark.parametrize("value", ["a\r\nset-cookie: b", "a\nb", "a\rb", "a\0b", "a\x7fb"])
async def test_no_header_breaks_out_of_its_line(value: str) -> None:
    async with serving(Whole(**{"x-name": value})) as server:
        answer = await said(server, request("GET", "/", "1.1", LAST))
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"x-name" not in answer


async def test_a_header_is_told_as_it_is() -> None:
    async def answers(_scope: Any, _receive: Any, send: Any) -> None:
        told = [(b"x-100%", b"50%b"), (b"content-length", b"0")]
        await send({"type": WHOLE, "status": 200, "headers": told, "body": b""})

    async with serving(answers) as server:
        answer = await said(server, request("GET", "/", "1.1", LAST))
    assert b"\r\nx-100%: 50%b\r\n" in answer


@pytest.mark.parametrize("cause", ["the server ends", "what comes next is no request"])
async def test_a_whole_answer_leaves_before_its_connection_closes(cause: str) -> None:
    async def answers(scope: Any, receive: Any, send: Any) -> None:
        await Whole()(scope, receive, send)
        for each in cast("set[Connection]", set(server.state.connections)):
            if cause == "the server ends":
                each.shutdown()
            else:
                each.data_received(b"\0\r\n\r\n")

    async with serving(answers) as server:
        answer = await said(server, request())
    assert answer.partition(b"\r\n\r\n")[2].startswith(b"hello")


async def test_what_was_said_before_an_answer_broke_off_is_heard() -> None:
    async def breaks(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        raise RuntimeError

    async with serving(breaks) as server:
        head, _, body = (await said(server, request())).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    # And no end: nobody takes it for complete.
    assert body == b"3\r\none\r\n"


async def test_an_answer_that_begins_twice_is_cut() -> None:
    async def twice(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await Whole(b"no", 500)(scope, receive, send)

    async with serving(twice) as server:
        assert not (await said(server, request())).endswith(b"0\r\n\r\n")


async def test_what_fails_before_it_begins_is_a_500() -> None:
    async def fails(_scope: Any, _receive: Any, _send: Any) -> None:
        raise RuntimeError

    async with serving(fails) as server:
        answer = await said(server, request())
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert answer.count(b"connection: close") == 1


@pytest.mark.parametrize("length", [b"4", b"6"])
async def test_an_answer_of_another_length_than_it_said_is_cut(length: bytes) -> None:
    async def lies(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": b"hello"})

    async with serving(lies) as server:
        answer = await said(server, request("GET", "/", "1.1", LAST))
    assert len(answer.partition(b"\r\n\r\n")[2]) != int(length)


async def test_requests_that_come_at_once_are_answered_in_their_order() -> None:
    async def echo(scope: Any, receive: Any, send: Any) -> None:
        # The first takes longest.
        for _ in range(0 if scope["path"] == "/b" else 50):
            await asyncio.sleep(0)
        await Whole(scope["path"].encode())(scope, receive, send)

    async with serving(echo) as server:
        answer = await said(server, request(path="/a") + request("GET", "/b", "1.1", LAST))
    assert answer.index(b"\r\n\r\n/a") < answer.index(b"\r\n\r\n/b")


@pytest.mark.parametrize("times", [1, 2])
async def test_who_expects_it_is_told_to_go_on_before_the_body(times: int) -> None:
    async def echo(scope: Any, receive: Any, send: Any) -> None:
        await Whole((await receive())["body"])(scope, receive, send)

    async with serving(echo) as server, asyncio.timeout(_WITHIN_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request("POST", "/", "1.1", "Content-Length: 4", *["Expect: 100-Continue"] * times))
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"body")
        assert (await reader.readuntil(b"body")).startswith(b"HTTP/1.1 200 OK\r\n")
        writer.close()


async def test_a_request_has_all_that_uvicorn_knows_of_one() -> None:
    known: list[set[str]] = []

    async def looks(scope: Any, receive: Any, send: Any) -> None:
        known.extend(set(vars(each.cycle)) for each in server.state.connections if each.cycle is not None)
        await Whole()(scope, receive, send)

    async with serving(looks) as server:
        await said(server, request("GET", "/", "1.1", LAST))
        given: Any = dict.fromkeys(inspect.signature(RequestResponseCycle).parameters)
    assert set(vars(RequestResponseCycle(**given))) - {"access_log", "access_logger"} <= known[0]


async def test_addresses_are_decoded_and_queries_are_not() -> None:
    async def where(scope: Any, receive: Any, send: Any) -> None:
        told = (
            f"{scope['method']} {scope['path']} {scope['raw_path'].decode()} {scope['query_string'].decode()}"
        )
        await Whole(told.encode())(scope, receive, send)

    async with serving(where) as server:
        answer = await said(server, request("PUT", "/a%20b?c=%20d", "1.1", LAST, "Content-Length: 0"))
    assert answer.endswith(b"\r\n\r\nPUT /a b /a%20b c=%20d")


async def test_a_connection_that_rests_is_closed_and_one_at_work_is_not() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def waits(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/slow":
            begun.set()
            await go_on.wait()
        await Whole(scope["path"].encode())(scope, receive, send)

    async with serving(waits) as server, asyncio.timeout(_WITHIN_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request(path="/slow"))
        await begun.wait()
        resting, other = await asyncio.open_connection("127.0.0.1", server.port)
        other.write(request(path="/fast"))
        await resting.readuntil(b"/fast")
        close_resting(server.state.connections, after_s=3600)
        assert len(server.state.connections) == 2
        close_resting(server.state.connections, after_s=0)
        assert await resting.read() == b""
        go_on.set()
        await reader.readuntil(b"/slow")
        writer.close()
        other.close()


@pytest.mark.parametrize(("size", "behind"), [(0, b""), (0, request()), (100_000, b""), (1_000_000, b"")])
async def test_who_hangs_up_cancels_the_answer_that_is_being_made(size: int, behind: bytes) -> None:
    begun, left = asyncio.Event(), asyncio.Event()

    async def works(scope: Any, receive: Any, send: Any) -> None:
        await read(receive)
        with Departure(scope):
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                left.set()

    async with serving(works) as server, asyncio.timeout(_WITHIN_S):
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request("POST", "/", "1.1", f"Content-Length: {size}") + b"x" * size + behind)
        await begun.wait()
        writer.close()
        await left.wait()


async def test_who_has_left_before_the_work_begins_has_it_cancelled_at_once() -> None:
    cancelled = asyncio.Event()

    async def works(scope: Any, receive: Any, send: Any) -> None:
        while not scope[CALLER].left:
            await asyncio.sleep(0)
        with Departure(scope):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.set()
                raise

    async with serving(works) as server, asyncio.timeout(_WITHIN_S):
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request())
        await writer.drain()
        writer.close()
        await cancelled.wait()
