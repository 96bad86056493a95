"""The gateway against LiteLLM's proxy and a bare nginx: one worker each, the same stub engine behind all of them.

Jixi runs with everything on: the key is looked up, tenant and key have budgets, each call is held before it goes to
the engine and charged before its last byte, both committed to SQLite with synchronous=FULL. LiteLLM runs with a
master key and without a database, nginx forwards bytes. Jixi and nginx reach the stub over its Unix socket, LiteLLM,
which cannot, over loopback, where the stub is also measured directly.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from _harness import (
    Figures,
    Load,
    Side,
    compare,
    debian_tool,
    folder,
    free_port,
    jixi,
    load,
    process,
    python_peer,
    quick,
    ratio,
    resident_mib,
    say,
    wait_for,
)

PATH = "/v1/chat/completions"
MESSAGES = [{"role": "user", "content": "Hello, how are you today?"}]
CALL: dict[str, Any] = {"model": "stub", "messages": MESSAGES, "max_tokens": 16}
STREAM: dict[str, Any] = {"model": "stub", "messages": MESSAGES, "max_tokens": 64, "stream": True}

NGINX = """
daemon off; worker_processes 1; {user} pid {home}/nginx.pid; error_log {home}/nginx-error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_body_temp_path {home}/b; proxy_temp_path {home}/p; fastcgi_temp_path {home}/f;
  uwsgi_temp_path {home}/u; scgi_temp_path {home}/s; keepalive_requests 10000000;
  upstream stub {{ server unix:{socket}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://stub; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
    }}
  }}
}}
"""
LITELLM = """
model_list:
  - model_name: stub
    litellm_params: {{model: openai/stub, api_base: "{url}/v1", api_key: none}}
general_settings: {{master_key: sk-bench}}
litellm_settings: {{telemetry: false}}
"""


@contextlib.contextmanager
def nginx(home: Path, socket: Path) -> Iterator[Side]:
    port = free_port()
    config = home / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(NGINX.format(user=user, home=home, socket=socket, port=port))
    with process([debian_tool("nginx"), "-c", config, "-p", home], home / "nginx.log"):
        side = Side("nginx", f"http://127.0.0.1:{port}")
        wait_for(side.url, 10)
        yield side


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


def stub_socket(data: Path) -> Path:
    return next(
        path for path in (data / "data" / "run").rglob("*.sock") if not path.name.startswith("ledger-")
    )


def main() -> None:
    short = quick(__doc__ or "")
    seconds, rounds = (1, 3) if short else (5, 5)
    figures = Figures()
    with folder() as home, contextlib.ExitStack() as stack:
        stub = Side("stub", f"http://127.0.0.1:{free_port()}")
        port = int(stub.url.rpartition(":")[2])
        slow, slow_pid = stack.enter_context(litellm(home, stub))
        deployment = {"name": "stub", "engine": "stub", "parallel": 64, "options": {"port": port}}
        ours, pid = stack.enter_context(jixi(home, [deployment]))
        rest, slow_rest = resident_mib(pid), resident_mib(slow_pid)
        plain = stack.enter_context(nginx(home, stub_socket(home)))
        sides = [ours, plain, stub, slow]
        for side in sides:
            load(side, PATH, CALL, 4, 1)

        def calls(side: Side) -> Load:
            return load(side, PATH, CALL, 32, seconds * (2 if side is slow else 1))

        def streams(side: Side) -> Load:
            return load(side, PATH, STREAM, 16, seconds * (2 if side is slow else 1))

        say("calls at 32 connections")
        found = compare(sides, rounds, calls)
        figures.add("gateway_rps_vs_litellm", ratio(found, "jixi", "litellm"), ">=", 40)
        figures.add("gateway_rps_vs_nginx", ratio(found, "jixi", "nginx"), ">=", 0.10)
        say("streams of 64 chunks at 16 connections")
        found = compare(sides, rounds, streams)
        figures.add("gateway_streams_vs_litellm", ratio(found, "jixi", "litellm"), ">=", 40)
        figures.add("gateway_streams_vs_stub", ratio(found, "jixi", "stub"), ">=", 0.6)
        figures.add("gateway_rest_vs_litellm", rest / slow_rest, "<=", 1)
        say(
            f"at rest {rest:.0f} MiB, after the load {resident_mib(pid):.0f} MiB; litellm {slow_rest:.0f} MiB"
        )
    figures.print()


if __name__ == "__main__":
    main()
