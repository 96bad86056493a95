"""The document that the console's types are made from, at each of its builds, is what the server says of itself."""

import json
from pathlib import Path

from jixi.server.app import openapi_document

KEPT = Path(__file__).parent.parent.parent / "console/openapi.json"


def test_the_console_knows_the_api_that_the_server_has() -> None:
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    assert kept == json.loads(json.dumps(openapi_document())), (
        "run: python -m jixi.server.openapi > console/openapi.json"
    )
