"""Seeded bugs: each is a change of our own code that must make the tests named beside it fail.

A test that goes on passing while money is lost is worth nothing; this is the test of the tests. The list is
`mutants.toml`; a bug whose text is no longer found in its file fails at every commit, so that the list stays true.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = 4
"""How many of them `make test` tries."""
FAILED = 1


class Mutant(NamedTuple):
    name: str
    file: str
    text: str
    instead: str
    caught_by: str


def mutants() -> list[Mutant]:
    listed = tomllib.loads(Path(__file__).with_name("mutants.toml").read_text("utf-8"))
    return [Mutant(name, **fields) for name, fields in listed.items()]


def _mutated(mutant: Mutant, folder: Path) -> Path:
    """A copy of the product with the bug in it."""
    source = folder / "src"
    shutil.copytree(
        ROOT / "src/jixi", source / "jixi", ignore=shutil.ignore_patterns("console", "__pycache__")
    )
    path = source / "jixi" / mutant.file
    code = path.read_text("utf-8")
    path.write_text(code.replace(mutant.text, mutant.instead), "utf-8")
    return source


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """All of them in `make faults`, a few in `make test`."""
    if "mutant" in metafunc.fixturenames:
        found = mutants()
        chosen = (
            found if metafunc.config.getoption("--full", default=False) else found[:: len(found) // SAMPLE]
        )
        metafunc.parametrize("mutant", chosen, ids=[each.name for each in chosen])


@pytest.mark.timeout(300)
def test_a_seeded_bug_is_caught(mutant: Mutant, tmp_path: Path) -> None:
    source = _mutated(mutant, tmp_path)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-x",
            f"--basetemp={tmp_path / 'tests'}",
            *mutant.caught_by.split(),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == FAILED, f"not caught: {done.stdout[-2000:]}{done.stderr[-2000:]}"


@pytest.mark.parametrize("listed", mutants(), ids=lambda each: each.name)
def test_a_seeded_bug_has_its_place_in_the_code(listed: Mutant) -> None:
    code = (ROOT / "src/jixi" / listed.file).read_text("utf-8")
    assert code.count(listed.text) == 1, f"{listed.file} has {listed.text!r} {code.count(listed.text)} times"


def test_there_are_twenty_seeded_bugs_at_least() -> None:
    assert len(mutants()) >= 20
