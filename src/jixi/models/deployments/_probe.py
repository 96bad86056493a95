"""How an engine is asked whether it is alive: its health, its progress, and one token of real work."""

import asyncio
from typing import Final

import msgspec

from jixi.core.principal import Scope
from jixi.models.deployments._replica import Replica
from jixi.models.engines import CANARY, EngineClient, EngineConnectionError

_ANSWER_S: Final = 5.0
_FIRST_WAIT_S: Final = 0.02
_LONGEST_WAIT_S: Final = 1.0


async def healthy(client: EngineClient) -> None:
    """Return when the engine says that it can take calls; asks ever less often."""
    wait = _FIRST_WAIT_S
    while (await _get(client, "/health"))[0] != 200:
        await asyncio.sleep(wait)
        wait = min(2 * wait, _LONGEST_WAIT_S)


async def position(replica: Replica) -> bytes:
    """What the engine says of how far it is; empty where it does not say."""
    path = replica.profile.progress
    return (await _get(replica.client, path, replica.spec.stall_s))[1] if path is not None else b""


async def canary(replica: Replica, timeout_s: float) -> str | None:
    """Have it do one token of real work; returns what went wrong, or None."""
    path, body = _smallest_call(replica)
    try:
        async with asyncio.timeout(timeout_s):
            response = await replica.client.send(path, body, request_id=CANARY)
            await response.read()
    except EngineConnectionError as error:
        return str(error)
    except TimeoutError:
        return f"no answer within {timeout_s:g} s"
    return f"status {response.status}" if response.status >= 500 else None


def _smallest_call(replica: Replica) -> tuple[str, bytes]:
    kinds, model = replica.profile.kinds, replica.spec.name
    if Scope.CHAT in kinds:
        messages = [{"role": "user", "content": "ping"}]
        return "/v1/chat/completions", _json({"model": model, "messages": messages, "max_tokens": 1})
    if Scope.COMPLETIONS in kinds:
        return "/v1/completions", _json({"model": model, "prompt": "ping", "max_tokens": 1})
    return "/v1/embeddings", _json({"model": model, "input": "ping"})


def _json(value: dict[str, object]) -> bytes:
    return msgspec.json.encode(value)


async def _get(client: EngineClient, path: str, timeout_s: float = _ANSWER_S) -> tuple[int, bytes]:
    """The answer, or (0, nothing) where there is none in good time."""
    try:
        async with asyncio.timeout(min(timeout_s, _ANSWER_S)):
            response = await client.send(path, method="GET")
            return response.status, await response.read()
    except (EngineConnectionError, TimeoutError):
        return 0, b""
