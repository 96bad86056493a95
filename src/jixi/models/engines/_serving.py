"""What engines of our own share: addresses, refusals, one thread for the model, answers whole or as they come."""

import asyncio
import base64
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

import msgspec
import uvloop

from jixi.models.engines._http import Connection, only_model, refusal, serve
from jixi.models.engines._protocol import Launch

_MOST_TEXTS: Final = 2048
_STREAM: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

T = TypeVar("T")
Answer = Callable[[bytes], Awaitable[bytes]]
Events = Callable[[bytes], AsyncIterator[bytes]]


class RefusedError(Exception):
    """A request that cannot be served; the message is for the caller."""

    def __init__(self, message: str, param: str, code: str | None = None) -> None:
        super().__init__(message)
        self.param = param
        self.code = code


class Desk:
    """The model's one thread, so that /health is answered while it works; `steps` counts what it has done."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.steps = 0
        self._thread = ThreadPoolExecutor(1, "model")

    async def do(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do a piece of work; between pieces other callers get their turn, and one who has gone is noticed."""
        done = await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)
        self.steps += 1
        return done


class DeskConnection(Connection):
    """Answers the addresses of an engine: `answers` give a body, `events` payloads of a stream."""

    def __init__(self, desk: Desk, answers: Mapping[bytes, Answer], events: Mapping[bytes, Events]) -> None:
        super().__init__()
        self._desk = desk
        self._answers = answers
        self._events = events

    def handle(self, path: bytes, body: bytes) -> None:
        if (events := self._events.get(path)) is not None:
            self._task = asyncio.create_task(self._stream(events(body)))
        elif (answer := self._answers.get(path)) is not None:
            self._task = asyncio.create_task(self._answer(answer, body))
        elif path == b"/health":
            self.reply(200, b'{"status":"ok"}')
        elif path == b"/progress":
            self.reply(200, b'{"steps":%d}' % self._desk.steps)
        elif path == b"/v1/models":
            self.reply(200, only_model(self._desk.name))
        else:
            self.reply(404, refusal(404, "there is nothing here"))

    async def _answer(self, answer: Answer, body: bytes) -> None:
        try:
            self.reply(200, await answer(body))
        except (RefusedError, msgspec.DecodeError) as error:
            self._refuse(error)
        except Exception as error:  # noqa: BLE001  (the model's defects are many; the caller must not wait for ever)
            self.reply(500, _defect(error))

    async def _stream(self, payloads: AsyncIterator[bytes]) -> None:
        """Refusals come before the first payload, as answers; a defect ends the stream with an event."""
        begun = False
        try:
            async for payload in payloads:
                self.send((b"" if begun else _STREAM) + _chunk(payload))
                begun = True
                await self._may_write.wait()
            self.send(b"0\r\n\r\n")
            self.done()
        except (RefusedError, msgspec.DecodeError) as error:
            self._refuse(error)
        except Exception as error:  # noqa: BLE001  (as above)
            self.send((b"" if begun else _STREAM) + _chunk(_defect(error)) + b"0\r\n\r\n")
            self.done()

    def _refuse(self, error: Exception) -> None:
        param, code = (error.param, error.code) if isinstance(error, RefusedError) else (None, None)
        self.reply(400, refusal(400, str(error), param=param, code=code))


def run_desk(
    desk: Desk, launch: Launch, answers: Mapping[bytes, Answer], events: Mapping[bytes, Events] | None = None
) -> None:
    """Serve until the process ends."""
    uvloop.run(serve(lambda: DeskConnection(desk, answers, events or {}), launch))


class TextsRequest(msgspec.Struct, frozen=True, kw_only=True):
    input: str | list[str | int | list[int]]

    def texts(self) -> list[str]:
        """One text or more, none of them empty; raises RefusedError."""
        given = [self.input] if isinstance(self.input, str) else self.input
        texts = [text for text in given if isinstance(text, str)]
        if len(texts) < len(given):
            raise RefusedError("'input' must be text: this model takes no token ids", "input")
        if not 1 <= len(texts) <= _MOST_TEXTS or not all(texts):
            raise RefusedError(f"'input' must be 1 to {_MOST_TEXTS} texts, none of them empty", "input")
        return texts


def check_context(longest: int, context: int, param: str = "input") -> None:
    """Raises RefusedError where a text is longer than the context."""
    if longest > context:
        message = f"a text has {longest} tokens, the context is {context}; split it"
        raise RefusedError(message, param, "context_length_exceeded")


def vectors_body(model: str, vectors: list[Any], tokens: int, *, packed: bool) -> bytes:
    """An answer of embeddings; a vector is an array of 32-bit floats of numpy's kind."""
    data = [
        {
            "object": "embedding",
            "index": at,
            "embedding": base64.b64encode(vector.tobytes()).decode() if packed else vector.tolist(),
        }
        for at, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return msgspec.json.encode({"object": "list", "model": model, "data": data, "usage": usage})


def _defect(error: Exception) -> bytes:
    """The log gets all of it, the caller that there was one."""
    traceback.print_exception(error)
    return refusal(500, "the engine failed at this", kind="server_error")


def _chunk(payload: bytes) -> bytes:
    frame = b"data: %b\n\n" % payload
    return b"%x\r\n%b\r\n" % (len(frame), frame)
