"""The recipes of CONTRIBUTING, followed to the letter: the files are written, the commands are run."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.pages import Page, page
from tests.house.tree import ROOT, committed


def section(title: str) -> Page:
    """One section of CONTRIBUTING as a page."""
    text = page("CONTRIBUTING.md").text
    return Page(name="CONTRIBUTING.md", text=text.partition(f"\n## {title}\n")[2].partition("\n## ")[0])


def write_files(recipe: Page, folder: Path) -> list[Path]:
    """Write every block that is marked as a file; returns their paths."""
    written = list[Path]()
    for block in recipe.blocks():
        if block.mark.startswith("file: "):
            path = folder / block.mark.removeprefix("file: ")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
            written.append(path)
    return written


def add_lines(recipe: Page, folder: Path) -> int:
    """Insert every block that is marked as an addition before the one line that it names; returns how many."""
    added = 0
    for block in recipe.blocks():
        if block.mark.startswith("add to: "):
            name, _, anchor = block.mark.removeprefix("add to: ").partition(", before: ")
            lines = (folder / name).read_text("utf-8").splitlines(keepends=True)
            places = [at for at, line in enumerate(lines) if line.strip().startswith(anchor)]
            assert len(places) == 1, f"{anchor!r} stands {len(places)} times in {name}"
            lines.insert(places[0], block.text)
            (folder / name).write_text("".join(lines), encoding="utf-8")
            added += 1
    return added


def commands(recipe: Page, name: str) -> list[str]:
    """The lines of the block that is marked to be run under `name`."""
    return next(block.text for block in recipe.blocks() if block.mark == f"run: {name}").splitlines()


def run(command: list[str], folder: Path = ROOT, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=os.environ | more, capture_output=True, text=True, check=False, timeout=110
    )


@pytest.fixture
def echo(tmp_path: Path) -> Path:
    """The folder in which the recipe's engine is installed; not our own environment, which stays as it is."""
    assert len(write_files(section("Add an engine"), tmp_path)) == 3
    target = tmp_path / "installed"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
    ]
    installed = run([*pip, "--target", str(target), str(tmp_path / "jixi-echo")])
    assert installed.returncode == 0, installed.stderr
    return target


def test_the_engine_of_the_recipe_keeps_the_contract_of_engines(echo: Path) -> None:
    install, suite = commands(section("Add an engine"), "engine")
    assert install == "pip install --no-deps --editable jixi-echo"
    python, *rest = suite.split()
    assert python == "python"
    tested = run([sys.executable, *rest, "-q"], PYTHONPATH=str(echo))
    assert tested.returncode == 0, tested.stdout[-4000:]
    assert int(re.findall(r"(\d+) passed", tested.stdout)[0]) >= 10


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the tree, as far as the recipe for a route touches it."""
    for name in committed():
        if name.startswith(("src/", "tests/", "scripts/", "docs/")) or name in (
            "pyproject.toml",
            "console/openapi.json",
        ):
            target = tmp_path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target)
    return tmp_path


def test_the_route_of_the_recipe_answers_and_stands_in_every_reference(copy: Path) -> None:
    recipe = section("Add a route")
    assert len(write_files(recipe, copy)) == 3
    assert add_lines(recipe, copy) == 5
    suites, document, reference = (line.removeprefix("python ") for line in commands(recipe, "route"))
    tested = run([sys.executable, *suites.split(), "-q"], copy, PYTHONPATH=str(copy / "src"))
    assert tested.returncode == 0, tested.stdout[-4000:]
    module, _, target = document.partition(" > ")
    written = run([sys.executable, *module.split()], copy, PYTHONPATH=str(copy / "src"))
    assert target == "console/openapi.json"
    assert "/api/roles" in json.loads(written.stdout)["paths"]
    filled = run([sys.executable, *reference.split()], copy, PYTHONPATH=str(copy / "src"))
    assert filled.returncode == 0, filled.stderr
    assert "| `GET /api/roles` | 列出各角色及其权限。 |" in (
        copy / "docs/reference/admin-api.zh.md"
    ).read_text("utf-8")


def test_a_recipe_is_read_with_its_files_and_its_commands(tmp_path: Path) -> None:
    recipe = Page(
        name="x.md", text="<!-- file: a/b.py -->\n```python\nx = 1\n```\n\n<!-- run: c -->\n```sh\nls\n```\n"
    )
    assert [path.read_text("utf-8") for path in write_files(recipe, tmp_path)] == ["x = 1\n"]
    assert commands(recipe, "c") == ["ls"]
