"""The endpoints of Anthropic's dialect: bodies are translated on their way in and out, the gateway does the rest."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct
from starlette.types import Receive, Scope, Send

from jixi.core.errors import JixiError
from jixi.core.principal import Principal
from jixi.core.principal import Scope as Kind
from jixi.models.dialects import messages_to_chat
from jixi.models.gateway import Call, Gateway, Model, Reply
from jixi.server._answer import Answer, json_answer, read_body, send_stream
from jixi.server._scope import language_of, request_id_of
from jixi.server.anthropic._answers import (
    anthropic_response,
    limit_headers,
    request_headers,
)
from jixi.server.anthropic._events import MessageTeller
from jixi.server.http import Departure

Authenticate = Callable[[Any], Awaitable[Principal]]


class _Named(Struct):
    model: str


_EVENTS: Final = "text/event-stream; charset=utf-8"


class MessagesEndpoint:
    """POST of a message, whole or as a stream."""

    def __init__(self, gateway: Gateway, authenticate: Authenticate) -> None:
        self._gateway = gateway
        self._authenticate = authenticate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            principal = await self._authenticate(scope)
            body = await read_body(receive)
            if body is None:
                return
            chat = messages_to_chat(body)
            teller = MessageTeller(scope, msgspec.json.decode(chat, type=_Named).model)
            with Departure(scope):
                reply = await self._gateway.open(_call(scope, principal, chat, teller))
                await _send_reply(reply, teller, scope, receive, send)
        except JixiError as error:
            await anthropic_response(scope, error)(scope, receive, send)


class CountEndpoint:
    """POST of what would be a message, to learn how many tokens it has."""

    def __init__(self, gateway: Gateway, authenticate: Authenticate) -> None:
        self._gateway = gateway
        self._authenticate = authenticate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            principal = await self._authenticate(scope)
            body = await read_body(receive)
            if body is None:
                return
            with Departure(scope):
                count = await self._gateway.count(
                    _call(scope, principal, messages_to_chat(body, counting=True))
                )
                how = b"exact" if count.exact else b"estimated"
                headers = [*request_headers(scope), (b"x-jixi-token-count", how)]
                await json_answer({"input_tokens": count.tokens}, headers)(scope, receive, send)
        except JixiError as error:
            await anthropic_response(scope, error)(scope, receive, send)


class ModelsEndpoint:
    """GET of the models that the caller may use, all on one page."""

    def __init__(self, gateway: Gateway, authenticate: Authenticate) -> None:
        self._gateway = gateway
        self._authenticate = authenticate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            entries = [_entry(model) for model in self._gateway.models(await self._authenticate(scope))]
            page: dict[str, Any] = {"data": entries, "has_more": False}
            page["first_id"] = entries[0]["id"] if entries else None
            page["last_id"] = entries[-1]["id"] if entries else None
            answer = json_answer(page, request_headers(scope))
        except JixiError as error:
            answer = anthropic_response(scope, error)
        await answer(scope, receive, send)


class ModelEndpoint:
    """GET of one of them, by its name."""

    def __init__(self, gateway: Gateway, authenticate: Authenticate) -> None:
        self._gateway = gateway
        self._authenticate = authenticate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            found = self._gateway.model(await self._authenticate(scope), scope["path_params"]["model"])
            answer = json_answer(_entry(found), request_headers(scope))
        except JixiError as error:
            answer = anthropic_response(scope, error)
        await answer(scope, receive, send)


def _call(
    scope: Mapping[str, Any], principal: Principal, body: bytes, teller: MessageTeller | None = None
) -> Call:
    return Call(
        principal=principal,
        kind=Kind.CHAT,
        body=body,
        request_id=request_id_of(scope),
        language=language_of(scope),
        dialect="anthropic",
        teller=teller,
    )


async def _send_reply(
    reply: Reply, teller: MessageTeller, scope: Scope, receive: Receive, send: Send
) -> None:
    headers = [*limit_headers(reply.headers, datetime.now(UTC)), *request_headers(scope)]
    if reply.stream is None:
        await Answer(reply.status, teller.body, headers)(scope, receive, send)
        return
    try:
        async with aclosing(teller.blocks(reply.stream)) as blocks:
            await send_stream(blocks, send, content_type=_EVENTS, headers=headers)
    finally:
        await reply.stream.aclose()


def _entry(model: Model) -> dict[str, Any]:
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.id,
        "created_at": datetime.fromtimestamp(model.created, UTC).isoformat().replace("+00:00", "Z"),
        "lifecycle": "active",
        "max_input_tokens": model.context,
        "max_tokens": model.context,
    }
