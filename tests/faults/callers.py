"""The callers: what they sent, what they were promised and what they saw, remembered for the checker."""

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp

from tests.faults.ground import Ground

MESSAGES = [{"role": "user", "content": "one two three"}]
LONGEST_CALL_S = 60
_LOOK_EVERY_S = 0.02


@dataclass
class Answer:
    """One call as its caller saw it. `complete`: it looked like a good answer to its very end."""

    request_id: str = ""
    status: int = 0
    code: str = ""
    tokens: int = 0
    complete: bool = False
    seconds: float = 0
    first_token_s: float | None = None
    retry_after: str | None = None
    body: bytes = b""
    replayed: bool = False
    error: str = ""
    """What broke the connection, where something did."""


@dataclass
class Callers:
    """A swarm with one key. `answers` holds every call that came to an end, in the order of their ends."""

    ground: Ground
    key: str
    answers: list[Answer] = field(default_factory=list[Answer])
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def until_acknowledged(self, count: int, seconds: float = 120) -> None:
        """Return once so many answers were complete."""
        async with asyncio.timeout(seconds):
            while len(self.acknowledged) < count:
                self._moved.clear()
                await self._moved.wait()

    @property
    def acknowledged(self) -> dict[str, int]:
        """Request id and output tokens of every answer that was complete."""
        return {each.request_id: each.tokens for each in self.answers if each.complete}

    def codes(self) -> Counter[str]:
        """How often each refusal was given; what was complete counts as `ok`, what broke as `broken`."""
        return Counter("ok" if each.complete else each.code or "broken" for each in self.answers)

    async def call(
        self, session: aiohttp.ClientSession, retry_key: str | None = None, **fields: Any
    ) -> Answer:
        """One chat call, perhaps with an Idempotency-Key; never raises for what the server does."""
        headers = {} if retry_key is None else {"Idempotency-Key": retry_key}
        stream = bool(fields.get("stream"))
        body = {"model": "stub", "messages": MESSAGES, "max_tokens": 6} | fields
        if stream:
            body |= {"stream_options": {"include_usage": True}}
        answer, began = Answer(), time.monotonic()
        try:
            async with session.post("/v1/chat/completions", json=body, headers=headers) as response:
                answer.status = response.status
                answer.request_id = response.headers.get("x-request-id", "")
                answer.retry_after = response.headers.get("retry-after")
                answer.replayed = "idempotent-replayed" in response.headers
                if stream and response.status == 200:
                    await _read_stream(response, answer, began)
                else:
                    _read_whole(await response.read(), answer)
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            answer.error = type(error).__name__
        answer.seconds = time.monotonic() - began
        self.answers.append(answer)
        self._moved.set()
        return answer

    def session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            self.ground.url,
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=aiohttp.ClientTimeout(total=LONGEST_CALL_S),
            connector=aiohttp.TCPConnector(limit=0),
        )


async def _read_stream(response: aiohttp.ClientResponse, answer: Answer, began: float) -> None:
    last = ""
    async for line in response.content:
        answer.body += line
        if not line.startswith(b"data: "):
            continue
        last = line[6:].strip().decode()
        if last == "[DONE]":
            break
        chunk = json.loads(last)
        if "error" in chunk:
            answer.code = chunk["error"]["code"]
        if usage := chunk.get("usage"):
            answer.tokens = usage["completion_tokens"]
        if answer.first_token_s is None and any(
            choice["delta"].get("content") for choice in chunk.get("choices", ())
        ):
            answer.first_token_s = time.monotonic() - began
    answer.complete = last == "[DONE]" and not answer.code


def _read_whole(body: bytes, answer: Answer) -> None:
    answer.body, fields = body, json.loads(body)
    if answer.status == 200:
        answer.tokens, answer.complete = fields["usage"]["completion_tokens"], True
    else:
        answer.code = fields["error"]["code"]


class Lateness:
    """How late this very program was at most while the block ran: on a busy machine the server is as late."""

    def __init__(self) -> None:
        self.seconds = 0.0

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._look())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()

    async def _look(self) -> None:
        never = asyncio.Event()
        while True:
            began = time.monotonic()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(never.wait(), _LOOK_EVERY_S)
            self.seconds = max(self.seconds, time.monotonic() - began - _LOOK_EVERY_S)


async def at_once(width: int, work: Iterable[Callable[[], Awaitable[Any]]]) -> None:
    """Do all of `work`, `width` at a time."""
    waiting = iter(work)

    async def hand() -> None:
        for each in waiting:
            await each()

    async with asyncio.TaskGroup() as group:
        for _ in range(width):
            group.create_task(hand())
