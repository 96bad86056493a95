"""What a house and its gateway processes tell each other."""

from typing import Any

from msgspec import Struct

from jixi.models.deployments import Served, Work
from jixi.models.gateway import RouteNow
from jixi.telemetry import Tally


class Begin(Struct, frozen=True, tag=True):
    """The house's first word. `socket` is where it answers what is not for a gateway process.

    `writer` is where the ledger's process of the house takes operations; None where each writes by itself.
    """

    version: str
    settings: dict[str, Any]
    socket: str
    writer: str | None


class Table(Struct, frozen=True, tag=True):
    """The deployments as they are now; `prices` changes whenever a price does."""

    served: list[Served]
    prices: int


class End(Struct, frozen=True, tag=True):
    """Finish what runs and end; said again, end at once."""


class Ask(Struct, frozen=True, tag=True):
    """Tell your metrics."""


class Serving(Struct, frozen=True, tag=True):
    """The process takes connections."""

    version: str


class Report(Struct, frozen=True, tag=True):
    """What the process has had to do with each engine since the last report; each tenant's calls on their way; how
    replicas fare.
    """

    work: list[Work] = []
    running: dict[str, int] = {}
    routes: list[RouteNow] = []


class Ended(Struct, frozen=True, tag=True):
    """What the calls came to that have just ended, by tenant: as much as the live view shows of them, and no more, for
    this is told of every call.
    """

    tallies: dict[str, Tally]


class Wake(Struct, frozen=True, tag=True):
    """A call has come for a model that sleeps."""

    model: str


class Metrics(Struct, frozen=True, tag=True):
    """The metrics of the process, in Prometheus' form."""

    text: bytes


ToGateway = Begin | Table | End | Ask
ToHouse = Serving | Report | Ended | Wake | Metrics
