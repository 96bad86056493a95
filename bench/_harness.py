"""What every bench needs: peers in a folder of their own, processes that end with it, load, figures printed last."""

import argparse
import contextlib
import json
import os
import re
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

_LUA = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. os.getenv("BENCH_KEY")
wrk.body = os.getenv("BENCH_BODY")
"""


class Load(NamedTuple):
    """What came out of a load: answers in a second, the median wait, and how many answers were no good."""

    per_s: float
    p50_ms: float
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


def quick(description: str) -> bool:
    """Whether `--quick` was asked for."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="end in under 50 seconds, peers being installed")
    return parser.parse_args().quick


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
def jixi(data: Path, deployments: list[dict[str, Any]]) -> Iterator[tuple[Side, int]]:
    """A whole Jixi with these deployments: authentication, budgets, ledger and all. Yields its process id too."""
    argv = [sys.executable, ROOT / "bench/_server.py", data / "data", json.dumps(deployments)]
    with process(argv, data / "jixi.log") as child:
        told = json.loads(_line(child))
        yield Side("jixi", told["url"], told["key"]), child.pid


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


def load(side: Side, path: str, body: Mapping[str, Any], connections: int, seconds: float) -> Load:
    """Run wrk against one side."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_LUA)
        script.flush()
        words = [f"-c{connections}", f"-d{max(1, round(seconds))}s", "-t1", "--timeout", "30s", "--latency"]
        done = subprocess.run(
            [debian_tool("wrk"), *words, "-s", script.name, side.url + path],
            env={**os.environ, "BENCH_KEY": side.key, "BENCH_BODY": json.dumps(body)},
            capture_output=True,
            text=True,
            check=True,
        )
    return _read(done.stdout)


def _read(text: str) -> Load:
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    median = re.search(r"50%\s+([\d.]+)(us|ms|s)", text)
    if rate is None or median is None:
        raise RuntimeError(f"wrk said: {text}")
    bad = sum(int(n) for n in re.findall(r"Non-2xx or 3xx responses: (\d+)", text))
    bad += sum(int(n) for line in re.findall(r"Socket errors: (.*)", text) for n in re.findall(r"\d+", line))
    scale = {"us": 0.001, "ms": 1.0, "s": 1000.0}[median[2]]
    return Load(float(rate[1]), float(median[1]) * scale, bad)


def compare(sides: Sequence[Side], rounds: int, measure: Callable[[Side], Load]) -> dict[str, list[Load]]:
    """Measure the sides in turn, `rounds` times, so that what else the machine does hits all of them."""
    found: dict[str, list[Load]] = {side.name: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            one = measure(side)
            if one.bad:
                raise RuntimeError(f"{side.name} gave {one.bad} bad answers")
            found[side.name].append(one)
            say(f"  {side.name:10} {one.per_s:10.1f}/s  p50 {one.p50_ms:9.2f} ms")
    return found


def ratio(found: Mapping[str, list[Load]], of: str, to: str) -> float:
    """The median over the rounds of how many times as much `of` did as `to`."""
    return statistics.median(a.per_s / b.per_s for a, b in zip(found[of], found[to], strict=True))


def resident_mib(pid: int) -> float:
    """The memory that a server and its ledger's process hold, without its engines."""
    server = psutil.Process(pid)
    ledger = [each for each in server.children() if "jixi.governance.ledger._worker" in each.cmdline()]
    return sum(each.memory_info().rss for each in (server, *ledger)) / 2**20


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
        libraries = {str(found.parent) for found in (home / "root").rglob("*.so*")}
        wrapper.write_text(f'#!/bin/sh\nLD_LIBRARY_PATH="{":".join(libraries)}" exec "{binary}" "$@"\n')
        wrapper.chmod(0o755)
    return str(wrapper)
