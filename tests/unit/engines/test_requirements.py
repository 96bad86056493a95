"""What engines say of packages: pinned, locked where there is a lock, and the same in the extras of the project."""

import re
import tomllib
from importlib import resources
from pathlib import Path

import pytest

from jixi.models.engines import engine_registry

_PROJECT = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
_PIN = re.compile(r"[a-z0-9-]+==[0-9][0-9.]*")


@pytest.mark.parametrize("name", sorted(engine_registry()))
def test_every_requirement_is_pinned(name: str) -> None:
    profile = engine_registry().get(name).profile
    assert all(_PIN.fullmatch(each) for each in profile.requirements)
    assert not profile.requirements or profile.imports


@pytest.mark.parametrize("name", ["whisper", "kokoro"])
def test_a_lock_holds_the_pins_and_a_hash_for_each_package(name: str) -> None:
    lock = (resources.files("jixi.models.environments") / "locks" / f"{name}.txt").read_text()
    packages = re.split(r"\n(?=\S)", lock.strip())
    assert all("--hash=sha256:" in package for package in packages)
    assert not re.search(r"https?://|--(extra-)?index-url|file:", lock)
    pinned = {package.split(" ")[0] for package in packages}
    assert set(engine_registry().get(name).profile.requirements) <= pinned


@pytest.mark.parametrize(("extra", "engines"), [("speech", ["whisper", "kokoro"]), ("image", ["diffusers"])])
def test_an_extra_is_what_its_engines_need(extra: str, engines: list[str]) -> None:
    needed = {each for name in engines for each in engine_registry().get(name).profile.requirements}
    assert needed == set(_PROJECT["optional-dependencies"][extra])
