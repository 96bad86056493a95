"""Runs every script in bench/ and writes docs/reference/figures.md with date, commit and machine.

`--check` runs nothing: it names the rows of the page that no script prints any more, and exits with 1 where there are
some. `--prune` takes them out.
"""

import ast
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
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


def scripts() -> list[Path]:
    return sorted(path for path in (ROOT / "bench").glob("*.py") if not path.name.startswith("_"))


def printed() -> Iterator[re.Pattern[str]]:
    """What the rows of the page begin and end with, for each figure that a script adds."""
    for script in scripts():
        for node in ast.walk(ast.parse(script.read_text("utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="add"), args=[name, _, ast.Constant(op), ast.Constant(goal)]
                ):
                    parts = name.values if isinstance(name, ast.JoinedStr) else [name]
                    names = "".join(
                        re.escape(part.value) if isinstance(part, ast.Constant) else r"\w+" for part in parts
                    )
                    yield re.compile(
                        rf"\| {script.stem} \| {names} \| \S+ \| {re.escape(op)} {re.escape(f'{goal:g}')} \|.*"
                    )
                case _:
                    pass


def stale(lines: list[str]) -> list[str]:
    """The rows of the page that nobody prints."""
    patterns = list(printed())
    rows = lines[lines.index("|---|---|---|---|---|") + 1 :]
    return [row for row in rows if row and not any(each.fullmatch(row) for each in patterns)]


def tidy(*, prune: bool) -> int:
    """Name the rows that nobody prints, or take them out."""
    lines = PAGE.read_text("utf-8").split("\n")
    gone = stale(lines)
    sys.stdout.write("".join(f"{row}\n" for row in gone))
    if prune:
        PAGE.write_text("\n".join(line for line in lines if line not in gone), encoding="utf-8")
    return 1 if gone and not prune else 0


def main() -> int:
    if sys.argv[1:] in (["--check"], ["--prune"]):
        return tidy(prune=sys.argv[1] == "--prune")
    rows = [[script.stem, *row] for script in scripts() for row in run(script, sys.argv[1:])]
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
