"""Decoding through Jixi against the same llama.cpp server reached directly, with one chat and with four at once.

Both sides use one engine process, over its own Unix socket or through the whole gateway: key, budgets, hold, charge.
SmolLM2-135M comes out of the package that carries it, so nothing is downloaded.
"""

import asyncio
import statistics
import time
from pathlib import Path
from typing import NamedTuple

import httpx2

from _harness import Figures, Side, folder, jixi, quick, say

MODEL = "smollm2"
TOKENS = 160
WARM_UP = 8


class Way(NamedTuple):
    """How a chat reaches the engine."""

    name: str
    client: httpx2.AsyncClient


def ways(side: Side, socket: Path) -> list[Way]:
    headers = {"Authorization": f"Bearer {side.key}"}
    # llama.cpp closes connections that rest: a new one for each chat, on both sides.
    fresh = httpx2.Limits(max_keepalive_connections=0)
    patience = httpx2.Timeout(120)
    through = httpx2.AsyncClient(base_url=side.url, headers=headers, timeout=patience, limits=fresh)
    transport = httpx2.AsyncHTTPTransport(uds=str(socket), limits=fresh)
    direct = httpx2.AsyncClient(base_url="http://engine", transport=transport, timeout=patience)
    return [Way("direct", direct), Way("jixi", through)]


async def chat(way: Way, number: int, tokens: int) -> list[float]:
    """When each token of one chat arrived, in seconds of the clock."""
    body = {
        "model": MODEL,
        "messages": [{"role": "user", "content": f"Story {number}: once upon a time there was a king who"}],
        "max_tokens": tokens,
        "temperature": 0,
        "ignore_eos": True,
        "stream": True,
    }
    async with way.client.stream("POST", "/v1/chat/completions", json=body) as answer:
        answer.raise_for_status()
        return [time.perf_counter() async for line in answer.aiter_lines() if '"content":"' in line]


async def rate(way: Way, chats: int, tokens: int) -> float:
    """Tokens a second of all chats together, from the first token of the first to the last of the last."""
    found = await asyncio.gather(*(chat(way, number, tokens) for number in range(chats)))
    arrivals = [moment for one in found for moment in one]
    return (len(arrivals) - chats) / (max(arrivals) - min(arrivals))


async def compare(sides: list[Way], chats: int, rounds: int) -> float:
    """The median over the rounds of what Jixi reaches of the direct way; who goes first changes each round."""
    ratios: list[float] = []
    for number in range(rounds):
        found: dict[str, float] = {}
        for way in sides if number % 2 else reversed(sides):
            found[way.name] = await rate(way, chats, TOKENS)
        ratios.append(found["jixi"] / found["direct"])
        say(f"  {chats} chats: direct {found['direct']:6.1f} tokens/s, jixi {found['jixi']:6.1f} tokens/s")
    return statistics.median(ratios)


async def main() -> None:
    rounds = 3 if quick(__doc__ or "") else 9
    figures = Figures()
    with folder() as home:
        deployment = {"name": MODEL, "engine": "llamacpp", "model": MODEL, "parallel": 4, "context": 1024}
        with jixi(home, [deployment]) as (side, _):
            run = home / "data" / "run"
            socket = next(path for path in run.rglob("*.sock") if not path.name.startswith("ledger-"))
            sides = ways(side, socket)
            for way in sides:
                await rate(way, 4, WARM_UP)
            for chats in (1, 4):
                ratio = await compare(sides, chats, rounds)
                figures.add(f"engine_decode_vs_direct_{chats}", ratio, ">=", 0.95)
            for way in sides:
                await way.client.aclose()
    figures.print()


if __name__ == "__main__":
    asyncio.run(main())
