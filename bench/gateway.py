"""The gateway against LiteLLM's proxy and a bare nginx: one worker each, the same stub engine behind all of them.

Jixi runs with everything on: the key is looked up, tenant and key have limits of every kind, each call is held before
it goes to the engine and charged before its last byte, both committed to SQLite with synchronous=FULL. LiteLLM runs
with a master key and without a database, nginx forwards bytes. Jixi and nginx reach the stub over its Unix socket,
LiteLLM, which cannot, over loopback, where the stub is also measured directly.
"""

import contextlib
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from _harness import (
    Figures,
    Load,
    Side,
    asked,
    compare,
    cpu_s,
    folder,
    free_port,
    jixi,
    load,
    nginx,
    process,
    python_peer,
    ratio,
    resident_mib,
    say,
    stub_socket,
    wait_for,
)

PATH = "/v1/chat/completions"
MESSAGES = [{"role": "user", "content": "Hello, how are you today?"}]
CALL: dict[str, Any] = {"model": "stub", "messages": MESSAGES, "max_tokens": 16}
STREAM: dict[str, Any] = {"model": "stub", "messages": MESSAGES, "max_tokens": 64, "stream": True}

ALIAS = "bench-alias"
HALF_LOADED = 64
"""Connections of the half load; each rests long enough between its calls."""
LITELLM = """
model_list:
  - model_name: stub
    litellm_params: {{model: openai/stub, api_base: "{url}/v1", api_key: none}}
general_settings: {{master_key: sk-bench}}
litellm_settings: {{telemetry: false}}
"""


@contextlib.contextmanager
def litellm(home: Path, stub: Side) -> Iterator[tuple[Side, int]]:
    binary = python_peer("litellm", "litellm[proxy]") / "litellm"
    port = free_port()
    config = home / "litellm.yaml"
    config.write_text(LITELLM.format(url=stub.url))
    argv = [binary, "--config", config, "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
    environment = {
        "LITELLM_LOG": "ERROR",
        "LITELLM_MODE": "PRODUCTION",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    with process(argv, home / "litellm.log", environment) as child:
        side = Side("litellm", f"http://127.0.0.1:{port}", "sk-bench")
        wait_for(side.url, 120)
        yield side, child.pid


def added_p99(sides: tuple[Side, Side], found: dict[str, list[Load]], direct: Load, seconds: float) -> float:
    """How much `sides[0]` adds to the wait at 99 % when half loaded, for each part that `sides[1]` adds."""
    added: list[float] = []
    for side in sides:
        most = statistics.median(one.per_s for one in found[side.name])
        pause_ms = 1000 * HALF_LOADED / (0.5 * most)
        half = load(side, PATH, CALL, HALF_LOADED, seconds, pause_ms)
        say(f"  {side.name:10} {half.per_s:10.1f}/s of {most:.0f}/s  p99 {half.p99_ms:9.2f} ms")
        added.append(max(half.p99_ms - direct.p99_ms, 0.01))
    return added[0] / added[1]


class Field(NamedTuple):
    """Who is compared, for how long and how often; `slow` is LiteLLM, where it takes part."""

    ours: Side
    pid: int
    plain: Side
    stub: Side
    slow: Side | None
    seconds: float
    rounds: int

    def compare(self, body: dict[str, Any], connections: int) -> dict[str, list[Load]]:
        sides = [self.ours, self.plain, self.stub, *([self.slow] if self.slow else [])]

        def one(side: Side) -> Load:
            return load(side, PATH, body, connections, self.seconds * (2 if side is self.slow else 1))

        return compare(sides, self.rounds, one)


def calls(field: Field, figures: Figures) -> None:
    say("calls at 32 connections")
    used = cpu_s(field.pid)
    found = field.compare(CALL, 32)
    made = sum(one.per_s for one in found["jixi"]) * field.seconds
    say(f"  {1e6 * (cpu_s(field.pid) - used) / made:.0f} µs of processor a call, the ledger's among them")
    figures.add("gateway_rps_vs_nginx", ratio(found, "jixi", "nginx"), ">=", 0.10)
    if field.slow is not None:
        figures.add("gateway_rps_vs_litellm", ratio(found, "jixi", "litellm"), ">=", 40)
        say("calls at half of what each can do")
        direct = load(field.stub, PATH, CALL, HALF_LOADED, field.seconds, 100)
        added = added_p99((field.ours, field.slow), found, direct, 2 * field.seconds)
        figures.add("gateway_added_p99_vs_litellm", added, "<=", 1)


def streams(field: Field, figures: Figures) -> None:
    say("streams of 64 chunks at 16 connections")
    used = cpu_s(field.pid)
    found = field.compare(STREAM, 16)
    used = cpu_s(field.pid) - used
    if field.slow is not None:
        figures.add("gateway_streams_vs_litellm", ratio(found, "jixi", "litellm"), ">=", 40)
    figures.add("gateway_streams_vs_stub", ratio(found, "jixi", "stub"), ">=", 0.6)
    chunks = sum(one.per_s for one in found["jixi"]) * field.seconds * STREAM["max_tokens"]
    figures.add("gateway_cpu_ms_per_1000_chunks", 1e6 * used / chunks, "<=", 15)


def aliases(field: Field, figures: Figures) -> None:
    say("calls and streams through an alias, and without")
    by_alias = Side("alias", field.ours.url, field.ours.key)

    def named(side: Side, body: dict[str, Any], connections: int) -> Load:
        model = {"model": ALIAS} if side is by_alias else {}
        return load(side, PATH, body | model, connections, field.seconds)

    sides = [field.ours, by_alias]
    found = compare(sides, field.rounds, lambda side: named(side, CALL, 32))
    figures.add("gateway_alias_rps_vs_plain", ratio(found, "alias", "jixi"), ">=", 0.8)
    found = compare(sides, field.rounds, lambda side: named(side, STREAM, 16))
    figures.add("gateway_alias_streams_vs_plain", ratio(found, "alias", "jixi"), ">=", 0.5)


def main() -> None:
    asks = asked(__doc__)
    figures = Figures()
    with folder() as home, contextlib.ExitStack() as stack:
        stub = Side("stub", f"http://127.0.0.1:{free_port()}")
        peer = None if "litellm" in asks.without else stack.enter_context(litellm(home, stub))
        options = {"port": int(stub.url.rpartition(":")[2])}
        deployment = {"name": "stub", "engine": "stub", "parallel": 64, "options": options}
        ours, pid = stack.enter_context(jixi(home, [deployment]))
        rest, peer_rest = resident_mib(pid), resident_mib(peer[1]) if peer else 0.0
        plain, _ = stack.enter_context(nginx(home, stub_socket(home)))
        seconds, rounds = (1, 2) if asks.quick else (5, 5)
        field = Field(ours, pid, plain, stub, peer[0] if peer else None, seconds, rounds)
        for side in (ours, plain, stub, *([peer[0]] if peer else [])):
            load(side, PATH, CALL, 4, 1)
        calls(field, figures)
        streams(field, figures)
        aliases(field, figures)
        say(
            f"at rest {rest:.0f} MiB, after the load {resident_mib(pid):.0f} MiB; litellm {peer_rest:.0f} MiB"
        )
        if peer:
            figures.add("gateway_rest_vs_litellm", rest / peer_rest, "<=", 1)
    figures.print()


if __name__ == "__main__":
    main()
