"""What every bench needs: peers in a folder of their own, processes that end with it, load, figures printed last."""

import argparse
import contextlib
import json
import os
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import psutil

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / ".peers"

_AT_REST_PERCENT = 15

_NGINX = """
daemon off; worker_processes 1; worker_rlimit_nofile {files}; {user}
pid {home}/nginx.pid; error_log {home}/nginx-error.log;
events {{ worker_connections 30000; }}
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

_LUA = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. os.getenv("BENCH_KEY")
wrk.body = os.getenv("BENCH_BODY")
"""
_PACED = """
local pause = tonumber(os.getenv("BENCH_PAUSE_MS"))
function delay() return math.random(0, 2 * pause) end
"""


class Load(NamedTuple):
    """What came out of a load: answers in a second, waits at the median and at 99 %, and how many were no good."""

    per_s: float
    p50_ms: float
    p99_ms: float
    bad: int


@dataclass(frozen=True)
class Side:
    """One of those who are compared, and where it answers."""

    name: str
    url: str
    key: str = "none"


class Figures:
    """The claims of a bench, printed when it has ended, in the form that DESIGN.md fixes."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, name: str, value: float, op: Literal[">=", "<="], goal: float) -> None:
        good = value >= goal if op == ">=" else value <= goal
        shown = f"{value:.3g}" if value < 1000 else f"{value:.0f}"
        self._lines.append(f"figure {name} {shown} goal {op} {goal:g} {'ok' if good else 'short'}")

    def print(self) -> None:
        print("\n".join(self._lines), flush=True)


class Asked(NamedTuple):
    """The options of every bench."""

    quick: bool
    without: list[str]


def asked(description: str | None) -> Asked:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="end in under 50 seconds, peers being installed")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=["litellm", "xinference"],
        help="leave out a peer and its figures",
    )
    found = parser.parse_args()
    return Asked(found.quick, found.without)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="jixi-bench-") as name:
        yield Path(name)


@contextlib.contextmanager
def process(
    argv: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """A program that ends with the block, and all that it started with it. Its stdout is a pipe, stderr a file."""
    with log.open("w") as errors:
        child = subprocess.Popen(
            [str(part) for part in argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )
        try:
            yield child
        except BaseException:
            say(f"the last words of {Path(argv[0]).name}:\n{log.read_text()[-2000:]}")
            raise
        finally:
            _end(child)


def _end(child: "subprocess.Popen[str]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(10)
            return


@contextlib.contextmanager
def jixi(
    data: Path, deployments: list[dict[str, Any]], name: str = "jixi", **settings: Any
) -> Iterator[tuple[Side, int]]:
    """A whole Jixi with these deployments: authentication, limits, ledger and all. Yields its process id too."""
    words = [data / "data", json.dumps(deployments), json.dumps(settings)]
    with process([sys.executable, ROOT / "bench/_server.py", *words], data / "jixi.log") as child:
        told = json.loads(_line(child))
        yield Side(name, told["url"], told["key"]), child.pid


@contextlib.contextmanager
def nginx(home: Path, socket: Path) -> Iterator[tuple[Side, int]]:
    """A bare nginx that forwards bytes to a Unix socket; yields its process id too."""
    port = free_port()
    config = home / "nginx.conf"
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(_NGINX.format(user=user, home=home, socket=socket, port=port, files=files))
    with process([debian_tool("nginx"), "-c", config, "-p", home], home / "nginx.log") as child:
        side = Side("nginx", f"http://127.0.0.1:{port}")
        wait_for(side.url, 10)
        yield side, child.pid


def stub_socket(data: Path) -> Path:
    return next(
        path for path in (data / "data" / "run").rglob("*.sock") if not path.name.startswith("ledger-")
    )


def _line(child: "subprocess.Popen[str]") -> str:
    assert child.stdout is not None
    line = child.stdout.readline()
    if not line:
        raise RuntimeError("it ended before it answered")
    return line


def wait_for(url: str, seconds: float, key: str = "none") -> None:
    """Return once `url` answers at all."""
    host, port = url.removeprefix("http://").split("/")[0].split(":")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
            return
        time.sleep(0.1)
    raise RuntimeError(f"{url} does not answer")


def load(
    side: Side, path: str, body: Mapping[str, Any], connections: int, seconds: float, pause_ms: float = 0
) -> Load:
    """Run wrk against one side. With `pause_ms` each connection waits about so long before each request."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_LUA + (_PACED if pause_ms else ""))
        script.flush()
        words = [f"-c{connections}", f"-d{max(1, round(seconds))}s", "-t1", "--timeout", "30s", "--latency"]
        done = subprocess.run(
            [debian_tool("wrk"), *words, "-s", script.name, side.url + path],
            env={
                **os.environ,
                "BENCH_KEY": side.key,
                "BENCH_BODY": json.dumps(body),
                "BENCH_PAUSE_MS": str(round(pause_ms)),
            },
            capture_output=True,
            text=True,
            check=True,
        )
    return _read(done.stdout)


