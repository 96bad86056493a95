"""The recipes of CONTRIBUTING, followed to the letter: the files are written, the commands are run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.house.pages import Page, page
from tests.house.tree import ROOT


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


def commands(recipe: Page, name: str) -> list[str]:
    """The lines of the block that is marked to be run under `name`."""
    return next(block.text for block in recipe.blocks() if block.mark == f"run: {name}").splitlines()


def run(command: list[str], **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | more, capture_output=True, text=True, check=False, timeout=110
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


def test_a_recipe_is_read_with_its_files_and_its_commands(tmp_path: Path) -> None:
    recipe = Page(
        name="x.md", text="<!-- file: a/b.py -->\n```python\nx = 1\n```\n\n<!-- run: c -->\n```sh\nls\n```\n"
    )
    assert [path.read_text("utf-8") for path in write_files(recipe, tmp_path)] == ["x = 1\n"]
    assert commands(recipe, "c") == ["ls"]
