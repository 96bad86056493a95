"""The official JavaScript SDKs, unchanged, against real models: each case of the scripts in tests/js is a test."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.servers import Served, poor_key

FOLDER = Path(__file__).parent.parent / "js"
CASE = re.compile(r'^  async "(.+)"\(\) \{$', re.MULTILINE)
CASES = {
    script: CASE.findall((FOLDER / f"{script}.mjs").read_text("utf-8"))
    for script in ("conformance", "responses", "anthropic")
}


@pytest.fixture(scope="module")
def results(models: Served) -> dict[str, dict[str, Any]]:
    """What each case of each script came to, from one run of all of them."""
    poor = poor_key(models.admin, "JavaScript")
    return {script: ran(script, models.running.url, models.key, poor) for script in CASES}


def ran(script: str, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        ["node", str(FOLDER / f"{script}.mjs"), *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return {each["case"]: each for each in told}


@pytest.mark.parametrize(("script", "case"), [(script, case) for script in CASES for case in CASES[script]])
def test_the_javascript_sdks_work_unchanged(
    results: dict[str, dict[str, Any]], script: str, case: str
) -> None:
    assert results[script][case]["ok"], results[script][case]["reason"]


def test_every_case_of_the_scripts_was_found_and_ran(results: dict[str, dict[str, Any]]) -> None:
    assert {script: list(told) for script, told in results.items()} == CASES
