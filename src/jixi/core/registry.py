"""A typed registry for extension points: built-ins and third parties register in the same way."""

from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from jixi.core.errors import problem

T = TypeVar("T")


class Registry(Generic[T]):
    """Names to factories, read from the entry-point group `jixi.<kind>`; a factory runs when its name is asked for."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._factories: dict[str, Callable[[], T]] = {}

    def register(self, name: str, factory: Callable[[], T]) -> None:
        """Add `name`; raises ValueError where it is taken, so that nothing is replaced unseen."""
        if name in self._factories:
            raise ValueError(f"{self._kind} {name!r} is registered twice")
        self._factories[name] = factory

    def discover(self) -> None:
        """Register every entry point of the group `jixi.<kind>`."""
        for entry in entry_points(group=f"jixi.{self._kind}"):
            self.register(entry.name, entry.load())

    def get(self, name: str) -> T:
        """Build the implementation called `name`; raises `unknown_extension`."""
        if name not in self._factories:
            raise problem("unknown_extension", kind=self._kind, name=name, known=", ".join(sorted(self)))
        return self._factories[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._factories)
