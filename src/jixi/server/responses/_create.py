"""POST /v1/responses: a question, perhaps after others that were kept, and its answer whole or as events."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct
from starlette.types import Receive, Scope, Send

from jixi.core.errors import JixiError, problem
from jixi.core.principal import Principal
from jixi.core.principal import Scope as Kind
from jixi.models.dialects import (
    ChunksToResponse,
    Frame,
    ResponseBody,
    completion_to_response,
    read_item,
    read_items,
    read_response_body,
    response_to_chat,
    stored_items,
)
from jixi.models.gateway import ByteStream, Call, FrameReader, Gateway, Reply, openai_error, untellable
from jixi.models.responses import Kept, ResponseStore
from jixi.server._answer import json_answer, read_body, send_stream
from jixi.server._problems import behind
from jixi.server._scope import language_of, request_id_of
from jixi.server.http import Departure
from jixi.server.openai import openai_response
from jixi.storage import DatabaseAwayError

Authenticate = Callable[[Any], Awaitable[Principal]]
_EVENTS: Final = "text/event-stream; charset=utf-8"


class Question(Struct, frozen=True):
    """A request that has been read: who asks, what is new in it, and the chat that it comes to."""

    caller: Principal
    frame: Frame
    items: list[dict[str, Any]]
    chat: bytes

    @property
    def asked(self) -> ResponseBody:
        return self.frame.asked

    def failure(self, reason: str) -> JixiError:
        return problem("engine_error", model=self.asked.model, reason=reason)


class ResponseTeller:
    """Tells an answer as a Response. Raises ValueError where that cannot be."""

    def __init__(self, frame: Frame) -> None:
        self.machine = ChunksToResponse(frame)
        self.response: dict[str, Any] = {}
        """The Response, where it is no stream."""
        self._frame = frame
        self._reader = FrameReader()
        self._last: tuple[bytes, list[dict[str, Any]]] = b"", []
        self._begun = False

    def whole(self, body: bytes) -> None:
        self.response = completion_to_response(body, self._frame)

    def end(self, block: bytes) -> None:
        self._last = block, self.told(block)

    def begin(self) -> list[dict[str, Any]]:
        """The events before those of any block, once."""
        if self._begun:
            return []
        self._begun = True
        return self.machine.begin()

    def told(self, block: bytes) -> list[dict[str, Any]]:
        """The events of a block, each block once; those of the last are there already."""
        judged, last = self._last
        if block == judged:
            return last
        events = self.begin()
        for payload in self._reader.feed(block):
            events += self.machine.feed(payload)
        return events


class Told(NamedTuple):
    """A question with its answer, and who tells it."""

    question: Question
    teller: ResponseTeller
    reply: Reply


class CreateEndpoint:
    """POST of a question."""

    def __init__(self, gateway: Gateway, store: ResponseStore, authenticate: Authenticate) -> None:
        self._gateway = gateway
        self._store = store
        self._authenticate = authenticate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            caller = await self._authenticate(scope)
            body = await read_body(receive)
            if body is None:
                return
            question = await self._question(scope, caller, body)
            teller = ResponseTeller(question.frame)
            call = Call(
                principal=caller,
                kind=Kind.CHAT,
                body=question.chat,
                request_id=request_id_of(scope),
                language=language_of(scope),
                dialect="responses",
                teller=teller,
            )
            async with self._room(question):
                with Departure(scope):
                    reply = await self._gateway.open(call)
                    await self._send(Told(question, teller, reply), scope, receive, send)
        except JixiError as error:
            await openai_response(scope, error)(scope, receive, send)

    async def _question(self, scope: Scope, caller: Principal, body: bytes) -> Question:
        asked = read_response_body(body)
        fresh, before = read_items(asked), []
        if asked.previous_response_id is not None:
            try:
                kept = await self._store.conversation(caller, asked.previous_response_id)
            except JixiError as error:
                raise JixiError(error.problem, error.facts, param="previous_response_id") from error
            before = [read_item(msgspec.json.encode(item), "previous_response_id") for item in kept]
        frame = Frame(_response_id(scope), _now(), asked)
        chat = response_to_chat(asked, [*before, *fresh], len(before))
        return Question(caller, frame, stored_items(frame, fresh), chat)

    async def _send(self, told: Told, scope: Scope, receive: Receive, send: Send) -> None:
        question, teller, reply = told
        if reply.stream is None:
            await self._keep(question, teller.response)
            await json_answer(teller.response, reply.headers)(scope, receive, send)
            return
        try:
            async with aclosing(self._events(told, reply.stream, scope)) as blocks:
                await send_stream(blocks, send, content_type=_EVENTS, headers=reply.headers)
        finally:
            await reply.stream.aclose()

    async def _events(self, told: Told, stream: ByteStream, scope: Scope) -> AsyncGenerator[bytes]:
        """Blocks of events. The last one goes out once the Response is kept, and never where it broke."""
        question, teller, _ = told
        machine, language = teller.machine, language_of(scope)

        def failed(error: JixiError) -> bytes:
            return _written(machine.failed(openai_error(error, language)["error"]))

        if begun := teller.begin():
            yield _written(begun)
        async for block in stream:
            try:
                events = teller.told(block)
                if machine.response is not None:
                    await self._keep(question, machine.response)
            except ValueError:
                error = untellable(question.asked.model)
                stream.break_off(error)
                yield failed(error)
                return
            except (JixiError, DatabaseAwayError) as error:
                yield failed(behind(error))
                return
            if events:
                yield _written(events)
            if machine.response is not None or any(event["type"] == "error" for event in events):
                return
        yield failed(question.failure("its answer was cut"))

    def _room(self, question: Question) -> AbstractAsyncContextManager[None]:
        """Room to keep the answer, where it is to be kept: whoever has none is told before a model works."""
        if not self._keeps(question):
            return nullcontext()
        return self._store.room(question.caller, question.frame.id, question.items)

    def _keeps(self, question: Question) -> bool:
        return question.asked.store is not False and self._store.keeps

    async def _keep(self, question: Question, response: dict[str, Any]) -> None:
        if self._keeps(question):
            await self._store.keep(question.caller, Kept(response, question.items))


def _written(events: list[dict[str, Any]]) -> bytes:
    return b"".join(
        [
            b"event: %b\ndata: %b\n\n" % (event["type"].encode(), msgspec.json.encode(event))
            for event in events
        ]
    )


def _response_id(scope: Scope) -> str:
    return f"resp_{request_id_of(scope).partition('_')[2]}"


def _now() -> int:
    return int(time.time())
