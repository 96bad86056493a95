"""Decoding through Jixi against the same llama.cpp server reached directly, with one chat and with four at once, and
against Xinference with four; then how soon a model that was ended when idle answers again.

Jixi and the direct way use one engine process, over its own Unix socket or through the whole gateway: key, limits,
hold, charge. Xinference, without authentication, runs the same build of llama.cpp on the same file, with as many
slots, threads and tokens of context. SmolLM2-135M comes out of the package that carries it, so nothing is downloaded.
It is small, and in the disk's cache when it wakes: what `engine_wake_s` shows is what Jixi and llama.cpp take.
"""

import asyncio
import contextlib
import json
import os
import re
import statistics
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import httpx2

from _harness import (
    Figures,
    Side,
    asked,
    folder,
    free_port,
    has_engines,
    jixi,
    process,
    python_peer,
    say,
    wait_for,
)

MODEL = "smollm2"
TOKENS = 160
WARM_UP = 8
SLOTS = 4
CONTEXT = 1024
DEPLOYMENT: dict[str, Any] = {
    "name": MODEL,
    "engine": "llamacpp",
    "model": MODEL,
    "parallel": SLOTS,
    "context": CONTEXT,
}
FAMILY: dict[str, Any] = {
    "version": 2,
    "model_name": "bench",
    "model_family": "bench",
    "model_lang": ["en"],
    "model_ability": ["chat"],
    # Empty: the one in the file, as on the other sides.
    "chat_template": "",
    "model_specs": [
        {
            "model_format": "ggufv2",
            "model_size_in_billions": "0_1",
            "quantization": "Q4_1",
            "model_id": None,
            "model_file_name_template": "",
        }
    ],
}
"""The model as Xinference wants to be told of it; where its file lies is said when it is launched."""
TOKEN = re.compile(r'"content": ?"[^"]')


class Way(NamedTuple):
    """How a chat reaches the engine."""

    name: str
    client: httpx2.AsyncClient


# llama.cpp closes connections that rest: a new one for each chat, on all sides.
FRESH = httpx2.Limits(max_keepalive_connections=0)
PATIENCE = httpx2.Timeout(120)


def through(side: Side) -> Way:
    headers = {"Authorization": f"Bearer {side.key}"}
    client = httpx2.AsyncClient(base_url=side.url, headers=headers, timeout=PATIENCE, limits=FRESH)
    return Way(side.name, client)


def past(socket: Path) -> Way:
    """Straight to Jixi's engine."""
    transport = httpx2.AsyncHTTPTransport(uds=str(socket), limits=FRESH)
    return Way("direct", httpx2.AsyncClient(base_url="http://engine", transport=transport, timeout=PATIENCE))


@contextlib.contextmanager
def xinference(home: Path, model: Path) -> Iterator[Side]:
    same = f"xllamacpp=={version('xllamacpp')}"
    binary = python_peer("xinference", "xinference", same, "torch==2.13.0") / "xinference-local"
    port = free_port()
    environment = {
        "XINFERENCE_HOME": str(home / "xinference"),
        "XINFERENCE_AUTH_ADVANCED": "0",
        "XINFERENCE_ENABLE_VIRTUAL_ENV": "0",
        "HF_HUB_OFFLINE": "1",
    }
    argv = [binary, "--host", "127.0.0.1", "--port", str(port), "--log-level", "ERROR"]
    launch = {
        "model_name": FAMILY["model_name"],
        "model_uid": MODEL,
        "model_engine": "llama.cpp",
        "model_path": str(model),
        "n_gpu": None,
        "n_parallel": SLOTS,
        "n_ctx": SLOTS * CONTEXT,
        "n_threads": len(os.sched_getaffinity(0)),
    }
    with process(argv, home / "xinference.log", environment):
        side = Side("xinference", f"http://127.0.0.1:{port}")
        wait_for(side.url, 120)
        with httpx2.Client(base_url=side.url, timeout=120) as client:
            told = {"model": json.dumps(FAMILY), "persist": False}
            client.post("/v1/model_registrations/LLM", json=told).raise_for_status()
            client.post("/v1/models", json=launch).raise_for_status()
        yield side


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
        if answer.status_code != 200:
            raise RuntimeError(f"{way.name} answered {answer.status_code}: {(await answer.aread())[:300]!r}")
        return [time.perf_counter() async for line in answer.aiter_lines() if TOKEN.search(line)]


async def rate(way: Way, chats: int, tokens: int) -> float:
    """Tokens a second of all chats together, from the first token of the first to the last of the last."""
    found = await asyncio.gather(*(chat(way, number, tokens) for number in range(chats)))
    arrivals = [moment for one in found for moment in one]
    return (len(arrivals) - chats) / (max(arrivals) - min(arrivals))


async def compare(sides: list[Way], chats: int, rounds: int) -> dict[str, float]:
    """The median over the rounds of what Jixi reaches of each way; who goes first changes each round."""
    ratios: dict[str, list[float]] = {way.name: [] for way in sides}
    for number in range(rounds):
        found: dict[str, float] = {}
        for way in sides if number % 2 else reversed(sides):
            found[way.name] = await rate(way, chats, TOKENS)
        for name, one in found.items():
            ratios[name].append(found["jixi"] / one)
        say(f"  {chats} chats, tokens/s: " + ", ".join(f"{name} {one:.1f}" for name, one in found.items()))
    return {name: statistics.median(each) for name, each in ratios.items()}


async def wake(way: Way, pid: int) -> float:
    """Seconds from a call to its first token, once the server has ended the model."""
    async with asyncio.timeout(60):
        while has_engines(pid):
            await asyncio.sleep(0.05)
    start = time.perf_counter()
    return (await chat(way, 0, WARM_UP))[0] - start


async def decoding(home: Path, rounds: int, peer: bool, figures: Figures) -> None:
    with contextlib.ExitStack() as stack:
        side, _ = stack.enter_context(jixi(home, [DEPLOYMENT]))
        run = home / "data" / "run"
        socket = next(path for path in run.rglob("*.sock") if not path.name.startswith("ledger-"))
        sides = [past(socket), through(side)]
        file = next((home / "data" / "models").rglob("*.gguf"))
        others = [through(stack.enter_context(xinference(home, file)))] if peer else []
        for way in (*sides, *others):
            await rate(way, 4, WARM_UP)
        figures.add("engine_decode_vs_direct_1", (await compare(sides, 1, rounds))["direct"], ">=", 0.95)
        found = await compare([*sides, *others], 4, rounds)
        figures.add("engine_decode_vs_direct_4", found["direct"], ">=", 0.95)
        if peer:
            figures.add("engine_vs_xinference_4", found["xinference"], ">=", 1)
        for way in (*sides, *others):
            await way.client.aclose()


async def waking(home: Path, rounds: int, figures: Figures) -> None:
    with jixi(home, [DEPLOYMENT | {"scale": {"idle_s": 1}}]) as (side, pid):
        way = through(side)
        waits = [await wake(way, pid) for _ in range(rounds)]
        say("  from idle to the first token: " + ", ".join(f"{each:.2f} s" for each in waits))
        figures.add("engine_wake_s", statistics.median(waits), "<=", 10)
        await way.client.aclose()


async def main() -> None:
    asks = asked(__doc__)
    rounds, wakes = (2, 1) if asks.quick else (9, 5)
    figures = Figures()
    with folder() as home:
        await decoding(home, rounds, "xinference" not in asks.without, figures)
    with folder() as home:
        await waking(home, wakes, figures)
    figures.print()


if __name__ == "__main__":
    asyncio.run(main())
