"""Cursors of lists in the order of time: where the page before ended."""

from datetime import UTC, datetime

from jixi.core.errors import problem


def cursor_of(at: datetime, request_id: str) -> str:
    return f"{at:%Y%m%dT%H%M%S.%fZ}:{request_id}"


def position_of(cursor: str | None) -> tuple[datetime, str] | None:
    """The time and the id in a cursor; raises `invalid_value` for one that was not made here."""
    if cursor is None:
        return None
    time, _, request_id = cursor.partition(":")
    try:
        return datetime.strptime(time, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC), request_id
    except ValueError as error:
        raise problem("invalid_value", param="cursor", reason="this cursor was not made here") from error
