"""The official JavaScript SDK, unchanged, against real models: each case of tests/js/conformance.mjs is a test."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.servers import Served, poor_key

SCRIPT = Path(__file__).parent.parent / "js" / "conformance.mjs"
CASES = re.findall(r'^  async "(.+)"\(\) \{$', SCRIPT.read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def results(models: Served) -> dict[str, dict[str, Any]]:
    """What each case came to, from one run of all of them."""
    done = subprocess.run(
        ["node", str(SCRIPT), f"{models.running.url}/v1", models.key, poor_key(models.admin, "JavaScript")],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return {each["case"]: each for each in told}


@pytest.mark.parametrize("case", CASES)
def test_the_javascript_sdk_works_unchanged(results: dict[str, dict[str, Any]], case: str) -> None:
    assert results[case]["ok"], results[case]["reason"]


def test_every_case_of_the_script_was_found_and_ran(results: dict[str, dict[str, Any]]) -> None:
    assert list(results) == CASES
