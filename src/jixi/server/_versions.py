"""Versions as entity tags: what was read, and whether it is still so."""

from fastapi import Response


def wanted_version(if_match: str | None) -> int | None:
    """The version that If-Match names; None where any will do."""
    return None if if_match in (None, "*") else int(if_match.strip('"'))


def tag(response: Response, version: int) -> None:
    """Send `version` as the answer's ETag."""
    response.headers["ETag"] = f'"{version}"'
