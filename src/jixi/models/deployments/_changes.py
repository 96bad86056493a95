"""How others are told that something has changed: `Pulse` for one thing, `Changes` for many with names."""

import asyncio
from collections.abc import AsyncGenerator, Iterable


class Pulse:
    """Wakes all who wait for its next beat."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def next(self) -> asyncio.Event:
        """The next beat; take it before you look at what it is about, and miss none."""
        return self._next

    def beat(self) -> None:
        self._next.set()
        self._next = asyncio.Event()


class Changes:
    """Each follower has a set of names that it was not told yet, so that one that is slow misses none."""

    def __init__(self) -> None:
        self._followers: list[_Follower] = []

    def note(self, name: str) -> None:
        for follower in self._followers:
            follower.names.add(name)
            follower.told.set()

    async def follow(self, names: Iterable[str]) -> AsyncGenerator[frozenset[str]]:
        """At first `names`, then those that were noted since the last time."""
        follower = _Follower()
        self._followers.append(follower)
        try:
            yield frozenset(names)
            while True:
                await follower.told.wait()
                follower.told.clear()
                changed, follower.names = frozenset(follower.names), set()
                yield changed
        finally:
            self._followers.remove(follower)


class _Follower:
    def __init__(self) -> None:
        self.names: set[str] = set()
        self.told = asyncio.Event()
