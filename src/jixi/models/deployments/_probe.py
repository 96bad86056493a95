"""How an engine is asked whether it is alive: its health, its progress, and one token of real work."""

import asyncio
from typing import Final

import msgspec

from jixi.core.principal import Scope
from jixi.models.deployments._replica import Replica
from jixi.models.engines import CANARY, EngineClient, EngineConnectionError

_ANSWER_S: Final = 2.0
_FIRST_WAIT_S: Final = 0.02
_LONGEST_WAIT_S: Final = 1.0


async def healthy(client: EngineClient) -> None:
    """Return when the engine says that it can take calls; asks ever less often."""
    wait = _FIRST_WAIT_S
    while (await _get(client, "/health"))[0] != 200:
        await asyncio.sleep(wait)
        wait = min(2 * wait, _LONGEST_WAIT_S)


async def position(replica: Replica, timeout_s: float) -> bytes:
    """What the engine says of how far it is; empty where it does not say."""
    profile = replica.profile
    if profile.progress is None:
        return b""
    _, said = await _get(replica.client, profile.progress, timeout_s)
    if not profile.progress_lines:
        return said
    mark = profile.progress_lines.encode()
    return b"\n".join(line for line in said.splitlines() if line.startswith(mark))


async def canary(replica: Replica, timeout_s: float) -> str | None:
    """Have it do one token of real work; returns what went wrong, or None."""
    call = _smallest_call(replica)
    try:
        async with asyncio.timeout(timeout_s):
            if call is None:
                response = await replica.client.send("/health", method="GET", request_id=CANARY)
            else:
                response = await replica.client.send(*call, request_id=CANARY)
            await response.read()
    except EngineConnectionError as error:
        return str(error)
    except TimeoutError:
        return f"no answer within {timeout_s:g} s"
    return f"status {response.status}" if response.status >= 500 else None


def _smallest_call(replica: Replica) -> tuple[str, bytes] | None:
    """None where even the smallest would keep the engine from others: sound and images."""
    kinds, model = replica.profile.kinds, replica.spec.name
    asks = {name: msgspec.Raw(value) for name, value in replica.asks.get(model, {}).items()}
    if Scope.CHAT in kinds:
        messages = [{"role": "user", "content": "ping"}]
        return "/v1/chat/completions", _json({"model": model, "messages": messages, "max_tokens": 1, **asks})
    if Scope.COMPLETIONS in kinds:
        return "/v1/completions", _json({"model": model, "prompt": "ping", "max_tokens": 1, **asks})
    if Scope.RERANK in kinds:
        return "/v1/rerank", _json({"model": model, "query": "ping", "documents": ["pong"], **asks})
    if kinds & {Scope.EMBEDDINGS, Scope.CLASSIFY}:
        path = "/v1/embeddings" if Scope.EMBEDDINGS in kinds else "/v1/classify"
        return path, _json({"model": model, "input": "ping", **asks})
    return None


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
