"""Who is next: tenants take turns, each with its own callers in order; batches come when nobody else waits."""

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class FairLine(Generic[T]):
    """A bounded line of `most` places. Among n tenants with somebody in it, each may fill an n-th of it.

    So a tenant that is alone may fill it all, and one that comes later still gets its share at once, even where the
    line is full: it then holds more than `most` until the others' callers have gone. `count` is how many it holds.
    """

    def __init__(self, most: int) -> None:
        self.count = 0
        self._most = most
        self._standard = _Turns[T]()
        self._batch = _Turns[T]()

    def waiting(self, tenant: str) -> int:
        return self._standard.waiting(tenant) + self._batch.waiting(tenant)

    def share(self, tenant: str) -> int:
        """How many of the tenant's callers may wait, seeing who else does."""
        tenants = self._standard.tenants() | self._batch.tenants() | {tenant}
        return max(1, self._most // len(tenants))

    def is_alone(self, tenant: str) -> bool:
        """Whether nobody else has callers in the line."""
        return self._standard.tenants() | self._batch.tenants() <= {tenant}

    def add(self, tenant: str, item: T, *, batch: bool = False) -> None:
        """Put `item` at the end of its tenant's callers. Whether there is room is for the caller to ask."""
        (self._batch if batch else self._standard).add(tenant, item)
        self.count += 1

    def pop(self, fits: Callable[[T], bool] = lambda _: True) -> T | None:
        """Take out who is next of those for whom `fits`; None where there is nobody."""
        found = self._standard.pop(fits)
        if found is None:
            found = self._batch.pop(fits)
        if found is not None:
            self.count -= 1
        return found

    def remove(self, tenant: str, item: T) -> bool:
        """Take out one who does not want to wait any more; False where it is not in the line."""
        removed = self._standard.remove(tenant, item) or self._batch.remove(tenant, item)
        self.count -= removed
        return removed


class _Turns(Generic[T]):
    """Callers by tenant; the tenant whose turn it was goes to the end."""

    def __init__(self) -> None:
        self._callers: OrderedDict[str, deque[T]] = OrderedDict()

    def tenants(self) -> set[str]:
        return set(self._callers)

    def waiting(self, tenant: str) -> int:
        return len(self._callers.get(tenant, ()))

    def add(self, tenant: str, item: T) -> None:
        self._callers.setdefault(tenant, deque()).append(item)

    def pop(self, fits: Callable[[T], bool]) -> T | None:
        for tenant, callers in self._callers.items():
            item = next((item for item in callers if fits(item)), None)
            if item is not None:
                self.remove(tenant, item)
                if callers:
                    self._callers.move_to_end(tenant)
                return item
        return None

    def remove(self, tenant: str, item: T) -> bool:
        callers = self._callers.get(tenant)
        if callers is None or item not in callers:
            return False
        callers.remove(item)
        if not callers:
            del self._callers[tenant]
        return True
