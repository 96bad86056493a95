"""The endpoints of /v1: who calls, the raw body, the gateway's answer. Nothing of the body is looked at here."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

from starlette.types import Message, Receive, Send
from starlette.types import Scope as AsgiScope

from jixi.core.errors import JixiError, problem
from jixi.core.principal import Principal, Scope
from jixi.models.gateway import ByteStream, Call, Gateway, Reply
from jixi.server._scope import language_of, request_id_of
from jixi.server.openai._answers import Answer, json_answer, openai_response
from jixi.server.openai._departure import Departure

Authenticate = Callable[[Any], Awaitable[Principal]]

_STREAM_HEADERS: Final = [(b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")]


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
            body = await _body(receive)
            if body is None:
                return
            with Departure(receive):
                reply = await self._gateway.open(
                    Call(
                        principal=principal,
                        kind=self._kind,
                        body=body,
                        request_id=request_id_of(scope),
                        language=language_of(scope),
                    )
                )
                await _send_reply(reply, scope, receive, send)
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
            models = self._gateway.models(await self._authenticate(scope))
            name = scope["path_params"]["model"]
            found = next((model for model in models if model.id == name), None)
            if found is None:
                raise problem("model_not_found", model=name[:256], param="model")
            answer = json_answer(found)
        except JixiError as error:
            answer = openai_response(scope, error)
        await answer(scope, receive, send)


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None where the caller left before it was sent. Its size is bounded by the border."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        return message.get("body", b"")
    parts: list[bytes] = []
    while message["type"] == "http.request":
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)
        message = await receive()
    return None


async def _send_reply(reply: Reply, scope: AsgiScope, receive: Receive, send: Send) -> None:
    if reply.stream is None:
        await Answer(reply.status, reply.body or b"")(scope, receive, send)
        return
    try:
        headers = [(b"content-type", reply.content_type.encode()), *_STREAM_HEADERS]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await _send_stream(reply.stream, send)
    finally:
        await reply.stream.aclose()


async def _send_stream(stream: ByteStream, send: Send) -> None:
    message: Message
    async for block in stream:
        message = {"type": "http.response.body", "body": block, "more_body": True}
        await send(message)
    await send({"type": "http.response.body", "body": b"", "more_body": False})
