"""Runs every script in bench/ and writes docs/reference/figures.md with date, commit and machine."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/reference/figures.md"


def run(script: Path, arguments: list[str]) -> list[list[str]]:
    """The figure lines of one benchmark, each as [name, value, operator, goal, verdict]; its output goes to stderr."""
    done = subprocess.run(
        [sys.executable, script, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    sys.stderr.write(done.stdout)
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith("figure ")]
    return [[name, value, operator, goal, verdict] for _, name, value, _, operator, goal, verdict in lines]


def main() -> int:
    scripts = sorted(path for path in (ROOT / "bench").glob("*.py") if not path.name.startswith("_"))
    rows = [[script.stem, *row] for script in scripts for row in run(script, sys.argv[1:])]
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    head = [
        "# Figures",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d} at commit `{commit}` on {machine}. All sides of a ratio ran in the",
        "same run on the same machine. `make bench` writes this page.",
        "",
        "| script | figure | value | goal | |",
        "|---|---|---|---|---|",
    ]
    body = [
        f"| {s} | {name} | {value} | {op} {goal} | {verdict} |" for s, name, value, op, goal, verdict in rows
    ]
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text("\n".join([*head, *body, ""]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
