"""Ten thousand streams that are open and say nothing: what each of them costs the server in memory.

The stub sends a few tokens and falls silent; the streams are counted as open when their first token has arrived.
The other side of the figure is what a bare nginx holds for the same streams.
"""

import asyncio
import contextlib
import json
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from _harness import Figures, Side, asked, folder, jixi, nginx, resident_mib, say, stub_socket

MESSAGES = [{"role": "user", "content": "Hello"}]
SILENT_S = 50
OPENING_AT_ONCE = 200


def body(frames: int) -> dict[str, Any]:
    stub = {"stall_s": SILENT_S, "stall_at": frames}
    return {"model": "stub", "messages": MESSAGES, "max_tokens": 8, "stream": True, "stub": stub}


def request(side: Side) -> bytes:
    payload = json.dumps(body(3)).encode()
    host = side.url.removeprefix("http://")
    return (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {side.key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(payload)}\r\n\r\n"
    ).encode() + payload


async def open_streams(side: Side, count: int, measure: Callable[[], float]) -> tuple[float, float]:
    """The memory before and while `count` streams are open, in MiB."""
    host, port = side.url.removeprefix("http://").split(":")
    raw, gate = request(side), asyncio.Semaphore(OPENING_AT_ONCE)
    before = measure()

    async def one() -> asyncio.StreamWriter:
        async with gate:
            reader, writer = await asyncio.open_connection(host, int(port), limit=2048)
            writer.write(raw)
            await asyncio.wait_for(reader.readuntil(b'"content":"tok'), SILENT_S)
            return writer

    writers = await asyncio.gather(*(one() for _ in range(count)))
    during = measure()
    for writer in writers:
        writer.transport.abort()
    return before, during


def as_many_as_possible(wanted: int) -> int:
    """Each stream needs two sockets in the server, which inherits this process's limit."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    count = min(wanted, most // 2 - 100)
    if count < wanted:
        say(f"this machine allows a process {most} open files, enough for {count} streams")
    return count


@contextlib.contextmanager
def sides(home: Path, count: int) -> Iterator[tuple[Side, int, Side, int]]:
    options = {"request_scripts": True}
    deployment = {"name": "stub", "engine": "stub", "parallel": count + 16, "options": options}
    with jixi(home, [deployment]) as (ours, pid), nginx(home, stub_socket(home)) as (plain, plain_pid):
        yield ours, pid, plain, plain_pid


def kib(before: float, during: float, count: int) -> float:
    return (during - before) * 1024 / count


def family_mib(pid: int) -> float:
    process = psutil.Process(pid)
    return sum(each.memory_info().rss for each in (process, *process.children())) / 2**20


async def main() -> None:
    count = as_many_as_possible(2_000 if asked(__doc__).quick else 10_000)
    figures = Figures()
    with folder() as home, sides(home, count) as (ours, pid, plain, plain_pid):
        await open_streams(ours, 50, lambda: 0.0)
        of_ours = kib(*await open_streams(ours, count, lambda: resident_mib(pid)), count)
        of_plain = kib(*await open_streams(plain, count, lambda: family_mib(plain_pid)), count)
        say(f"{count} open streams: jixi {of_ours:.1f} KiB each, nginx {of_plain:.1f} KiB each")
        figures.add("idle_streams_kib_each", of_ours, "<=", 32)
        figures.add("idle_streams_vs_nginx", of_ours / of_plain, "<=", 2)
    figures.print()


if __name__ == "__main__":
    asyncio.run(main())
