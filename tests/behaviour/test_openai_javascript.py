"""The official JavaScript SDK, unchanged, against real models: the cases stand in tests/js/conformance.mjs."""

import json
import subprocess
from pathlib import Path

from tests.behaviour.servers import Served

CASES = Path(__file__).parent.parent / "js" / "conformance.mjs"
FEWEST = 18


def test_the_javascript_sdk_works_unchanged(models: Served) -> None:
    done = subprocess.run(
        ["node", str(CASES), f"{models.running.url}/v1", models.key],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [result for result in results if not result["ok"]] == [], done.stderr
    assert len(results) >= FEWEST, done.stderr
