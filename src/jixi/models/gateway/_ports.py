"""What the gateway needs of its neighbours, and the options it is made with."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from jixi.core.principal import Scope
from jixi.models.engines import EngineClient, Profile


class Spec(Protocol):
    """The part of a deployment's specification that admission needs."""

    @property
    def parallel(self) -> int: ...


class Replica(Protocol):
    """A running engine, as a fleet hands it out."""

    @property
    def spec(self) -> Spec: ...

    @property
    def profile(self) -> Profile: ...

    @property
    def client(self) -> EngineClient: ...

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
    """A model as a fleet lists it, ready or not."""

    @property
    def name(self) -> str: ...

    @property
    def kinds(self) -> frozenset[Scope]: ...

    @property
    def context(self) -> int: ...

    @property
    def state(self) -> str: ...

    @property
    def since(self) -> datetime: ...


class Router(Protocol):
    """Where calls for a model go."""

    def models(self) -> Sequence[Listing]: ...

    def route(self, model: str) -> Replica:
        """Raises `model_not_found` and `model_unavailable`."""
        ...


class Limits(Struct, frozen=True, kw_only=True):
    """How long and how many. `whole_s` bounds an answer that is no stream; `reader_s` a client that reads nothing."""

    first_token_s: float = 120
    inter_token_s: float = 60
    whole_s: float = 600
    reader_s: float = 60
    waiting: int = 64
