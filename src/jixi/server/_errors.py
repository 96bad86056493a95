"""Which problems an operation answers with, as its OpenAPI responses: one entry per status."""

from collections import defaultdict
from typing import Any, Final

from jixi.core.errors import PROBLEMS

PROBLEM_JSON: Final = "application/problem+json"
_SCHEMA: Final = {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}


def errors(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route for these codes of the catalogue."""
    texts = defaultdict[int | str, list[str]](list)
    for code in codes:
        texts[PROBLEMS[code].status].append(f"`{code}`: {PROBLEMS[code].en}")
    return {
        status: {"description": "\n\n".join(lines), "content": {PROBLEM_JSON: _SCHEMA}}
        for status, lines in texts.items()
    }
