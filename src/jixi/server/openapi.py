"""Writes the OpenAPI document of the admin API: `python -m jixi.server.openapi > console/openapi.json`."""

import json
import sys

from jixi.server.app import openapi_document


def main() -> None:
    json.dump(openapi_document(), sys.stdout, indent=1, ensure_ascii=False, sort_keys=True)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
