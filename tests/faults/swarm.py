"""Callers that go on whatever happens, and remember what they were promised."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

CLIENTS = 8


@dataclass
class Journal:
    """What the callers saw. `acknowledged`: request id and output tokens of every answer that ended well."""

    acknowledged: dict[str, int] = field(default_factory=dict[str, int])
    broken: int = 0
    """Answers that began and did not end well."""
    refused: dict[str, int] = field(default_factory=dict[str, int])
    """How often each error code was answered."""
    _moved: threading.Condition = field(default_factory=threading.Condition)

    def acknowledge(self, request_id: str, tokens: int) -> None:
        with self._moved:
            assert request_id not in self.acknowledged
            self.acknowledged[request_id] = tokens
            self._moved.notify_all()

    def wait_for(self, count: int, seconds: float) -> bool:
        """Whether so many answers were acknowledged within the time."""
        with self._moved:
            return self._moved.wait_for(lambda: len(self.acknowledged) >= count, seconds)

    def note(self, code: str) -> None:
        with self._moved:
            self.refused[code] = self.refused.get(code, 0) + 1

    def cut(self) -> None:
        with self._moved:
            self.broken += 1


@contextmanager
def swarm(url: str, key: str) -> Iterator[Journal]:
    """CLIENTS callers, half of whose calls are streams, until the end of the block."""
    journal, stop = Journal(), threading.Event()
    with ThreadPoolExecutor(CLIENTS) as pool:
        callers: list[Future[None]] = [pool.submit(_go_on, url, key, journal, stop) for _ in range(CLIENTS)]
        try:
            yield journal
        finally:
            stop.set()
    for caller in callers:
        caller.result()


def _go_on(url: str, key: str, journal: Journal, stop: threading.Event) -> None:
    number = 0
    with httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
        while not stop.is_set():
            number += 1
            try:
                if not _call(client, journal, stream=number % 2 == 0):
                    stop.wait(0.02)
            except httpx2.ConnectError:
                stop.wait(0.1)
            except httpx2.TransportError:
                journal.cut()


def _call(client: httpx2.Client, journal: Journal, *, stream: bool) -> bool:
    """One call; whether it was answered at all."""
    body: dict[str, Any] = {"model": "stub", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 6}
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    with client.stream("POST", "/v1/chat/completions", json=body) as answer:
        text = answer.read().decode()
    if answer.status_code != 200:
        journal.note(json.loads(text)["error"]["code"])
        return False
    tokens = _tokens_of_stream(text) if stream else json.loads(text)["usage"]["completion_tokens"]
    if tokens is None:
        journal.cut()
    else:
        journal.acknowledge(answer.headers["x-request-id"], tokens)
    return True


def _tokens_of_stream(text: str) -> int | None:
    """The tokens of a stream that ended well; None for one that says that it did not."""
    frames = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    if frames[-1] != "[DONE]":
        assert "error" in json.loads(frames[-1]), "a stream that broke looks like one that ended well"
        return None
    tokens: int = json.loads(frames[-2])["usage"]["completion_tokens"]
    return tokens
