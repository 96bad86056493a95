"""`Served`: a deployment as it is told to other processes of this machine."""

from datetime import datetime

from msgspec import Struct

from jixi.core.principal import Scope
from jixi.models.deployments._spec import State
from jixi.models.engines import Profile


class Way(Struct, frozen=True):
    """The address of the engine of one replica, and what requests for each of its names say to it."""

    socket: str
    port: int | None = None
    key: str = ""
    host: str = ""
    asks: dict[str, dict[str, bytes]] = {}


class Served(Struct, frozen=True, kw_only=True):
    """What is needed to list it and to send it calls. `ways` are those to its replicas that take calls; `awaited`:
    there is none now, and calls wait for one rather than be refused.
    """

    name: str
    source: str
    context: int
    parallel: int
    state: State
    since: datetime
    profile: Profile
    retry_after: int | None
    awaited: bool = False
    ways: tuple[Way, ...] = ()

    @property
    def kinds(self) -> frozenset[Scope]:
        return self.profile.kinds
