"""The command line as people use it: a program of its own, in a home of its own."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

STUB = """
starter = "none"
port = 0

[[deployments]]
name = "stub"
engine = "stub"
parallel = 16
"""
UP_WITHIN_S = 90


@dataclass(frozen=True)
class Started:
    """`jixi serve` after it has printed its block."""

    process: "subprocess.Popen[str]"
    block: str

    @property
    def url(self) -> str:
        return re.findall(r"(?:Console|控制台)\s+(http://\S+)", self.block)[0]

    @property
    def setup_link(self) -> str | None:
        found = re.search(r"http://\S+/setup#token=\S+", self.block)
        return found.group(0) if found else None


def environment(home: Path, **more: str) -> dict[str, str]:
    """A bare environment with `home` as home: nothing of the tester's own settings."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "LANG": "C.UTF-8",
        "COLUMNS": "300",
        "NO_COLOR": "1",
        **more,
    }


def jixi(
    *arguments: str, home: Path, stdin: str = "", env: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run one command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "jixi", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=home,
        env=environment(home, **(env or {})),
    )


@contextmanager
def serving(home: Path, *arguments: str, module: str = "jixi", **variables: str) -> Iterator[Started]:
    """`jixi serve` until the end of the block, which ends as Ctrl-C ends it and leaves no process behind."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, "serve", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=home,
        env=environment(home, **variables),
    )
    try:
        yield Started(process, _block(process))
        family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    # Whoever adopts the last of them may take a moment to notice that they have ended.
    assert psutil.wait_procs(family, timeout=30)[1] == []


def _block(process: "subprocess.Popen[str]") -> str:
    watchdog = threading.Timer(UP_WITHIN_S, process.kill)
    watchdog.start()
    lines: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if "print(client.chat" in line:
                return "".join(lines)
    finally:
        watchdog.cancel()
    raise AssertionError(f"the server did not start: {''.join(lines)}")
