"""What many operations take besides their body: the house, a page, a version to match, a key for retries."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Path, Query

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        pattern=r'^(\*|"[0-9]{1,15}"|[0-9]{1,15})$',
        description="The `version` that was read, in quotes; refused with 412 where it has changed since.",
        examples=['"3"'],
    ),
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,200}$",
        description="Makes a retry safe: the same key and body act once, and the retry gets the first answer.",
        examples=["5b7d9f1h3j"],
    ),
]
_ID = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,119}$"
Id = Annotated[str, Path(alias="id", pattern=_ID)]
NameInPath = Annotated[str, Path(pattern=_ID)]
OneTimeToken = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,200}$")]


@dataclass(frozen=True, kw_only=True, slots=True)
class PageRequest:
    cursor: str | None
    limit: int


def _page(
    cursor: Annotated[
        str | None,
        Query(pattern=r"^[A-Za-z0-9_.:-]{1,200}$", description="`next_cursor` of the page before."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> PageRequest:
    return PageRequest(cursor=cursor, limit=limit)


Page = Annotated[PageRequest, Depends(_page)]
