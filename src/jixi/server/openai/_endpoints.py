"""The endpoints of /v1: who calls, the raw body, the gateway's answer. Nothing of the body is looked at here."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from jixi.core.errors import JixiError
from jixi.core.principal import Principal, Scope
from jixi.models.gateway import ByteStream, Call, Gateway, Reply
from jixi.server._answer import Answer, json_answer, read_body, send_stream
from jixi.server._scope import language_of, request_id_of
from jixi.server.http import Departure, Headers
from jixi.server.openai._answers import openai_response

Authenticate = Callable[[Any], Awaitable[Principal]]


class Endpoint(Protocol):
    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None: ...


class InferenceEndpoint:
    """POST of one kind of call."""

    def __init__(self, gateway: Gateway, authenticate: Authenticate, kind: Scope) -> None:
        self._gateway = gateway
        self._authenticate = authenticate
        self._kind = kind

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        try:
            principal = await self._authenticate(scope)
            body = await read_body(receive)
            if body is None:
                return
            with Departure(scope):
                reply = await self._gateway.open(
                    Call(
                        principal=principal,
                        kind=self._kind,
                        body=body,
                        request_id=request_id_of(scope),
                        language=language_of(scope),
                    )
                )
                await send_reply(reply, scope, receive, send)
        except JixiError as error:
            await openai_response(scope, error)(scope, receive, send)


class ModelsEndpoint:
    """GET of the models that the caller may use."""

    def __init__(self, gateway: Gateway, authenticate: Authenticate) -> None:
        self._gateway = gateway
        self._authenticate = authenticate

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        try:
            models = self._gateway.models(await self._authenticate(scope))
            answer = json_answer({"object": "list", "data": models})
        except JixiError as error:
            answer = openai_response(scope, error)
        await answer(scope, receive, send)


class ModelEndpoint:
    """GET of one of them, by its name."""

    def __init__(self, gateway: Gateway, authenticate: Authenticate) -> None:
        self._gateway = gateway
        self._authenticate = authenticate

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        try:
            found = self._gateway.model(await self._authenticate(scope), scope["path_params"]["model"])
            answer = json_answer(found)
        except JixiError as error:
            answer = openai_response(scope, error)
        await answer(scope, receive, send)


def send_reply(reply: Reply, scope: AsgiScope, receive: Receive, send: Send) -> Awaitable[None]:
    """The gateway's answer, as it is or as it comes."""
    if reply.stream is not None:
        return _pass_on(reply, reply.stream, reply.headers, send)
    return Answer(reply.status, reply.body or b"", reply.headers, reply.content_type.encode())(
        scope, receive, send
    )


async def _pass_on(reply: Reply, stream: ByteStream, headers: Headers, send: Send) -> None:
    try:
        await send_stream(stream, send, content_type=reply.content_type, status=reply.status, headers=headers)
    finally:
        await stream.aclose()
