"""The document that the console's types are made from is what the server says of itself."""

import json
import subprocess
from pathlib import Path

from jixi.server import openapi_document

ROOT = Path(__file__).parent.parent.parent
CONSOLE = ROOT / "console"
RENEW = "run: python -m jixi.server.openapi > console/openapi.json && cd console && npm run api"


def test_the_console_knows_the_api_that_the_server_has() -> None:
    kept = json.loads((CONSOLE / "openapi.json").read_text(encoding="utf-8"))
    assert kept == json.loads(json.dumps(openapi_document())), RENEW


def test_the_types_of_the_console_are_made_from_it(tmp_path: Path) -> None:
    made = tmp_path / "schema.d.ts"
    command = ["npx", "--no-install", "openapi-typescript", "openapi.json", "-o", str(made)]
    subprocess.run(command, cwd=CONSOLE, check=True, capture_output=True, timeout=60)
    assert (CONSOLE / "src/api/schema.d.ts").read_text() == made.read_text(), RENEW
