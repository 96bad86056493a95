"""A real server (`jixi serve` in its own process) and a real browser (Debian's Chromium) for the walks."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

READY_WITHIN_S = 90
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True, kw_only=True)
class Served:
    """A running server as a newcomer meets it: its address and the link that was printed once."""

    url: str
    setup_link: str
    data_dir: Path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _read_until(process: subprocess.Popen[str], pattern: str) -> str:
    """The first match of `pattern` in what the process prints; fails with all it printed after READY_WITHIN_S."""
    seen: list[str] = []
    timer = threading.Timer(READY_WITHIN_S, process.kill)
    timer.start()
    try:
        assert process.stdout is not None
        for line in process.stdout:
            seen.append(line)
            if match := re.search(pattern, line):
                return match.group(0)
    finally:
        timer.cancel()
    raise AssertionError(f"the server never printed {pattern}: {''.join(seen)}")


@contextmanager
def serving(
    tmp_path_factory: pytest.TempPathFactory,
    *,
    starter: str = "smollm2",
    settings: Mapping[str, str] | None = None,
) -> Generator[Served]:
    """`jixi serve` on an empty data folder, `settings` as variables, with no network needed; ends as Ctrl-C ends it."""
    data_dir = tmp_path_factory.mktemp("data")
    port = _free_port()
    command = [sys.executable, "-m", "jixi", "serve", "--starter", starter, "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--data-dir", str(data_dir)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "COLUMNS": "300", "NO_COLOR": "1", "LANG": "C.UTF-8", **(settings or {})},
    )
    try:
        link = _read_until(process, r"http://\S+/setup#token=\S+")
        yield Served(url=f"http://127.0.0.1:{port}", setup_link=link, data_dir=data_dir)
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) in (0, 130)
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium where it is installed, else the browser that Playwright fetched.

    One for each module: Playwright keeps an event loop running in this thread, which no other test could bear.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        yield browser
        browser.close()
