"""One model of a provider, as the gateway sees replicas and listings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from jixi.core.principal import Scope
from jixi.models.engines import Profile
from jixi.models.providers._client import ProviderClient
from jixi.models.providers._health import Health, State
from jixi.models.providers._records import Row
from jixi.models.providers._values import ProviderModel

_SOLD_APART: Final = frozenset(
    {"web_search_options", "enable_search", "search_options", "web_search", "plugins"}
)
"""Request fields that buy of a vendor what no price of tokens covers."""
_USUAL: Final = ("auto", "default", None)
"""A lane that is faster or cheaper than the usual one has prices that the price book does not know."""


@dataclass(frozen=True, slots=True)
class Spec:
    parallel: int


class ProviderReplica:
    """A way to an outside model. Replicas of one provider share its quota."""

    def __init__(self, model: ProviderModel, provider: Row, client: ProviderClient) -> None:
        self.spec = Spec(provider.max_parallel)
        self.quota: str | None = provider.id
        self.drains = provider.on_disconnect == "drain"
        self.profile = Profile(
            kinds=model.kinds,
            tools="native" if model.tools else "none",
            vision=model.vision,
            fetches=True,
            max_output=model.max_output,
            refused=_SOLD_APART,
            tiers=_USUAL,
        )
        self.asks: Mapping[str, Mapping[str, bytes]] = {}
        self.client = client
        self.in_flight = 0
        self.context = model.context

    def begin(self) -> None:
        self.in_flight += 1

    def end(self) -> None:
        self.in_flight -= 1

    def progress(self, tokens: int) -> None:
        """Nobody restarts an outside model that is silent; the gateway's clocks end the call."""


@dataclass(frozen=True, slots=True)
class OutsideModel:
    """A model as it is listed. `source` is the provider's name."""

    name: str
    source: str
    kinds: frozenset[Scope]
    context: int
    since: datetime
    health: Health

    @property
    def state(self) -> State:
        return self.health.state
