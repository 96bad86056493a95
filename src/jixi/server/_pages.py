"""Pages of lists that are ordered by id."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from jixi.server._inputs import PageRequest


class _Named(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=_Named)


async def page_of(
    page: PageRequest, fetch: Callable[[int, str | None], Awaitable[list[T]]]
) -> tuple[list[T], str | None]:
    """The page asked for and the cursor of the next; one row more than asked for tells whether there is one."""
    rows = await fetch(page.limit + 1, page.cursor)
    items = rows[: page.limit]
    return items, items[-1].id if len(rows) > page.limit else None
