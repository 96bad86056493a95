"""What the gateway needs of its neighbours, and the options it is made with."""

from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct

from jixi.core.principal import Scope
from jixi.models.engines import Profile


class Response(Protocol):
    """An answer whose headers are in; its body is in OpenAI's form, whatever the other side spoke.

    `EngineConnectionError` is what every way to the body raises where it was cut.
    """

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case."""
        ...

    @property
    def finished(self) -> bool:
        """Whether the body has arrived in full."""
        ...

    async def read(self) -> bytes:
        """The whole body."""
        ...

    def take(self) -> bytes:
        """What has arrived and was not taken yet, without waiting; empty where there is nothing."""
        ...

    def arrival(self) -> Awaitable[None]:
        """Wait until there is more to take, or until the body has ended."""
        ...

    def abort(self) -> None:
        """Tell the other side to stop. Does nothing once the body has arrived; may be repeated."""
        ...


class Client(Protocol):
    """The way to one engine, local or outside."""

    async def send(
        self, path: str, body: bytes = b"", *, request_id: str = "", content_type: str = "application/json"
    ) -> Response:
        """POST `body`; returns when the headers of the answer are in. Raises `EngineConnectionError`.

        Cancelling the call tells the other side to stop.
        """
        ...

    async def died(self) -> bool:
        """Whether the engine has ended although nobody wanted it to. Nobody knows that of outside models."""
        ...


class Spec(Protocol):
    """The part of a deployment's specification that admission needs."""

    @property
    def parallel(self) -> int: ...


class Replica(Protocol):
    """A running engine, or one way to an outside model. The same object for as long as it runs."""

    @property
    def spec(self) -> Spec: ...

    @property
    def quota(self) -> str | None:
        """Who limits it from outside: replicas with the same quota wait together where one is told to wait."""
        ...

    @property
    def drains(self) -> bool:
        """Whether it charges for whole answers, so that they are read to their end when their callers leave."""
        ...

    @property
    def profile(self) -> Profile: ...

    @property
    def asks(self) -> Mapping[str, Mapping[str, bytes]]:
        """What every request for a public name says beside its caller's words, where one engine serves several."""
        ...

    @property
    def client(self) -> Client: ...

    @property
    def context(self) -> int: ...

    def begin(self) -> None:
        """A call was given to the engine."""
        ...

    def end(self) -> None:
        """A call has left the engine."""
        ...

    def progress(self, tokens: int) -> None:
        """So many tokens have come out of the engine since the last word."""
        ...


class Listing(Protocol):
    """A model as a router lists it, ready or not. `source` is the engine or the provider that is behind it."""

    @property
    def name(self) -> str: ...

    @property
    def source(self) -> str: ...

    @property
    def kinds(self) -> frozenset[Scope]: ...

    @property
    def context(self) -> int: ...

    @property
    def state(self) -> str: ...

    @property
    def since(self) -> datetime: ...


class Router(Protocol):
    """Where calls for a model go. Several routers share one space of names."""

    @property
    def kind(self) -> Literal["deployment", "provider"]: ...

    def listings(self) -> Sequence[Listing]:
        """Every public name, ready or not."""
        ...

    def replicas(self, model: str) -> tuple[Replica, ...]:
        """Those that can take a call now, one at least, and the same tuple for as long as they stay, where that is no
        trouble. Raises `model_not_found` and `model_unavailable`.
        """
        ...

    def awaited(self, model: str) -> bool:
        """Whether calls should wait for it, by `wake`, rather than be refused: it sleeps, or is about to serve."""
        ...

    async def wake(self, model: str) -> bool:
        """Have it start, where it sleeps, and wait until calls have no reason to wait any more.

        False at once where there is nothing to wait for; else whether it serves.
        """
        ...


class Teller(Protocol):
    """Who tells an answer in a form of its caller's. It is heard before the charge: what cannot be told has failed.

    Both raise ValueError where they cannot.
    """

    def whole(self, body: bytes) -> object:
        """A whole answer."""
        ...

    def end(self, block: bytes) -> object:
        """The last block of a stream, of which all others have been read; it may be the only one."""
        ...


class Limits(Struct, frozen=True, kw_only=True):
    """How long and how many. `whole_s` bounds an answer that is no stream; `reader_s` a client that reads nothing.

    `waiting` calls may wait for one model; a call that asked for a model itself is tried again `retries` times.
    After `breaker` failures in a row a replica is left alone; 0 switches that off. `drains` answers at once are read to
    their end without their callers, each for `drain_s` seconds at most. A request of which engines have died is refused
    for `quarantine_s`. A call waits `wake_s` for a model that sleeps.
    """

    first_token_s: float = 120
    inter_token_s: float = 60
    whole_s: float = 600
    reader_s: float = 60
    waiting: int = 64
    retries: int = 2
    breaker: int = 5
    drains: int = 64
    drain_s: float = 30
    quarantine_s: float = 600
    wake_s: float = 120
