"""How many live views are open: each holds a connection, so there is an end to them."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from jixi.core.errors import problem

_OF_TENANT: Final = 20
_OF_ALL: Final = 200


class Listeners:
    def __init__(self) -> None:
        self._open = Counter[str]()

    def check(self, tenant_id: str) -> None:
        """Raise `too_many_listeners` where the tenant, or all together, have as many open as they may."""
        if self._open[tenant_id] >= _OF_TENANT or self._open.total() >= _OF_ALL:
            raise problem("too_many_listeners", limit=min(_OF_TENANT, self._open.total()))

    @contextmanager
    def listening(self, tenant_id: str) -> Generator[None]:
        self._open[tenant_id] += 1
        try:
            yield
        finally:
            self._open[tenant_id] -= 1
            if not self._open[tenant_id]:
                del self._open[tenant_id]
