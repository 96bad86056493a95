"""Idempotency-Key on model calls, as a layer around their endpoints: a retry acts once and gets the first answer."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from python_multipart.multipart import parse_options_header
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jixi.core.errors import JixiError, problem
from jixi.core.principal import Principal
from jixi.models.answers import FirstAnswer, FirstAnswers, Turn
from jixi.server._answer import Answer, read_body
from jixi.server._scope import has_header, header, request_id_of
from jixi.server.http import CALLER, WHOLE, Caller

_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_NAME: Final = b"idempotency-key"
_ENDS: Final = re.compile(
    rb"data: (?:\[DONE\]|{\"type\":\"speech\.audio\.done\")"
    rb"|event: (?:message_stop|response\.completed|response\.incomplete)\n"
)
_EVENTS: Final = b"text/event-stream"


def has_key(scope: Mapping[str, Any]) -> bool:
    return has_header(scope, _NAME)


def key_of(scope: Mapping[str, Any]) -> str:
    """Raises `invalid_value`."""
    key = header(scope, _NAME)
    if key is None or not _KEY.fullmatch(key):
        reason = "Idempotency-Key: it is one header of 1 to 255 visible ASCII characters"
        raise problem("invalid_value", reason=reason, param="Idempotency-Key")
    return key


class Idempotent:
    """Runs an endpoint at most once for each key of each caller and address.

    A call with a key goes on when its caller leaves: the next try, which wants to know how it ended, gets the answer.
    """

    def __init__(
        self,
        answers: FirstAnswers,
        authenticate: Callable[[Any], Awaitable[Principal]],
        refusal: Callable[[Mapping[str, Any], JixiError], Answer],
    ) -> None:
        self._answers = answers
        self._authenticate = authenticate
        self._refusal = refusal

    async def run(self, endpoint: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            key = key_of(scope)
            caller = await self._authenticate(scope)
            body = await read_body(receive)
            if body is None:
                return
            content = _without_boundary(scope, body)
            found = await self._answers.find(caller, scope["path"], key, content, request_id_of(scope))
        except JixiError as error:
            await self._refusal(scope, error)(scope, receive, send)
            return
        if isinstance(found, FirstAnswer):
            await Replay(found)(scope, receive, send)
            return
        async with self._answers.turn(found) as turn:
            await endpoint({**scope, CALLER: Caller(), WHOLE: False}, _said(body), Recorder(turn, send))


class Recorder:
    """`send` that remembers: the end of an answer goes out once the answer is kept, if it is a good one."""

    def __init__(self, turn: Turn, send: Send) -> None:
        self._turn = turn
        self._send = send
        self._status = 0
        self._type = b""
        self._body: list[bytes] = []
        self._over = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._type = next((value for name, value in message["headers"] if name == b"content-type"), b"")
        elif message["type"] == "http.response.body":
            block = message.get("body", b"")
            self._body.append(block)
            # A stream has ended for its reader with its last event, not with the empty block behind it.
            if not message.get("more_body", False) or self._ends(block):
                await self._keep()
        await self._send(message)

    def _ends(self, block: bytes) -> bool:
        return self._type.startswith(_EVENTS) and _ended_well(block)

    async def _keep(self) -> None:
        if self._over:
            return
        self._over = True
        body = b"".join(self._body)
        if self._status == 200 and (not self._type.startswith(_EVENTS) or _ended_well(self._body[-1])):
            await self._turn.keep(FirstAnswer(self._type, body))
        else:
            await self._turn.free()


def _without_boundary(scope: Scope, body: bytes) -> bytes:
    """What tells one request from another: a form is set off by other random letters each time that it is sent."""
    kind, options = parse_options_header(header(scope, b"content-type") or "")
    boundary = options.get(b"boundary", b"")
    return body.replace(boundary, b"") if kind == b"multipart/form-data" and boundary else body


def _ended_well(block: bytes) -> bool:
    """Whether the last event of a block ends a complete answer, in whatever dialect."""
    return _ENDS.match(block[:-2].rpartition(b"\n\n")[2]) is not None


class Replay:
    """A first answer given again, as an ASGI app."""

    def __init__(self, first: FirstAnswer) -> None:
        self._first = first

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [
            (b"content-type", self._first.content_type),
            (b"content-length", str(len(self._first.body)).encode()),
            (b"idempotent-replayed", b"true"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self._first.body})


def _said(body: bytes) -> Receive:
    """A caller who has sent `body` and stays."""
    told = False

    async def receive() -> Message:
        nonlocal told
        if told:
            await asyncio.Event().wait()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
