"""What the admin API's types share: strict requests, complete responses, and the words for values."""

import re
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

# A thousand million units, well inside the integers that JavaScript holds exactly.
MAX_MICROS: Final = 1_000_000_000_000_000
MAX_COUNT: Final = 1_000_000_000_000
_INSTANT: Final = (
    r"^2[01][0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]"
    r"(\.[0-9]{1,6})?(Z|[+-][01][0-9]:[0-5][0-9])$"
)
# Something to read and no control characters: those break terminals, CSV and PostgreSQL's text.
_PLAIN: Final = r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029]"
_LINE: Final = rf"^{_PLAIN}*[^\s\u0000-\u001f\u007f-\u009f\u2028\u2029]{_PLAIN}*$"
_EMAIL: Final = r"^[!-?A-~]+@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$"
_MODEL: Final = r"^[A-Za-z0-9][A-Za-z0-9._:-]*$"


class Request(BaseModel):
    """A body that a caller sends: unknown fields are refused, and "1" is not 1."""

    model_config = ConfigDict(extra="forbid")


class Response(BaseModel):
    """A body that the server sends: every field is always there, null where it has no value."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class Listing(Response):
    """A page of a list: `next_cursor` fetches the next page, null ends the list."""

    next_cursor: str | None


def _instant(value: object) -> object:
    if isinstance(value, datetime) or (isinstance(value, str) and re.fullmatch(_INSTANT, value)):
        return value
    raise ValueError("should be a time with its zone as in RFC 3339, such as 2026-11-23T12:00:00Z")


def whole(value: object) -> object:
    """5.0 is an integer to JSON Schema, and some programs write it so."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _strip(value: str) -> str:
    return value.strip()


Locale = Literal["en", "zh"]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["CNY"])]
Name = Annotated[
    str, StringConstraints(strict=True, min_length=1, max_length=120, pattern=_LINE), AfterValidator(_strip)
]
Email = Annotated[str, StringConstraints(strict=True, min_length=3, max_length=254, pattern=_EMAIL)]
NewPassword = Annotated[
    str,
    StringConstraints(strict=True, min_length=10, max_length=256),
    Field(json_schema_extra={"format": "password"}),
]
Password = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=256),
    Field(json_schema_extra={"format": "password"}),
]
ModelName = Annotated[str, StringConstraints(strict=True, max_length=120, pattern=_MODEL)]
Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": _INSTANT}),
]
Micros = Annotated[int, Field(strict=True, ge=0, le=MAX_MICROS), BeforeValidator(whole)]
Percent = Annotated[int, Field(strict=True, ge=0, le=100), BeforeValidator(whole)]
Count = Annotated[int, Field(strict=True, ge=1, le=MAX_COUNT), BeforeValidator(whole)]