def _read(text: str) -> Load:
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    waits = {share: re.search(rf"{share}%\s+([\d.]+)(us|ms|s)", text) for share in (50, 99)}
    if rate is None or not all(waits.values()):
        raise RuntimeError(f"wrk said: {text}")
    bad = sum(int(n) for n in re.findall(r"Non-2xx or 3xx responses: (\d+)", text))
    bad += sum(int(n) for line in re.findall(r"Socket errors: (.*)", text) for n in re.findall(r"\d+", line))
    scale = {"us": 0.001, "ms": 1.0, "s": 1000.0}
    p50, p99 = (float(found[1]) * scale[found[2]] for found in waits.values() if found)
    return Load(float(rate[1]), p50, p99, bad)


def compare(sides: Sequence[Side], rounds: int, measure: Callable[[Side], Load]) -> dict[str, list[Load]]:
    """Measure the sides in turn, `rounds` times, so that what else the machine does hits all of them."""
    found: dict[str, list[Load]] = {side.name: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            rest()
            one = measure(side)
            if one.bad:
                raise RuntimeError(f"{side.name} gave {one.bad} bad answers")
            found[side.name].append(one)
            say(f"  {side.name:10} {one.per_s:10.1f}/s  p50 {one.p50_ms:9.2f} ms")
    return found


def rest() -> None:
    """Wait until the machine rests, five seconds at most: some still work on a load when that is over."""
    end = time.monotonic() + 5
    while psutil.cpu_percent(interval=0.1) > _AT_REST_PERCENT and time.monotonic() < end:
        pass


def cpu_s(pid: int) -> float:
    """The processor time that a server's processes have used, its ledgers' among them and its engines' not."""
    return sum(sum(each.cpu_times()[:2]) for each in _processes(pid) if not _is_engine(each))


def pin(pid: int, *, engines: set[int], others: set[int]) -> None:
    """Give a server's engines these processors, and all its other processes those."""
    for each in _processes(pid):
        for thread in each.threads():
            os.sched_setaffinity(thread.id, engines if _is_engine(each) else others)


def _processes(pid: int) -> list[psutil.Process]:
    server = psutil.Process(pid)
    return [server, *server.children(recursive=True)]


def has_engines(pid: int) -> bool:
    """Whether any model of a server has a process."""
    for each in _processes(pid):
        # It may end while we look.
        with contextlib.suppress(psutil.NoSuchProcess):
            if _is_engine(each):
                return True
    return False


def _is_engine(each: psutil.Process) -> bool:
    return any(word.startswith("jixi.models.engines.") for word in each.cmdline())


def ratio(found: Mapping[str, list[Load]], of: str, to: str) -> float:
    """The median over the rounds of how many times as much `of` did as `to`."""
    return statistics.median(a.per_s / b.per_s for a, b in zip(found[of], found[to], strict=True))


def resident_mib(pid: int) -> float:
    """The memory that a server's processes hold, its ledgers' among them and its engines' not."""
    return sum(each.memory_info().rss for each in _processes(pid) if not _is_engine(each)) / 2**20


def python_peer(name: str, *requirements: str) -> Path:
    """A Python program in a virtual environment of its own; returns the folder of its commands."""
    home = PEERS / name
    done = home / ".installed"
    if not done.exists():
        say(f"installing {name} into {home.relative_to(ROOT)}")
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([home / "bin/pip", "install", "-q", *requirements], check=True)
        done.write_text(" ".join(requirements))
    return home / "bin"


_DEBS = {"wrk": ("wrk", "libluajit-5.1-2", "libluajit-5.1-common"), "nginx": ("nginx", "nginx-common")}


def debian_tool(name: str) -> str:
    """A command of the system, else of Debian's packages unpacked among the peers (no root needed)."""
    if found := shutil.which(name) or shutil.which(name, path="/usr/sbin"):
        return found
    home = PEERS / "debian"
    wrapper = home / name
    if not wrapper.exists():
        say(f"fetching {name} into {home.relative_to(ROOT)}")
        home.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", *_DEBS[name]], cwd=home, check=True, stdout=subprocess.DEVNULL)
        for package in home.glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, home / "root"], check=True)
        binary = next((home / "root").rglob(f"*bin/{name}"))
        libraries = {found.parent.relative_to(home) for found in (home / "root").rglob("*.so*")}
        path = ":".join(f"$here/{each}" for each in sorted(libraries))
        start = f'LD_LIBRARY_PATH="{path}" exec "$here/{binary.relative_to(home)}" "$@"'
        wrapper.write_text(f'#!/bin/sh\nhere=$(dirname "$0")\n{start}\n')
        wrapper.chmod(0o755)
    return str(wrapper)
